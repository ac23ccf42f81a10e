// How tensors lie in memory and which precision convolutions use.
#pragma once

#include <torch/torch.h>

namespace tessera::training {

/// Brings four-dimensional parameters into channels-last order, in place: convolutions are 1.5 times faster
/// in it on CPUs, more on GPUs. Call it before an optimiser is made of the parameters.
void to_channels_last(torch::nn::Module& module);

/// While it lives and is on, CUDA forward passes of this thread compute in bfloat16 where LibTorch knows that
/// to be safe.
class Autocast {
public:
    explicit Autocast(bool on);
    ~Autocast();
    Autocast(const Autocast&) = delete;
    Autocast& operator=(const Autocast&) = delete;

private:
    bool on_;
};

} // namespace tessera::training
