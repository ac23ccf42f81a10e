#include "search_spaces/layers/envelope_cell.h"

#include <numeric>

#include <fmt/format.h>

namespace tessera::search_spaces {

void EnvelopeCellImpl::reset() {
    bottleneck = register_module(
        "bottleneck", ConvNormAct(ConvNormActOptions(options.in_channels(), options.bottleneck(), 1)
                                      .act(Activation::relu)
                                      .norm(false)));
    branches.clear();
    const auto convolution = [](std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t groups) {
        return torch::nn::Conv2d(
            torch::nn::Conv2dOptions(in, out, kernel).padding(kernel / 2).groups(groups).bias(false));
    };
    std::int64_t filters = 0;
    for (const EnvelopeBranch& branch : options.branches()) {
        Branch built;
        const std::string name = fmt::format("branch{}", branches.size());
        const std::int64_t shared = options.bottleneck();
        if (branch.separable) {
            built.depthwise =
                register_module(name + "_depthwise", convolution(shared, shared, branch.kernel, shared));
        }
        built.conv = register_module(
            name, convolution(shared, branch.filters, branch.separable ? 1 : branch.kernel, 1));
        branches.push_back(built);
        filters += branch.filters;
    }
    norm = register_module("norm", ShiftNorm(filters));
    dropout = register_module("dropout", SeededDropout(SeededDropoutOptions(options.dropout())));
}

torch::Tensor EnvelopeCellImpl::convolved(Branch& branch, const torch::Tensor& x) {
    return branch.conv->forward(branch.depthwise.is_empty() ? x : branch.depthwise->forward(x));
}

torch::Tensor EnvelopeCellImpl::forward(const torch::Tensor& x) {
    const torch::Tensor shared = bottleneck->forward(x);
    std::vector<torch::Tensor> maps;
    std::int64_t first = 0;
    for (std::size_t i = 0; i < branches.size(); ++i) {
        torch::Tensor map = convolved(branches[i], shared);
        if (!is_training()) {
            // Next to its convolution, which takes it in where the network is deployed.
            map = norm->part(map, first, map.size(1)).relu_();
            first += options.branches()[i].filters;
        }
        maps.push_back(std::move(map));
    }
    torch::Tensor y = maps.size() == 1 ? maps.front() : torch::cat(maps, 1);
    if (is_training()) {
        y = norm->forward(y).relu_(); // of all branches at once: every channel has moments of its own
    }
    show(y);
    return dropout->forward(y);
}

std::vector<FilterGroup> EnvelopeCellImpl::filter_groups() const {
    std::vector<FilterGroup> groups;
    for (const EnvelopeBranch& branch : options.branches()) {
        groups.push_back(
            {fmt::format("{0}x{0}{1}", branch.kernel, branch.separable ? "sep" : ""), branch.filters});
    }
    return groups;
}

} // namespace tessera::search_spaces
