#include "search_spaces/layers/depthwise.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <new>

#include <ATen/Parallel.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include "search_spaces/layers/depthwise_kernel.h"
#include "search_spaces/layers/thread_team.h"

namespace tessera::search_spaces {
namespace {

namespace kernel = depthwise_kernel;

const kernel::Kernel* depthwise_build() { return kernel::kernels()[0]; }

/// Throws where the tensors fit neither each other nor the grid: the kernel trusts their sizes. `tokens` are
/// the sizes of what is convolved.
void check_shapes(at::IntArrayRef tokens, const torch::Tensor& weight, const torch::Tensor& bias,
                  const TokenGrid& grid, const torch::Tensor& factor) {
    TORCH_CHECK(weight.dim() == 4 && weight.size(1) == 1 && weight.size(3) % 2 == 1 &&
                    weight.size(2) == (grid.height > 1 ? weight.size(3) : 1),
                "depthwise: weights of the shape ", weight.sizes(), " are not channels x 1 x ",
                grid.height > 1 ? "k x k" : "1 x k", " with an odd k");
    TORCH_CHECK(bias.dim() == 1 && bias.size(0) == weight.size(0), "depthwise: the bias's shape ",
                bias.sizes(), " does not fit ", weight.size(0), " channels");
    TORCH_CHECK(tokens.size() == 3 && tokens[1] == grid.length() && tokens[2] == weight.size(0) &&
                    (!factor.defined() || factor.sizes() == tokens),
                "depthwise: the tokens' shape ", tokens, " does not fit the grid of ", grid.prefix, " + ",
                grid.height, " x ", grid.width, " places and ", weight.size(0),
                " channels, or their factor's");
}

bool kernel_applies(const torch::Tensor& x, std::initializer_list<torch::Tensor> others,
                    std::int64_t kernel_width) {
    const auto fits = [](const torch::Tensor& t) {
        return !t.defined() ||
               (t.is_cpu() && t.scalar_type() == torch::kFloat && t.layout() == torch::kStrided);
    };
    return depthwise_build() != nullptr && fits(x) && std::ranges::all_of(others, fits) && x.numel() > 0 &&
           kernel_width >= 3 && kernel_width <= 11 && !torch::jit::tracer::isTracing();
}

torch::Tensor plain_depthwise(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                              const TokenGrid& grid, const torch::Tensor& factor) {
    const std::int64_t channels = weight.size(0), places = grid.height * grid.width;
    // Channels last: the map is a view of the tokens. The batch's size is left to reshape().
    const torch::Tensor map = (grid.prefix > 0 ? x.narrow(1, grid.prefix, places) : x)
                                  .reshape({-1, grid.height, grid.width, channels})
                                  .permute({0, 3, 1, 2});
    const torch::Tensor mixed =
        at::conv2d(map, weight, bias, {1, 1}, {weight.size(2) / 2, weight.size(3) / 2}, {1, 1}, channels);
    torch::Tensor result = mixed.permute({0, 2, 3, 1}).reshape({-1, places, channels});
    if (grid.prefix > 0) {
        result = torch::cat({x.narrow(1, 0, grid.prefix) + bias, result}, 1);
    }
    return factor.defined() ? result * factor : result;
}

/// B x L x C with channels side by side and tokens at one distance.
torch::Tensor in_tokens(const torch::Tensor& x) {
    return x.size(2) > 1 && x.stride(2) != 1 ? x.contiguous() : x;
}

/// Aligned memory for one thread.
struct Scratch {
    explicit Scratch(std::int64_t floats)
        : data(static_cast<float*>(
              ::operator new(static_cast<std::size_t>(floats) * sizeof(float), std::align_val_t(64)))) {}
    ~Scratch() { ::operator delete(data, std::align_val_t(64)); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    float* data;
};

/// An image cut into strips whose working set fits a core's second-level cache.
class Strips {
public:
    /// Of about `places` places, some 64 bytes each.
    Strips(const kernel::Size& size, std::int64_t places) : size_(size) {
        length_ = size.kernel_height == 1 ? places : std::max<std::int64_t>(8, places / size.width);
        count_ = (extent() + length_ - 1) / length_;
    }
    std::int64_t count() const { return count_; }
    kernel::Strip operator[](std::int64_t i) const {
        const std::int64_t begin = i * extent() / count_, end = (i + 1) * extent() / count_;
        return along_row() ? kernel::Strip{0, size_.height, begin, end}
                           : kernel::Strip{begin, end, 0, size_.width};
    }
    std::int64_t scratch(std::int64_t inputs = 0) const {
        std::int64_t most = 0;
        for (std::int64_t i = 0; i < count_; ++i) {
            most = std::max(most, depthwise_build()->scratch(size_, (*this)[i], inputs));
        }
        return most;
    }

private:
    bool along_row() const { return size_.height == 1; }
    std::int64_t extent() const { return along_row() ? size_.width : size_.height; }
    kernel::Size size_;
    std::int64_t length_, count_;
};

constexpr std::int64_t copied_places = 4096;
/// Strips overlap by the kernel's reach, where a projection is computed twice: better few.
constexpr std::int64_t projected_places = 8192;

kernel::Size size_of(const torch::Tensor& weight, const TokenGrid& grid) {
    return {grid.height, grid.width, weight.size(0), weight.size(2), weight.size(3)};
}

template <class T>
kernel::Map<T> image_of(const torch::Tensor& tokens, const TokenGrid& grid, std::int64_t image) {
    if (!tokens.defined()) {
        return {};
    }
    T* const data = static_cast<T*>(tokens.data_ptr());
    return {data + image * tokens.stride(0) + grid.prefix * tokens.stride(1), tokens.stride(1)};
}

struct ConvolutionCall {
    torch::Tensor input, input_factor, weight, bias, output_factor;
    TokenGrid grid;
    bool flipped = false;
    torch::Tensor projection = {}, projection_bias = {};
};

/// Fills `output` and, where it is defined, `plain`, the prefix's rows excepted. The output may be the input:
/// an image's block is then copied before anything is written.
void convolve(const ConvolutionCall& call, torch::Tensor& output, torch::Tensor& plain) {
    const kernel::Kernel& build = *depthwise_build();
    const kernel::Size size = size_of(call.weight, call.grid);
    const Strips strips(size, output.is_same(call.input)  ? size.height * size.width
                              : call.projection.defined() ? projected_places
                                                          : copied_places);
    kernel::Projection projection;
    if (call.projection.defined()) {
        projection = {call.projection.const_data_ptr<float>(), call.projection_bias.const_data_ptr<float>(),
                      call.projection.size(1)};
    }
    const std::int64_t blocks = (size.channels + build.lanes - 1) / build.lanes;
    const std::int64_t units = call.input.size(0) * strips.count();
    // All blocks of a few thousand places, then the next ones: the places stay in the cache, and small images
    // share the loading of weights.
    const std::int64_t group =
        std::max<std::int64_t>(1, copied_places * strips.count() / (size.height * size.width));
    const std::int64_t groups = (units + group - 1) / group,
                       scratch_floats = strips.scratch(projection.inputs);
    share_out(groups * blocks, at::get_num_threads(), [&](std::int64_t begin, std::int64_t end) {
        const Scratch scratch(scratch_floats);
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t block = i % blocks, first = i / blocks * group;
            for (std::int64_t unit = first; unit < std::min(units, first + group); ++unit) {
                const std::int64_t image = unit / strips.count();
                const kernel::Convolution work{size,
                                               image_of<const float>(call.input, call.grid, image),
                                               image_of<const float>(call.input_factor, call.grid, image),
                                               call.weight.const_data_ptr<float>(),
                                               call.flipped,
                                               call.bias.defined() ? call.bias.const_data_ptr<float>()
                                                                   : nullptr,
                                               image_of<const float>(call.output_factor, call.grid, image),
                                               image_of<float>(output, call.grid, image),
                                               image_of<float>(plain, call.grid, image),
                                               projection};
                if (unit == first) {
                    build.load_weights(work, block, scratch.data);
                }
                build.convolve(work, block, strips[unit % strips.count()], scratch.data);
            }
        }
    });
}

/// The gradients of weight and bias: fixed shares of the strips, each summed in order, then the shares.
std::pair<torch::Tensor, torch::Tensor> weight_gradient(const torch::Tensor& input,
                                                        const torch::Tensor& gradient,
                                                        const torch::Tensor& factor,
                                                        const torch::Tensor& weight, const TokenGrid& grid) {
    constexpr std::int64_t most_shares = 8;
    const kernel::Kernel& build = *depthwise_build();
    const kernel::Size size = size_of(weight, grid);
    const Strips strips(size, copied_places);
    const std::int64_t items = input.size(0) * strips.count(), shares = std::min(items, most_shares);
    const std::int64_t blocks = (size.channels + build.lanes - 1) / build.lanes;
    const std::int64_t taps = size.kernel_height * size.kernel_width, scratch_floats = strips.scratch();
    const torch::Tensor sums = torch::zeros({shares, blocks, taps + 1, build.lanes}, torch::kFloat);
    float* const sums_data = sums.data_ptr<float>();
    share_out(blocks * shares, at::get_num_threads(), [&](std::int64_t begin, std::int64_t end) {
        const Scratch scratch(scratch_floats);
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t block = i / shares, share = i % shares;
            for (std::int64_t item = share * items / shares; item < (share + 1) * items / shares; ++item) {
                const std::int64_t image = item / strips.count();
                const kernel::WeightGradient work{size, image_of<const float>(input, grid, image),
                                                  image_of<const float>(gradient, grid, image),
                                                  image_of<const float>(factor, grid, image)};
                build.accumulate(work, block, strips[item % strips.count()],
                                 sums_data + (share * blocks + block) * (taps + 1) * build.lanes,
                                 scratch.data);
            }
        }
    });
    torch::Tensor total = sums[0];
    for (std::int64_t share = 1; share < shares; ++share) {
        total += sums[share];
    }
    const torch::Tensor by_channel =
        total.permute({0, 2, 1}).reshape({-1, taps + 1}).narrow(0, 0, size.channels);
    return {by_channel.narrow(1, 0, taps).reshape(weight.sizes()), by_channel.select(1, taps).contiguous()};
}

/// Fills `output`, which may be x, and, where it is defined, `plain`: the result before the factor.
void run_depthwise(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                   const TokenGrid& grid, const torch::Tensor& factor, torch::Tensor output,
                   torch::Tensor plain) {
    convolve({x, {}, weight, bias, factor, grid, false}, output, plain);
    if (grid.prefix > 0) {
        const auto prefix_of = [&](const torch::Tensor& t) { return t.narrow(1, 0, grid.prefix); };
        const torch::Tensor prefix = prefix_of(x) + bias;
        prefix_of(output).copy_(factor.defined() ? prefix * prefix_of(factor) : prefix);
        if (plain.defined()) {
            prefix_of(plain).copy_(prefix);
        }
    }
}

struct DepthwiseFunction : torch::autograd::Function<DepthwiseFunction> {
    static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& x,
                                 const torch::Tensor& weight, const torch::Tensor& bias,
                                 const std::optional<torch::Tensor>& optional_factor, const TokenGrid& grid) {
        const torch::Tensor factor = optional_factor.value_or(torch::Tensor());
        const torch::Tensor output = torch::empty(x.sizes(), x.options());
        const torch::Tensor plain =
            factor.defined() && factor.requires_grad() ? torch::empty_like(output) : torch::Tensor();
        run_depthwise(x, weight, bias, grid, factor, output, plain);
        context->save_for_backward({x, weight, factor, plain});
        context->saved_data["grid"] = std::vector<std::int64_t>{grid.height, grid.width, grid.prefix};
        return output;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   const torch::autograd::variable_list& gradients) {
        TORCH_CHECK(!torch::GradMode::is_enabled(),
                    "the depthwise convolution of tokens has no second derivatives");
        const auto saved = context->get_saved_variables();
        const torch::Tensor &x = saved[0], &weight = saved[1], &factor = saved[2], &plain = saved[3];
        const auto sides = context->saved_data["grid"].toIntVector();
        const TokenGrid grid{sides[0], sides[1], sides[2]};
        const torch::Tensor gradient = in_tokens(gradients[0]);
        torch::Tensor for_x, for_weight, for_bias, for_factor, none;
        const auto prefix_of = [&](const torch::Tensor& t) { return t.narrow(1, 0, grid.prefix); };
        const auto prefix_gradient = [&] {
            return factor.defined() ? prefix_of(gradient) * prefix_of(factor) : prefix_of(gradient);
        };
        if (context->needs_input_grad(0)) {
            for_x = torch::empty(x.sizes(), x.options());
            convolve({gradient, factor, weight, {}, {}, grid, true}, for_x, none);
            if (grid.prefix > 0) {
                prefix_of(for_x).copy_(prefix_gradient());
            }
        }
        if (context->needs_input_grad(1) || context->needs_input_grad(2)) {
            std::tie(for_weight, for_bias) = weight_gradient(x, gradient, factor, weight, grid);
            if (grid.prefix > 0) {
                const torch::Tensor share = prefix_gradient();
                for (std::int64_t image = 0; image < share.size(0); ++image) {
                    for (std::int64_t token = 0; token < grid.prefix; ++token) {
                        for_bias += share[image][token];
                    }
                }
            }
        }
        if (plain.defined()) {
            for_factor = gradient * plain;
        }
        return {for_x, for_weight, for_bias, for_factor, torch::Tensor()};
    }
};

} // namespace

