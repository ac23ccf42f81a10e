#include "search_spaces/layers/depth_decoder.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "search_spaces/layers/token_map.h"

namespace tessera::search_spaces {
namespace {

constexpr std::int64_t least_width = 8;
/// Depths from 5e-5 to 2e4: no exponential of a network gone astray leaves the numbers.
constexpr double most_log_depth = 10;

} // namespace

std::vector<Shape> DepthDecoderOptions::stages() const {
    std::vector<Shape> result;
    Shape at{channels(), map().height, map().width};
    while (at.height < image().height || at.width < image().width) {
        at = {std::max(at.channels / 2, std::min(at.channels, least_width)),
              std::min(2 * at.height, image().height), std::min(2 * at.width, image().width)};
        result.push_back(at);
    }
    return result;
}

Costs DepthDecoderOptions::costs() const {
    CostMeter meter(map());
    meter.become({map().channels, map().height, map().width});
    if (norm()) {
        meter.layer_norm();
    }
    meter.convolution(channels(), 1, 1, 1, true, false);
    for (const Shape& stage : stages()) {
        meter.resize(stage.height, stage.width);
        meter.convolution(stage.channels, 3, 1, 1, false, true);
    }
    meter.convolution(1, 3, 1, 1, true, false);
    return meter.costs();
}

LogDepthImpl::LogDepthImpl(std::int64_t channels)
    : torch::nn::Conv2dImpl(torch::nn::Conv2dOptions(channels, 1, 3).padding(1)) {}

void LogDepthImpl::initialise_own(at::Generator generator) {
    const torch::Tensor values = torch::empty(weight.sizes(), torch::kFloat32);
    values.normal_(0, 1 / std::sqrt(static_cast<double>(weight[0].numel())), generator);
    weight.copy_(values);
    bias.zero_();
}

DepthDecoderImpl::DepthDecoderImpl(const DepthDecoderOptions& options_) : options(options_) {
    if (options.norm()) {
        norm = register_module("norm", token_norm(options.map().channels));
    }
    std::int64_t width = options.channels();
    narrow = register_module("narrow",
                             torch::nn::Conv2d(torch::nn::Conv2dOptions(options.map().channels, width, 1)));
    for (const Shape& stage : options.stages()) {
        refine.push_back(
            register_module(fmt::format("refine{}", refine.size()),
                            ConvNormAct(ConvNormActOptions(width, stage.channels, 3).act(options.act()))));
        width = stage.channels;
    }
    log_depth = register_module("log_depth", LogDepth(width));
}

torch::Tensor DepthDecoderImpl::image_map(const torch::Tensor& x) {
    const Shape& map = options.map();
    if (norm.is_empty() && map.prefix == 0) {
        return x;
    }
    const torch::Tensor tokens = to_tokens(x).slice(1, map.prefix);
    return to_map(norm.is_empty() ? tokens : norm->forward(tokens), {map.height, map.width, 0});
}

torch::Tensor DepthDecoderImpl::enlarged(const torch::Tensor& map, const Shape& to) const {
    return options.nearest() ? at::upsample_nearest2d(map, {to.height, to.width})
                             : at::upsample_bilinear2d(map, {to.height, to.width}, /*align_corners=*/false);
}

torch::Tensor DepthDecoderImpl::forward(const torch::Tensor& x) {
    torch::Tensor map = narrow->forward(image_map(x));
    const std::vector<Shape> stages = options.stages();
    for (std::size_t i = 0; i < stages.size(); ++i) {
        map = refine[i]->forward(enlarged(map, stages[i]));
    }
    return log_depth->forward(map).clamp(-most_log_depth, most_log_depth).exp();
}

} // namespace tessera::search_spaces
