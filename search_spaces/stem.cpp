#include "search_spaces/stem.h"

#include <algorithm>

#include <fmt/format.h>

#include "search_spaces/block_module.h"
#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/conv_norm_act.h"
#include "search_spaces/layers/positions.h"
#include "search_spaces/layers/token_map.h"

namespace tessera::search_spaces {
namespace {

constexpr std::int64_t max_conv_stride = 8, max_stem_stride = 64, max_stem_layers = 8, least_channels = 8;

const support::EnumNames<std::string> stem_kinds{{"conv", "conv"}, {"patch", "patch"}};
const support::EnumNames<std::string> stem_activations{
    {"relu", "relu"}, {"relu6", "relu6"}, {"swish", "swish"}, {"hswish", "hswish"}};
const support::EnumNames<std::string> stem_norms{{"batch", "batch"}, {"none", "none"}};
const support::EnumNames<std::string> position_kinds{
    {"none", "none"}, {"learned", "learned"}, {"sinusoidal", "sinusoidal"}};

/// Strides of the layers: factors of two go to the last ones; what is left, or a stride that is no power of
/// two, to the very last.
std::vector<std::int64_t> shared_strides(std::int64_t stride, std::int64_t layers) {
    std::vector<std::int64_t> strides(static_cast<std::size_t>(layers), 1);
    for (auto place = strides.rbegin(); stride > 1 && place != strides.rend(); ++place) {
        const bool last = std::next(place) == strides.rend();
        *place = !last && stride % 2 == 0 ? 2 : stride;
        stride /= *place;
    }
    return strides;
}

struct StemModuleOptions {
    StemModuleOptions(Shape image, StemOptions stem) : image_(image), stem_(std::move(stem)) {}
    TORCH_ARG(Shape, image);
    TORCH_ARG(StemOptions, stem);
};

/// B x C x H x W -> B x channels x ceil(H/stride) x ceil(W/stride), or the sequence with a class token.
struct StemImpl final : CloneableBlock<StemImpl> {
    explicit StemImpl(const StemModuleOptions& options_) : options(options_) {
        const StemOptions& stem = options.stem();
        std::int64_t channels = options.image().channels;
        if (stem.kind == "patch") {
            embed = register_module(
                "embed",
                torch::nn::Conv2d(
                    torch::nn::Conv2dOptions(channels, stem.channels, stem.stride).stride(stem.stride)));
        } else {
            for (const StemOptions::Layer& layer : stem.convolutions()) {
                // The first one keeps the name it has had since there was only one.
                const std::string name = layers.empty() ? "layer" : fmt::format("layer{}", layers.size());
                layers.push_back(register_module(
                    name, ConvNormAct(ConvNormActOptions(channels, layer.channels, stem.kernel)
                                          .stride(layer.stride)
                                          .act(activation(stem.act))
                                          .norm(stem.norm == "batch"))));
                channels = layer.channels;
            }
        }
        if (stem.positions != "none" || stem.class_token) {
            const Shape out = stem.output(options.image());
            positions = register_module(
                "positions", Positions(PositionsOptions(out.channels, grid_of(out)).kind(stem.positions)));
        }
    }
    torch::Tensor forward(const torch::Tensor& x) override {
        torch::Tensor map = embed.is_empty() ? x : embed->forward(x);
        for (ConvNormAct& layer : layers) {
            map = layer->forward(map);
        }
        if (positions.is_empty()) {
            return map;
        }
        return to_map(positions->forward(to_tokens(map)), grid_of(options.stem().output(options.image())));
    }

