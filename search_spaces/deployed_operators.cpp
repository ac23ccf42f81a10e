#include "search_spaces/deployed_operators.h"

#include <algorithm>
#include <array>
#include <set>

namespace tessera::search_spaces {
namespace {

constexpr std::array listed = std::to_array<DeployedOperator>({
    {"aten::_convolution", "Conv"},
    {"aten::add", "Add"},
    {"aten::add_", "Add"},
    {"aten::addmm", "Gemm"},
    {"aten::batch_norm", "BatchNormalization"},
    {"aten::cat", "Concat"},
    {"aten::chunk", "Split"},
    {"aten::clamp", "Clip"},
    {"aten::clamp_", "Clip"},
    {"aten::clone", ""},
    {"aten::contiguous", ""},
    {"aten::conv1d", "Conv"},
    {"aten::conv2d", "Conv"},
    {"aten::div", "Div"},
    {"aten::elu", "Elu"},
    {"aten::exp", "Exp"},
    {"aten::expand", "Expand"},
    {"aten::expand_as", "Shape Expand"},
    {"aten::flatten", "Reshape"},
    {"aten::gather", "GatherElements"},
    {"aten::gelu", "Div Erf Add Mul Mul"},
    {"aten::hardsigmoid", "HardSigmoid"},
    {"aten::hardswish", "HardSwish"},
    {"aten::hardtanh", "Clip"},
    {"aten::layer_norm", "LayerNormalization"},
    {"aten::linear", "MatMul Add"},
    {"aten::log_softmax", "LogSoftmax"},
    {"aten::matmul", "MatMul"},
    {"aten::max_pool2d", "MaxPool"},
    {"aten::mean", "ReduceMean"},
    {"aten::mul", "Mul"},
    {"aten::narrow", "Slice"},
    {"aten::permute", "Transpose"},
    {"aten::relu", "Relu"},
    {"aten::reshape", "Reshape"},
    {"aten::scaled_dot_product_attention", "Transpose MatMul Mul Softmax MatMul"},
    {"aten::scatter", "ScatterElements"},
    {"aten::select", "Gather"},
    {"aten::sigmoid", "Sigmoid"},
    {"aten::silu", "Sigmoid Mul"},
    {"aten::slice", "Slice"},
    {"aten::softmax", "Softmax"},
    {"aten::softplus", "Softplus"},
    // Of equal elements TopK takes the one of the lower index first, as a stable sort does.
    {"aten::sort", "TopK"},
    {"aten::split", "Split"},
    {"aten::sum", "ReduceSum"},
    {"aten::to", "Cast"},
    {"aten::transpose", "Transpose"},
    {"aten::unsqueeze", "Unsqueeze"},
    {"aten::upsample_bilinear2d", "Resize"},
    {"aten::upsample_nearest2d", "Resize"},
    {"prim::Constant", "Constant"},
    {"prim::ListConstruct", ""},
    {"prim::ListUnpack", ""},
});
static_assert(std::ranges::is_sorted(listed, {}, &DeployedOperator::name));

void collect(const torch::jit::Block* block, std::set<std::string>& names) {
    for (const torch::jit::Node* node : block->nodes()) {
        names.insert(node->kind().toQualString());
        for (const torch::jit::Block* inner : node->blocks()) {
            collect(inner, names);
        }
    }
}

} // namespace

std::span<const DeployedOperator> deployed_operators() { return listed; }

std::vector<std::string> unlisted_operators(const torch::jit::Module& module) {
    std::set<std::string> names;
    collect(module.get_method("forward").graph()->block(), names);
    std::erase_if(names, [](const std::string& name) {
        return std::ranges::binary_search(listed, std::string_view(name), {}, &DeployedOperator::name);
    });
    return {names.begin(), names.end()};
}

} // namespace tessera::search_spaces
