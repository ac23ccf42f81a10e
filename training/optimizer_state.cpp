// Storing and restoring an optimiser.
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

} // namespace tessera::training
