// A module's parameters and buffers as named tensors.
#pragma once

#include <string>

#include <torch/torch.h>

#include "training/safetensors.h"

namespace tessera::training {

/// The module's own parameters and buffers by their dotted names, not copies: for writing them at once.
TensorMap tensors_of(const torch::nn::Module& module);
/// Detached copies on the CPU of all parameters and buffers, by their dotted names.
TensorMap state_of(const torch::nn::Module& module);

/// Copies into the module. Names, shapes and dtypes must agree exactly; nothing is copied otherwise. Throws
/// RunError naming `source`, how many names are missing, unexpected or of another shape, and the first of
/// them.
void load_state(torch::nn::Module& module, const TensorMap& state, const std::string& source);

/// What load_state() does, for any named tensors: `target` is overwritten in place, on whatever device it
/// lives; `owner` ends the sentence "its tensors do not fit ...".
void copy_state(const TensorMap& target, const TensorMap& state, const std::string& source,
                const std::string& owner);

/// The tensors whose names begin with `prefix`, without it; and the other way round.
TensorMap with_prefix_removed(const TensorMap& tensors, const std::string& prefix);
void add_with_prefix(TensorMap& into, const TensorMap& tensors, const std::string& prefix);

/// True when every floating-point value is finite.
bool all_finite(const TensorMap& tensors);

} // namespace tessera::training