namespace {

torch::Tensor checked_depthwise(const torch::Tensor& tokens, const torch::Tensor& weight,
                                const torch::Tensor& bias, const TokenGrid& grid, const torch::Tensor& factor,
                                bool reuse) {
    check_shapes(tokens.sizes(), weight, bias, grid, factor);
    if (!kernel_applies(tokens, {weight, bias, factor}, weight.size(3))) {
        return plain_depthwise(tokens, weight, bias, grid, factor);
    }
    const torch::Tensor x = in_tokens(tokens), times = factor.defined() ? in_tokens(factor) : factor;
    const torch::Tensor taps = weight.contiguous(), offset = bias.contiguous();
    const auto learns = [](const torch::Tensor& t) { return t.defined() && t.requires_grad(); };
    if (torch::GradMode::is_enabled() && (learns(x) || learns(weight) || learns(bias) || learns(times))) {
        return DepthwiseFunction::apply(x, taps, offset,
                                        times.defined() ? std::optional(times) : std::nullopt, grid);
    }
    const torch::Tensor output = reuse ? x : torch::empty(x.sizes(), x.options());
    run_depthwise(x, taps, offset, grid, times, output, {});
    return output;
}

} // namespace

torch::Tensor depthwise(const torch::Tensor& tokens, const torch::Tensor& weight, const torch::Tensor& bias,
                        const TokenGrid& grid, const torch::Tensor& factor) {
    return checked_depthwise(tokens, weight, bias, grid, factor, /*reuse=*/false);
}

