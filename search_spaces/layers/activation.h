// Activations by name, as configurations spell them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <torch/torch.h>

namespace tessera::search_spaces {

enum class Activation { none, relu, relu6, swish, hswish, sigmoid, hsigmoid };

/// Throws UsageError with the nearest spelling for an unknown name.
Activation activation(std::string_view name);

/// Applied to a tensor that nothing else will read: in place where the backward pass needs only the output
/// (relu, relu6), else into a new tensor (swish and hswish need their input).
torch::Tensor activate(Activation activation, torch::Tensor fresh);

} // namespace tessera::search_spaces
