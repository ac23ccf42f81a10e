// Exponential moving average of a network's weights.
#pragma once

#include <string>
#include <vector>

#include <torch/torch.h>

#include "training/safetensors.h"

namespace tessera::training {

/// Averages parameters and floating-point buffers alike: BatchNorm's running statistics lag behind as the
/// weights do, so that both belong to the same network. Counters are taken from the live network. In step t
/// the decay is at most (1 + t) / (10 + t), so that the random first weights are forgotten in short trainings
/// too.
class MovingAverage {
public:
    /// Of the module's present tensors, which must outlive this object; decay 0 makes an empty average that
    /// does nothing.
    MovingAverage(torch::nn::Module& module, double decay);

    /// After an optimiser step; `step` counts all steps from 0.
    void update(std::int64_t step);
    /// Exchanges the live and the averaged values.
    void swap();

    TensorMap state() const;
    void load(const TensorMap& state, const std::string& source);

private:
    std::vector<std::string> names_;
    std::vector<torch::Tensor> live_, average_;
    double decay_;
};

/// The network holds its averages while this object lives.
class AveragedWeights {
public:
    explicit AveragedWeights(MovingAverage& average) : average_(average) { average_.swap(); }
    ~AveragedWeights() { average_.swap(); }
    AveragedWeights(const AveragedWeights&) = delete;
    AveragedWeights& operator=(const AveragedWeights&) = delete;

private:
    MovingAverage& average_;
};

} // namespace tessera::training