    StemModuleOptions options;
    torch::nn::Conv2d embed{nullptr};
    std::vector<ConvNormAct> layers;
    Positions positions{nullptr};
};

} // namespace

StemOptions StemOptions::read(support::Section section, const Shape& image) {
    StemOptions options;
    section.read("kind", options.kind, stem_kinds,
                 "convolutions with BatchNorm, or the patch embedding of a vision transformer");
    section.read("channels", options.channels, {1, 65536}, "output channels");
    section.read("kernel", options.kernel, {1, 11}, "conv: the kernels' side, odd");
    if (options.kernel % 2 == 0) {
        section.fail("kernel", fmt::format("{} is even", options.kernel));
    }
    section.read("act", options.act, stem_activations, "conv: activation after each BatchNorm");
    section.read("norm", options.norm, stem_norms, "conv: BatchNorm, or a bias in its place");
    section.read("layers", options.layers, {1, max_stem_layers},
                 "conv: convolutions in a row; the last ones share the stride");
    section.read("stride", options.stride, {1, max_stem_stride},
                 "what the image's sides are divided by, by a single convolution up to 8; patch: the side of "
                 "a patch");
    section.read("positions", options.positions, position_kinds,
                 "what is added to the tokens of a transformer so that they know their place");
    section.read("class_token", options.class_token,
                 "a learned token before those of the image, for head.pool: class");
    section.finish();

    if (options.kind == "patch") {
        if (image.height % options.stride != 0 || image.width % options.stride != 0) {
            section.fail("stride", fmt::format("patches of {0} x {0} do not tile an image of {1} x {2}",
                                               options.stride, image.height, image.width));
        }
        if (options.layers != 1) {
            section.fail("layers", "a patch embedding is one layer; stem.kind: conv has several");
        }
    } else if (options.layers == 1 && options.stride > max_conv_stride) {
        section.fail("stride", fmt::format("a single convolution divides the image's sides by up to {}, not "
                                           "{}; take more layers, or kind: patch",
                                           max_conv_stride, options.stride));
    } else if (const auto strides = shared_strides(options.stride, options.layers);
               options.layers > 1 && *std::ranges::max_element(strides) > 2) {
        section.fail("stride", fmt::format("{} convolutions of stride 1 or 2 do not make {}", options.layers,
                                           options.stride));
    }
    if (options.positions == "sinusoidal" && options.channels % 4 != 0) {
        section.fail(
            "channels",
            fmt::format("sinusoidal positions need a multiple of 4 channels (sine and cosine of rows "
                        "and of columns), not {}",
                        options.channels));
    }
    return options;
}

std::vector<StemOptions::Layer> StemOptions::convolutions() const {
    std::vector<Layer> result;
    const std::vector<std::int64_t> strides = shared_strides(stride, layers);
    for (std::int64_t i = 0; i < layers; ++i) {
        const std::int64_t halved = channels >> (layers - 1 - i);
        result.push_back(
            {std::max(halved, std::min(channels, least_channels)), strides[static_cast<std::size_t>(i)]});
    }
    return result;
}

Shape StemOptions::output(const Shape& image) const {
    Shape result = image.strided(channels, stride);
    result.prefix = class_token ? 1 : 0;
    return result;
}

Costs StemOptions::costs(const Shape& image) const {
    CostMeter meter(image);
    if (kind == "patch") {
        meter.convolution(channels, stride, stride, 1, true, false);
    } else {
        for (const Layer& layer : convolutions()) {
            meter.convolution(layer.channels, kernel, layer.stride, 1, norm == "none", norm == "batch");
        }
    }
    const Shape out = output(image);
    if (class_token) {
        meter.parameters(channels);
        meter.prepend(1);
    }
    if (positions == "learned") {
        meter.parameters(out.elements());
    }
    if (positions != "none") {
        meter.work(0, out.elements()); // the sum is a new tensor
    }
    return meter.costs();
}

std::string StemOptions::yaml() const {
    std::string text =
        fmt::format("{{channels: {}, kernel: {}, stride: {}, act: {}", channels, kernel, stride, act);
    // What a plain convolution does not need is left out, as in files written before there was anything else.
    const StemOptions plain;
    const auto add = [&](std::string_view key, const auto& value, const auto& usual) {
        if (value != usual) {
            text += fmt::format(", {}: {}", key, value);
        }
    };
    add("kind", kind, plain.kind);
    add("layers", layers, plain.layers);
    add("norm", norm, plain.norm);
    add("positions", positions, plain.positions);
    add("class_token", class_token, plain.class_token);
    return text + "}";
}

std::string StemOptions::skeleton() const {
    const StemOptions plain;
    std::string text = fmt::format("{} {} {} {}", channels, kernel, stride, act);
    if (kind != plain.kind || layers != plain.layers || positions != plain.positions || class_token) {
        text += fmt::format(" {} {} {} {}", kind, layers, positions, class_token);
    }
    if (norm != plain.norm) {
        text += " norm " + norm;
    }
    return text;
}

std::shared_ptr<BlockImpl> build_stem(const SearchSpace& space) {
    return std::make_shared<StemImpl>(StemModuleOptions(space.input(), space.stem()));
}

} // namespace tessera::search_spaces
