#include <cmath>

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "search_spaces/block_module.h"
#include "search_spaces/layers/dropout.h"

namespace tessera::search_spaces {
namespace {

at::Generator generator_for(std::uint64_t seed, std::string_view use, const std::string& name) {
    return at::make_generator<at::CPUGeneratorImpl>(support::derive_seed(seed, {use, name}));
}

/// Kaiming's standard deviation for ReLU networks: fan out for convolutions (a group sees only its share of
/// the output channels), fan in for linear layers.
double deviation(const torch::nn::Module& module, const torch::Tensor& weight) {
    if (const auto* conv = module.as<torch::nn::Conv2dImpl>()) {
        const auto fan =
            static_cast<double>(weight.size(0) / conv->options.groups() * weight.size(2) * weight.size(3));
        return std::sqrt(2 / fan);
    }
    if (weight.dim() == 2) {
        return std::sqrt(2 / static_cast<double>(weight.size(1)));
    }
    return std::sqrt(2 / static_cast<double>(weight.size(0) * weight[0][0].numel()));
}

void refill_parameter(const torch::nn::Module& module, const std::string& own, const std::string& name,
                      torch::Tensor& parameter, std::uint64_t seed) {
    if (own == "bias") {
        parameter.zero_();
    } else if (own == "weight" && parameter.dim() == 1) { // a normalisation's scale
        parameter.fill_(1);
    } else if (own == "weight" && parameter.dim() >= 2) {
        // Drawn into a contiguous CPU tensor: the order of the draws must not follow the memory format or the
        // device.
        const torch::Tensor values = torch::empty(parameter.sizes(), torch::kFloat32);
        values.normal_(0, deviation(module, parameter), generator_for(seed, "parameter", name));
        parameter.copy_(values);
    } else {
        throw std::logic_error(
            fmt::format("parameter '{}' has no rule for its first values: its module has to be "
                        "SelfInitialising",
                        name));
    }
}

} // namespace

void initialise(torch::nn::Module& module, std::uint64_t seed) {
    const torch::NoGradGuard no_grad;
    const auto refill = [&](torch::nn::Module& one, const std::string& path) {
        const std::string prefix = path.empty() ? "" : path + ".";
        if (auto* self = dynamic_cast<SelfInitialising*>(&one)) {
            self->initialise_own(generator_for(seed, "module", path));
        } else {
            for (auto& item : one.named_parameters(/*recurse=*/false)) {
                refill_parameter(one, item.key(), prefix + item.key(), item.value(), seed);
            }
        }
        for (auto& item : one.named_buffers(/*recurse=*/false)) {
            if (item.key() == "running_mean" || item.key() == "num_batches_tracked") {
                item.value().zero_();
            }
            if (item.key() == "running_var") {
                item.value().fill_(1);
            }
        }
    };
    refill(module, "");
    for (const auto& item : module.named_modules("", /*include_self=*/false)) {
        refill(*item.value(), item.key());
    }
    reseed_dropout(module, seed);
}

void reseed_dropout(torch::nn::Module& module, std::uint64_t seed) {
    const auto reseed = [&](torch::nn::Module& one, const std::string& path) {
        if (auto* dropout = one.as<SeededDropoutImpl>()) {
            dropout->reseed(support::derive_seed(seed, {"dropout", path}));
        }
    };
    reseed(module, "");
    for (const auto& item : module.named_modules("", /*include_self=*/false)) {
        reseed(*item.value(), item.key());
    }
}

} // namespace tessera::search_spaces
