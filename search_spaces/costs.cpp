#include "search_spaces/costs.h"

#include <algorithm>

#include "support/error.h"

namespace tessera::search_spaces {
namespace {

[[noreturn]] void overflow() {
    throw support::UsageError("costs do not fit 63 bits: the layer is too large");
}

std::int64_t sum(std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    if (__builtin_add_overflow(a, b, &result)) {
        overflow();
    }
    return result;
}

template <class... Factors>
std::int64_t product(std::int64_t first, Factors... rest) {
    for (const std::int64_t factor : {static_cast<std::int64_t>(rest)...}) {
        if (__builtin_mul_overflow(first, factor, &first)) {
            overflow();
        }
    }
    return first;
}

/// Work and weights of one convolution; a BatchNorm adds two trainable parameters a channel and no work.
Costs convolution_costs(std::int64_t in_channels, const Shape& out, std::int64_t kernel, std::int64_t groups,
                        bool bias, bool norm) {
    const std::int64_t weights = product(in_channels / groups, kernel, kernel, out.channels);
    Costs costs;
    costs.macs = product(weights, out.height, out.width);
    costs.parameters = sum(weights, product(out.channels, (bias ? 1 : 0) + (norm ? 2 : 0)));
    return costs;
}

} // namespace

std::int64_t multiply(std::initializer_list<std::int64_t> factors) {
    std::int64_t result = 1;
    for (const std::int64_t factor : factors) {
        result = product(result, factor);
    }
    return result;
}

Costs& Costs::then(const Costs& next) {
    macs = sum(macs, next.macs);
    parameters = sum(parameters, next.parameters);
    peak_elements = std::max(peak_elements, next.peak_elements);
    return *this;
}

void CostMeter::observe(std::int64_t output_elements) {
    costs_.peak_elements =
        std::max(costs_.peak_elements, sum(sum(held_, shape_.elements()), output_elements));
}

void CostMeter::convolution(std::int64_t out_channels, std::int64_t kernel, std::int64_t stride,
                            std::int64_t groups, bool bias, bool norm) {
    const Shape out = shape_.strided(out_channels, stride);
    costs_.then(convolution_costs(shape_.channels, out, kernel, groups, bias, norm));
    observe(out.elements());
    shape_ = out;
}

void CostMeter::squeeze_excite(std::int64_t reduced) {
    const std::int64_t channels = shape_.channels;
    const std::int64_t weights = product(2, channels, reduced);
    costs_.then({weights, sum(weights, channels + reduced), 0});
    observe(channels + reduced);               // the means and the reduced layer; then that and the gate
    observe(sum(channels, shape_.elements())); // the gate and the product, which is a new tensor
}

void CostMeter::global_pool() {
    observe(shape_.channels);
    shape_ = {shape_.channels, 1, 1};
}

void CostMeter::linear(std::int64_t out_features, bool bias) {
    const std::int64_t weights = product(shape_.elements(), out_features);
    costs_.then({weights, sum(weights, bias ? out_features : 0), 0});
    observe(out_features);
    shape_ = {out_features, 1, 1};
}

void CostMeter::dense(std::int64_t out_channels, bool bias) {
    const std::int64_t weights = product(shape_.channels, out_channels);
    Shape out = shape_;
    out.channels = out_channels;
    costs_.then({product(weights, shape_.positions()), sum(weights, bias ? out_channels : 0), 0});
    observe(out.elements());
    shape_ = out;
}

void CostMeter::depthwise(std::int64_t window) {
    const std::int64_t weights = product(shape_.channels, window);
    costs_.then({product(weights, shape_.height, shape_.width), sum(weights, shape_.channels), 0});
    observe(shape_.elements());
}

void CostMeter::layer_norm() {
    parameters(product(2, shape_.channels));
    observe(shape_.elements());
}

void CostMeter::resize(std::int64_t height, std::int64_t width) {
    const Shape out{shape_.channels, height, width};
    observe(out.elements());
    shape_ = out;
}

void CostMeter::prepend(std::int64_t tokens) {
    Shape out = shape_;
    out.prefix += tokens;
    observe(out.elements());
    shape_ = out;
}

void CostMeter::work(std::int64_t macs, std::int64_t alive) {
    costs_.then({macs, 0, 0});
    observe(alive);
}

void CostMeter::side_convolution(Shape input, std::int64_t out_channels, std::int64_t kernel,
                                 std::int64_t stride, std::int64_t groups, bool norm) {
    const Shape out = input.strided(out_channels, stride);
    costs_.then(convolution_costs(input.channels, out, kernel, groups, false, norm));
    observe(out.elements());
}

} // namespace tessera::search_spaces