torch::Tensor depthwise_of_fresh(const torch::Tensor& fresh, const torch::Tensor& weight,
                                 const torch::Tensor& bias, const TokenGrid& grid,
                                 const torch::Tensor& factor) {
    return checked_depthwise(fresh, weight, bias, grid, factor, /*reuse=*/true);
}

torch::Tensor linear_depthwise(const torch::Tensor& tokens, const torch::Tensor& linear_weight,
                               const torch::Tensor& linear_bias, const torch::Tensor& weight,
                               const torch::Tensor& bias, const TokenGrid& grid,
                               const torch::Tensor& factor) {
    TORCH_CHECK(tokens.dim() == 3 && linear_weight.dim() == 2 && linear_weight.size(1) == tokens.size(2) &&
                    linear_bias.dim() == 1 && linear_bias.size(0) == linear_weight.size(0),
                "depthwise: a linear layer of weights ", linear_weight.sizes(), " and biases ",
                linear_bias.sizes(), " does not fit the tokens' shape ", tokens.sizes());
    check_shapes({tokens.size(0), tokens.size(1), linear_weight.size(0)}, weight, bias, grid, factor);
    // One call of a good matrix product beats small ones where loading the weights is most of the work; so it
    // does where strips are so thin that their overlap is. Neither may depend on the number of threads: bits
    // would.
    constexpr std::int64_t fewest_places = 96;
    const std::int64_t places = grid.height * grid.width;
    const bool thin =
        places > projected_places && grid.height > 1 && projected_places / grid.width < 4 * weight.size(2);
    const bool apart =
        torch::GradMode::is_enabled() || tokens.size(0) * places < fewest_places || thin ||
        !kernel_applies(tokens, {linear_weight, linear_bias, weight, bias, factor}, weight.size(3));
    if (apart) {
        return depthwise_of_fresh(at::linear(tokens, linear_weight, linear_bias), weight, bias, grid, factor);
    }
    const torch::Tensor x = in_tokens(tokens), times = factor.defined() ? in_tokens(factor) : factor;
    torch::Tensor output = torch::empty({x.size(0), x.size(1), weight.size(0)}, x.options()), none;
    convolve({x,
              {},
              weight.contiguous(),
              bias.contiguous(),
              times,
              grid,
              false,
              linear_weight.contiguous(),
              linear_bias.contiguous()},
             output, none);
    if (grid.prefix > 0) {
        const torch::Tensor prefix =
            at::linear(x.narrow(1, 0, grid.prefix), linear_weight, linear_bias) + bias;
        output.narrow(1, 0, grid.prefix)
            .copy_(factor.defined() ? prefix * times.narrow(1, 0, grid.prefix) : prefix);
    }
    return output;
}

