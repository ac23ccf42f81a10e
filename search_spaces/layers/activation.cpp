#include "search_spaces/layers/activation.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "support/config.h"
#include "support/error.h"

namespace tessera::search_spaces {
namespace {

constexpr std::array<std::pair<std::string_view, Activation>, 7> activation_names{{
    {"none", Activation::none},
    {"relu", Activation::relu},
    {"relu6", Activation::relu6},
    {"swish", Activation::swish},
    {"hswish", Activation::hswish},
    {"sigmoid", Activation::sigmoid},
    {"hsigmoid", Activation::hsigmoid},
}};

} // namespace

Activation activation(std::string_view name) {
    std::vector<std::string> known;
    for (const auto& [spelling, value] : activation_names) {
        if (spelling == name) {
            return value;
        }
        known.emplace_back(spelling);
    }
    const std::string near = support::nearest(name, known);
    throw support::UsageError(fmt::format("unknown activation '{}'{}", name,
                                          near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

torch::Tensor activate(Activation activation, torch::Tensor fresh) {
    switch (activation) {
    case Activation::none:
        return fresh;
    case Activation::relu:
        return fresh.relu_();
    case Activation::relu6:
        return torch::hardtanh_(fresh, 0, 6);
    case Activation::swish:
        return torch::silu(fresh);
    case Activation::hswish:
        return torch::hardswish(fresh);
    case Activation::sigmoid:
        return torch::sigmoid(fresh);
    case Activation::hsigmoid:
        return torch::hardsigmoid(fresh);
    }
    TORCH_INTERNAL_ASSERT(false, "every activation is handled above");
}

} // namespace tessera::search_spaces
