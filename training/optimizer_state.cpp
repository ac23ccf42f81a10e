// Storing and restoring an optimiser, and the learning rate's schedule.
#include <cmath>
#include <numbers>

#include "training/optimizer.h"
#include "training/state.h"

namespace tessera::training {
namespace {

constexpr const char *first_prefix = "first.", *second_prefix = "second.", *steps_name = "steps";

} // namespace

TensorMap Optimizer::tensors() const {
    TensorMap result{{steps_name, torch::scalar_tensor(steps_, torch::kInt64)}};
    for (std::size_t i = 0; i < names_.size(); ++i) {
        result.emplace(first_prefix + names_[i], first_[i]);
        if (!second_.empty()) {
            result.emplace(second_prefix + names_[i], second_[i]);
        }
    }
    return result;
}

TensorMap Optimizer::state() const {
    TensorMap result = tensors();
    for (auto& [name, moment] : result) {
        moment = moment.to(torch::kCPU, moment.scalar_type(), false, /*copy=*/true,
                           torch::MemoryFormat::Contiguous);
    }
    return result;
}

void Optimizer::load(const TensorMap& state, const std::string& source) {
    torch::Tensor steps = torch::zeros({}, torch::kInt64);
    TensorMap target = tensors();
    target[steps_name] = steps;
    copy_state(target, state, source, "the optimiser");
    steps_ = steps.item<std::int64_t>();
}

double cosine_factor(std::int64_t step, std::int64_t total, std::int64_t warmup) {
    if (step >= total) {
        return 0;
    }
    if (step < warmup) {
        return static_cast<double>(step + 1) / static_cast<double>(warmup + 1);
    }
    const double share = static_cast<double>(step - warmup) / static_cast<double>(total - warmup);
    return 0.5 * (1 + std::cos(std::numbers::pi * share));
}

} // namespace tessera::training
