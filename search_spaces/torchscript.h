// Deployed form of a module: traced TorchScript in evaluation mode, BatchNorm folded, frozen.
#pragma once

#include <torch/script.h>
#include <torch/torch.h>

namespace tessera::search_spaces {

/// Traces `module` (one tensor in, one tensor out) in evaluation mode without gradients on `example`. The
/// module's own mode is restored. The batch size stays free; height and width are fixed to the example's.
/// Throws RunError when tracing fails.
torch::jit::Module trace(torch::nn::Module& module,
                         const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                         const torch::Tensor& example);
/// trace(), then frozen with BatchNorm folded into the convolutions: the form that is exported and measured.
torch::jit::Module deploy(torch::nn::Module& module,
                          const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                          const torch::Tensor& example);

} // namespace tessera::search_spaces
