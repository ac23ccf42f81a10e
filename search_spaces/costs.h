// Analytic costs of a layer, a block, a network, for one image.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace tessera::search_spaces {

/// Channels, height, width of one image's feature map, which to a transformer is height x width tokens, row
/// by row. `prefix` tokens that have no place in the image (a class token) stand before them; the tensor is
/// then the sequence: B x channels x positions x 1.
struct Shape {
    std::int64_t channels = 0, height = 0, width = 0;
    std::int64_t prefix = 0;
    std::int64_t positions() const { return prefix + height * width; }
    std::int64_t elements() const { return channels * positions(); }
    /// Sizes of a batch's tensor.
    std::vector<std::int64_t> sizes(std::int64_t batch) const {
        return prefix > 0 ? std::vector<std::int64_t>{batch, channels, positions(), 1}
                          : std::vector<std::int64_t>{batch, channels, height, width};
    }
    /// Shape after a "same"-padded layer of this stride: sides are divided and rounded up.
    Shape strided(std::int64_t out_channels, std::int64_t stride) const {
        return {out_channels, (height + stride - 1) / stride, (width + stride - 1) / stride, prefix};
    }
    bool operator==(const Shape&) const = default;
};

struct Costs {
    std::int64_t macs = 0; ///< multiply-accumulates of convolutions and matrix products (BatchNorm folded)
    std::int64_t parameters = 0; ///< trainable parameters, BatchNorm's two per channel included
    std::int64_t peak_elements =
        0; ///< largest number of activation elements alive at once (f32: four bytes each)

    /// One after the other: work and parameters add up, the peak is the larger one.
    Costs& then(const Costs& next);
    bool operator==(const Costs&) const = default;
};

/// Product of counts; throws UsageError where it exceeds 63 bits.
std::int64_t multiply(std::initializer_list<std::int64_t> factors);

/// Walks through a layer as it will be executed and adds up its costs; throws UsageError where they exceed 63
/// bits. The tensor that flows is `shape()`; tensors kept for later (a residual) are held explicitly.
class CostMeter {
public:
    explicit CostMeter(Shape input) : shape_(input) { observe(0); }

    /// Convolution with "same" padding; a following BatchNorm and activation are in place and counted by
    /// `norm`.
    void convolution(std::int64_t out_channels, std::int64_t kernel, std::int64_t stride, std::int64_t groups,
                     bool bias, bool norm);
    /// Global average pool of the current tensor, two dense layers with biases, channel-wise product into a
    /// new tensor.
    void squeeze_excite(std::int64_t reduced);
    /// Mean over the map; the tensor becomes channels x 1 x 1.
    void global_pool();
    /// Dense layer on a pooled tensor.
    void linear(std::int64_t out_features, bool bias);
    /// Dense layer on each position alone.
    void dense(std::int64_t out_channels, bool bias);
    /// Each channel mixed over a window of positions, "same" padding, with a bias; tokens outside the grid
    /// are left as they are.
    void depthwise(std::int64_t window);
    /// LayerNorm over the channels of each position, into a new tensor: scale and shift a channel.
    void layer_norm();
    /// A tensor of parameters beside the flow (positions, a class token).
    void parameters(std::int64_t count) { costs_.then({0, count, 0}); }
    /// Interpolates the map to other sides: a new tensor.
    void resize(std::int64_t height, std::int64_t width);
    /// Prepends tokens: a new tensor.
    void prepend(std::int64_t tokens);
    /// Work that is no layer with weights: `macs` of matrix products, in which `alive` elements beside the
    /// flow's tensor and those held exist at once.
    void work(std::int64_t macs, std::int64_t alive);
    /// The flow goes on with `channels` at each of its positions, or with fewer positions of the same.
    void become(Shape shape) { shape_ = shape; }
    /// Keeps a tensor of `elements` alive until release(). A residual is held after the first layer of its
    /// branch, which until then counts it as its input.
    void hold(std::int64_t elements) {
        held_ += elements;
        observe(0);
    }
    void release(std::int64_t elements) { held_ -= elements; }
    /// A convolution beside the flow (a projection shortcut, a branch): counted, `shape()` unchanged; its
    /// input must be held.
    void side_convolution(Shape input, std::int64_t out_channels, std::int64_t kernel, std::int64_t stride,
                          std::int64_t groups, bool norm);

    const Shape& shape() const { return shape_; }
    const Costs& costs() const { return costs_; }

private:
    void observe(std::int64_t output_elements);
    Shape shape_;
    std::int64_t held_ = 0;
    Costs costs_;
};

} // namespace tessera::search_spaces
