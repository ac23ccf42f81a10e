// The arithmetic behind depthwise.h: one image, one block of channels, one strip at a time; knows no tensors.
#pragma once

#include <cstdint>

namespace tessera::search_spaces::depthwise_kernel {

/// A map of height x width places with their channels side by side; strides are counted in floats.
template <class T>
struct Map {
    T* data = nullptr;
    std::int64_t place_stride = 0; ///< from a place to its right neighbour; rows follow one another
    explicit operator bool() const { return data != nullptr; }
};

struct Size {
    std::int64_t height, width, channels;
    std::int64_t kernel_height, kernel_width; ///< odd; kernel_width among 3, 5, 7, 9, 11
};

/// Places [top, bottom) x [left, right) of an image.
struct Strip {
    std::int64_t top, bottom, left, right;
};

/// A linear layer in front of the convolution, computed where the convolution reads it.
struct Projection {
    const float* weight = nullptr; ///< channels x inputs; null: none
    const float* bias = nullptr;   ///< channels
    std::int64_t inputs = 0;       ///< channels of the convolution's `input`
};

/// output = (bias + conv(projection(input * input_factor))) * output_factor, "same" zero padding, stride 1;
/// a projection excludes an input_factor.
struct Convolution {
    Size size;
    Map<const float> input, input_factor; ///< the factor may be absent
    const float* weight;                  ///< channels x kernel_height x kernel_width
    bool flipped;                         ///< the kernel turned by 180 degrees: the gradient's direction
    const float* bias;                    ///< channels, or null
    Map<const float> output_factor;       ///< may be absent
    Map<float> output, plain;             ///< plain: the result before output_factor, where wanted
    Projection projection = {};
};

/// The sum over places of gradient * gradient_factor times the input shifted by each tap.
struct WeightGradient {
    Size size;
    Map<const float> input;
    Map<const float> gradient, gradient_factor; ///< the factor may be absent
};

/// One build of the kernel. A block is `lanes` neighbouring channels, the last one perhaps fewer.
struct Kernel {
    const char* name;
    std::int64_t lanes;
    /// Floats of scratch memory, aligned to 64 bytes, that the calls below need for this strip, and
    /// for a projection of so many inputs.
    std::int64_t (*scratch)(const Size& size, const Strip& strip, std::int64_t inputs);
    /// Puts a block's weights into the scratch memory, where convolve() expects them.
    void (*load_weights)(const Convolution& work, std::int64_t block, float* scratch);
    void (*convolve)(const Convolution& work, std::int64_t block, const Strip& strip, float* scratch);
    /// Adds to sums[tap][lane], and to sums[taps][lane] for the bias; aligned to 64 bytes.
    void (*accumulate)(const WeightGradient& work, std::int64_t block, const Strip& strip, float* sums,
                       float* scratch);
};

/// All builds this machine runs, widest first, ended by null.
const Kernel* const* kernels();

} // namespace tessera::search_spaces::depthwise_kernel