DepthwiseImpl::DepthwiseImpl(const DepthwiseOptions& options_) : options(options_) { reset(); }

void DepthwiseImpl::reset() {
    TORCH_CHECK(options.kernel() % 2 == 1 && options.kernel() > 0, "depthwise: the kernel ", options.kernel(),
                " is not odd");
    const std::int64_t height = options.grid().height > 1 ? options.kernel() : 1;
    weight = register_parameter("weight", torch::empty({options.channels(), 1, height, options.kernel()}));
    bias = register_parameter("bias", torch::empty({options.channels()}));
    const torch::NoGradGuard no_grad;
    initialise_own(at::detail::getDefaultCPUGenerator());
}

void DepthwiseImpl::initialise_own(at::Generator generator) {
    const auto taps = static_cast<double>(weight[0].numel());
    const std::int64_t plain = options.channels() - options.gates();
    const torch::Tensor values = torch::empty(weight.sizes(), torch::kFloat32);
    values.normal_(0, options.gain() / std::sqrt(2 * taps), generator);
    values.narrow(0, plain, options.gates()).mul_(options.gate_gain() / options.gain());
    weight.copy_(values);
    bias.zero_();
    bias.narrow(0, plain, options.gates()).fill_(1);
}

torch::Tensor DepthwiseImpl::forward(const torch::Tensor& tokens, torch::nn::LinearImpl& linear,
                                     const torch::Tensor& factor) {
    return linear_depthwise(tokens, linear.weight, linear.bias, weight, bias, options.grid(), factor);
}

} // namespace tessera::search_spaces
