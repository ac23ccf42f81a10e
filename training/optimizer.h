// SGD with Nesterov momentum, Adam and AdamW with explicit state tensors: LibTorch's own optimisers can only
// be stored as pickles, and thousands of small students need no more than this.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "support/config.h"
#include "training/safetensors.h"

namespace tessera::training {

enum class OptimizerKind { sgd, adam, adamw };

struct OptimizerOptions {
    OptimizerKind kind = OptimizerKind::sgd;
    double learning_rate = 0.1;                        ///< at the top of the schedule
    double momentum = 0.9;                             ///< sgd: Nesterov
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8; ///< adam, adamw
    double weight_decay = 5e-4;                        ///< sgd, adam: added to the gradient; adamw: decoupled
    bool decay_all = false; ///< of biases, BatchNorm and other one-dimensional parameters too
    double clip = 0;        ///< largest norm of the whole gradient; 0: none
    bool clip_each = false; ///< of each parameter's gradient instead

    /// Declares optimizer, learning_rate, momentum, weight_decay, decay_all, clip, clip_each in the given
    /// section; defaults are the object's own.
    void read(support::Section& section);
};

class Optimizer {
public:
    /// Parameters by name; the name tells biases and BatchNorm (one-dimensional parameters) from weights.
    Optimizer(std::vector<std::pair<std::string, torch::Tensor>> parameters, OptimizerOptions options);

    void zero_grad();
    /// One step with this learning rate on the gradients present; returns the whole gradient's norm before
    /// clipping where clipping is on, else 0.
    double step(double learning_rate);

    /// Moments and the step count, by parameter name: copies on the CPU, or the moments themselves (for
    /// writing them before the next step).
    TensorMap state() const;
    TensorMap tensors() const;
    void load(const TensorMap& state, const std::string& source);

private:
    std::vector<std::string> names_;
    std::vector<torch::Tensor> parameters_, first_, second_;
    OptimizerOptions options_;
    std::int64_t steps_ = 0;
};

} // namespace tessera::training
