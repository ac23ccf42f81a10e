#include "training/moving_average.h"

#include <algorithm>

#include "training/state.h"

namespace tessera::training {

MovingAverage::MovingAverage(torch::nn::Module& module, double decay) : decay_(decay) {
    if (decay == 0) {
        return;
    }
    const auto add = [&](const std::string& name, const torch::Tensor& tensor) {
        if (!tensor.defined() || !tensor.is_floating_point()) {
            return;
        }
        names_.push_back(name);
        live_.push_back(tensor.detach());
        average_.push_back(tensor.detach().clone());
    };
    for (const auto& item : module.named_parameters()) {
        add(item.key(), item.value());
    }
    for (const auto& item : module.named_buffers()) {
        add(item.key(), item.value());
    }
}

void MovingAverage::update(std::int64_t step) {
    if (live_.empty()) {
        return;
    }
    const torch::NoGradGuard no_grad;
    const auto t = static_cast<double>(step);
    const double decay = std::min(decay_, (1 + t) / (10 + t));
    at::_foreach_lerp_(average_, live_, 1 - decay);
}

void MovingAverage::swap() {
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < live_.size(); ++i) {
        const torch::Tensor live = live_[i].clone();
        live_[i].copy_(average_[i]);
        average_[i].copy_(live);
    }
}

TensorMap MovingAverage::state() const {
    TensorMap result;
    for (std::size_t i = 0; i < names_.size(); ++i) {
        result.emplace(names_[i], average_[i].cpu());
    }
    return result;
}

void MovingAverage::load(const TensorMap& state, const std::string& source) {
    TensorMap target;
    for (std::size_t i = 0; i < names_.size(); ++i) {
        target.emplace(names_[i], average_[i]);
    }
    copy_state(target, state, source, "the moving average");
}

} // namespace tessera::training
