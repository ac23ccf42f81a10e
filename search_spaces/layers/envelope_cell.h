// The cell of EnvelopeNets: parallel convolutions over one input.
#pragma once

#include <string>
#include <vector>

#include <torch/torch.h>

#include "search_spaces/filter_source.h"
#include "search_spaces/layers/conv_norm_act.h"
#include "search_spaces/layers/dropout.h"
#include "search_spaces/layers/shift_norm.h"

namespace tessera::search_spaces {

/// A branch: one convolution, or a depthwise one and a pointwise one ("separable") with nothing in between.
struct EnvelopeBranch {
    std::int64_t kernel = 1;
    bool separable = false;
    std::int64_t filters = 1;
};

struct EnvelopeCellOptions {
    EnvelopeCellOptions(std::int64_t in_channels, std::int64_t bottleneck,
                        std::vector<EnvelopeBranch> branches)
        : in_channels_(in_channels), bottleneck_(bottleneck), branches_(std::move(branches)) {}
    TORCH_ARG(std::int64_t, in_channels);
    TORCH_ARG(std::int64_t, bottleneck); ///< channels of the map that the branches share
    TORCH_ARG(std::vector<EnvelopeBranch>, branches);
    TORCH_ARG(double, dropout) = 0;
};

/// relu(1x1 convolution with bias), then every branch over that map, each followed by BatchNorm without scale
/// and ReLU, then dropout, concatenated on channels (EnvelopeNets, Kamath et al., arXiv 1803.06744).
/// B x in x H x W -> B x (sum of the branches' filters) x H x W.
struct EnvelopeCellImpl : torch::nn::Cloneable<EnvelopeCellImpl>, FilterSource {
    explicit EnvelopeCellImpl(const EnvelopeCellOptions& options_) : options(options_) { reset(); }
    void reset() override;
    torch::Tensor forward(const torch::Tensor& x);
    /// One a branch, as "3x3sep".
    std::vector<FilterGroup> filter_groups() const override;

    struct Branch {
        torch::nn::Conv2d depthwise{nullptr}, conv{nullptr};
    };
    EnvelopeCellOptions options;
    ConvNormAct bottleneck{nullptr};
    std::vector<Branch> branches;
    ShiftNorm norm{nullptr};
    SeededDropout dropout{nullptr};

private:
    torch::Tensor convolved(Branch& branch, const torch::Tensor& x);
};
TORCH_MODULE(EnvelopeCell);

} // namespace tessera::search_spaces
