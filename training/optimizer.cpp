// The arithmetic is LibTorch's fused kernels (at::_fused_sgd_ and its siblings): one call for all parameters,
// 3 us for twelve small tensors where separate operations take 40 to 110, and the same bits for any number of
// threads.
#include "training/optimizer.h"

#include <stdexcept>

#include <fmt/format.h>

namespace tessera::training {
namespace {

const support::EnumNames<OptimizerKind> kinds{
    {"sgd", OptimizerKind::sgd}, {"adam", OptimizerKind::adam}, {"adamw", OptimizerKind::adamw}};

/// Tensors of one call: they share the weight decay.
struct Group {
    std::vector<torch::Tensor> parameters, gradients, first, second;
};

/// The fused kernels walk through memory and ignore strides: a gradient whose values lie in another order
/// than its parameter's is brought into that order. Strides of sides of size 1 mean nothing.
torch::Tensor in_order_of(const torch::Tensor& parameter, const torch::Tensor& gradient) {
    for (std::int64_t i = 0; i < parameter.dim(); ++i) {
        if (parameter.size(i) != 1 && parameter.stride(i) != gradient.stride(i)) {
            return torch::empty_like(parameter).copy_(gradient);
        }
    }
    return gradient;
}

/// Scales all gradients so that the norm of the whole, or of each, is at most `clip`; returns that of the
/// whole before.
double clip_gradients(std::vector<torch::Tensor>& gradients, double clip, bool each) {
    const torch::Tensor norms = torch::stack(at::_foreach_norm(gradients, 2.0));
    const double norm = torch::linalg_vector_norm(norms).item<double>();
    if (each) {
        const torch::Tensor factors = (clip / norms).clamp_max(1); // a NaN stays one
        at::_foreach_mul_(gradients, factors.unbind());
    } else if (norm > clip) {
        at::_foreach_mul_(gradients, clip / norm);
    }
    return norm;
}

void update(Group& group, const OptimizerOptions& options, double learning_rate, double decay,
            std::int64_t step) {
    if (group.parameters.empty()) {
        return;
    }
    constexpr bool maximize = false, amsgrad = false;
    if (options.kind == OptimizerKind::sgd) {
        // "First step" would set the moments to the gradient; from moments of 0 the ordinary step does the
        // same. Without momentum the kernel wants no moments.
        const bool moving = options.momentum > 0;
        at::_fused_sgd_(group.parameters, group.gradients,
                        moving ? at::TensorList(group.first) : at::TensorList(), decay, options.momentum,
                        learning_rate, /*dampening=*/0, /*nesterov=*/moving, maximize,
                        /*is_first_step=*/false);
        return;
    }
    const std::vector<torch::Tensor> steps(
        group.parameters.size(),
        torch::full({}, static_cast<double>(step), group.parameters.front().options().dtype(torch::kFloat)));
    if (options.kind == OptimizerKind::adam) {
        at::_fused_adam_(group.parameters, group.gradients, group.first, group.second, {}, steps,
                         learning_rate, options.beta1, options.beta2, decay, options.epsilon, amsgrad,
                         maximize);
    } else {
        at::_fused_adamw_(group.parameters, group.gradients, group.first, group.second, {}, steps,
                          learning_rate, options.beta1, options.beta2, decay, options.epsilon, amsgrad,
                          maximize);
    }
}

} // namespace

void OptimizerOptions::read(support::Section& section) {
    section.read("optimizer", kind, kinds, "How weights follow the gradient; sgd uses Nesterov momentum.");
    section.read("learning_rate", learning_rate, {0, 100, true}, "Learning rate at the top of the schedule.");
    section.read("momentum", momentum, {0, 0.9999}, "Momentum of sgd; adam and adamw do not use it.");
    section.read("weight_decay", weight_decay, {0, 10},
                 "Pull of weights towards 0; adamw multiplies it by the learning rate.");
    section.read("decay_all", decay_all, "It pulls biases, BatchNorm and single numbers too.");
    section.read("clip", clip, {0, 1e9}, "Largest norm of the whole gradient; 0: not limited.");
    section.read("clip_each", clip_each, "It limits the gradient of each parameter tensor instead.");
}

Optimizer::Optimizer(std::vector<std::pair<std::string, torch::Tensor>> parameters, OptimizerOptions options)
    : options_(std::move(options)) {
    const torch::NoGradGuard no_grad;
    for (auto& [name, parameter] : parameters) {
        if (!parameter.is_non_overlapping_and_dense()) {
            throw std::logic_error(fmt::format("optimizer: parameter '{}' is a view with gaps", name));
        }
        names_.push_back(name);
        first_.push_back(torch::zeros_like(parameter));
        if (options_.kind != OptimizerKind::sgd) {
            second_.push_back(torch::zeros_like(parameter));
        }
        parameters_.push_back(std::move(parameter));
    }
}

void Optimizer::zero_grad() {
    // Dropping a gradient is cheaper than filling it with zeros: the backward pass then hands over its
    // buffer.
    for (torch::Tensor& parameter : parameters_) {
        parameter.mutable_grad().reset();
    }
}

double Optimizer::step(double learning_rate) {
    const torch::NoGradGuard no_grad;
    std::vector<std::size_t> present;
    std::vector<torch::Tensor> gradients;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        if (!parameters_[i].grad().defined()) {
            continue;
        }
        present.push_back(i);
        gradients.push_back(in_order_of(parameters_[i], parameters_[i].grad()));
    }
    if (present.empty()) {
        return 0;
    }
    const double norm = options_.clip > 0 ? clip_gradients(gradients, options_.clip, options_.clip_each) : 0;

    Group plain, decayed;
    for (std::size_t k = 0; k < present.size(); ++k) {
        const std::size_t i = present[k];
        Group& group = options_.decay_all || parameters_[i].dim() > 1 ? decayed : plain;
        group.parameters.push_back(parameters_[i]);
        group.gradients.push_back(gradients[k]);
        group.first.push_back(first_[i]);
        if (options_.kind != OptimizerKind::sgd) {
            group.second.push_back(second_[i]);
        }
    }
    ++steps_;
    update(plain, options_, learning_rate, 0, steps_);
    update(decayed, options_, learning_rate, options_.weight_decay, steps_);
    return norm;
}

} // namespace tessera::training
