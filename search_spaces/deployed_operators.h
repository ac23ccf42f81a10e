// The operators of deployed networks, and what expresses each in ONNX.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <torch/script.h>

namespace tessera::search_spaces {

struct DeployedOperator {
    std::string_view name; ///< as TorchScript calls it, "aten::relu"
    std::string_view onnx; ///< operators of opset 17, in the order of their use; "" for what leaves no node
};

/// All that blocks, stems and heads may emit: every family keeps to it, so that whoever exports a network
/// knows what to expect. Sorted by name.
std::span<const DeployedOperator> deployed_operators();

/// Operators of a traced or frozen module that the list lacks; each once, sorted.
std::vector<std::string> unlisted_operators(const torch::jit::Module& module);

} // namespace tessera::search_spaces
