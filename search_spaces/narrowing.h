// A narrower block that starts from the weights of a wider one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <torch/torch.h>

namespace tessera::search_spaces {

/// A block whose parts go by other names in the block that it is a variant of.
struct Variant {
    virtual ~Variant() = default;
    /// Dotted name, of a tensor or a module, in the other block; empty: it has none and stays as it is.
    virtual std::string counterpart(const std::string& name) const = 0;
};

/// How much each filter of a FilterSource is worth, by the module's dotted name; the more the better.
using FilterScores = std::map<std::string, std::vector<double>>;

/// Summed absolute weights of each filter (Li et al., "Pruning filters for efficient convnets", 2017).
FilterScores magnitude_scores(const torch::nn::Module& module);

/// Where `narrow` is `wide` with fewer hidden filters or smaller kernels, overwrites its parameters and
/// buffers with the wide one's: of each layer's filters the highest scores are kept, in their order (equal
/// ones: the first), and the centre of each kernel. Channels that several layers share (expansion, depthwise
/// convolution and projection of an inverted bottleneck) are ranked by the last layer that has filters of
/// them. A Variant says which of the wide one's parts are its own. False, and nothing changed, where the two
/// have other layers, something in `narrow` is wider, or the kept filters would tear groups of channels
/// apart.
bool start_from(torch::nn::Module& narrow, const torch::nn::Module& wide, const FilterScores& scores);

} // namespace tessera::search_spaces
