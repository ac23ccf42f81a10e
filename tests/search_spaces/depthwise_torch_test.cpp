// The depthwise kernel against LibTorch's convolution in double precision, values and gradients.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include <ATen/Parallel.h>

#include "search_spaces/layers/depthwise.h"
#include "search_spaces/layers/depthwise_kernel.h"
#include "tests/support/helpers.h"

namespace tessera::search_spaces {
namespace {

struct Shape {
    std::int64_t batch, channels, kernel;
    TokenGrid grid;
};

std::string text(const Shape& s) {
    return fmt::format("{} images of {} + {} x {} places, {} channels, kernel {}", s.batch, s.grid.prefix,
                       s.grid.height, s.grid.width, s.channels, s.kernel);
}

/// Odd sizes, one token, kernels larger than the side, sides beyond a tile and beyond a strip, tails of
/// blocks.
const std::vector<Shape> shapes{
    {1, 16, 3, {5, 7, 0}},   {2, 19, 11, {14, 14, 1}}, {1, 32, 11, {1, 1, 0}}, {2, 40, 5, {3, 2, 2}},
    {2, 16, 9, {17, 35, 0}}, {1, 7, 7, {2, 40, 1}},    {1, 9, 5, {70, 66, 0}}, {1, 9, 3, {1, 4099, 1}},
    {3, 16, 11, {1, 97, 0}}, {2, 8, 5, {1, 2, 1}},     {1, 48, 7, {13, 1, 0}}, {2, 1, 3, {6, 6, 1}},
    {1, 4, 3, {96, 90, 0}},
};

struct Inputs {
    torch::Tensor x, weight, bias, factor, seed;
    Inputs cast(torch::Dtype type) const {
        const auto leaf = [&](const torch::Tensor& t) {
            return t.defined() ? t.detach().to(type, /*non_blocking=*/false, /*copy=*/true).requires_grad_()
                               : t;
        };
        return {leaf(x), leaf(weight), leaf(bias), leaf(factor), seed.to(type)};
    }
};

Inputs inputs_of(const Shape& s, bool with_factor) {
    const std::int64_t height = s.grid.height > 1 ? s.kernel : 1;
    const auto tokens = [&] { return torch::randn({s.batch, s.grid.length(), s.channels}); };
    return {tokens(), torch::randn({s.channels, 1, height, s.kernel}), torch::randn({s.channels}),
            with_factor ? tokens() : torch::Tensor(), tokens()};
}

std::vector<torch::Tensor> result_and_gradients(const Inputs& in, const TokenGrid& grid) {
    const torch::Tensor y = depthwise(in.x, in.weight, in.bias, grid, in.factor);
    y.backward(in.seed);
    std::vector<torch::Tensor> all{y.detach(), in.x.grad(), in.weight.grad(), in.bias.grad()};
    if (in.factor.defined()) {
        all.push_back(in.factor.grad());
    }
    return all;
}

double error(const torch::Tensor& a, const torch::Tensor& b) {
    return ((a.to(torch::kDouble) - b).abs().max() / b.abs().max()).item<double>();
}

TEST(Depthwise, EqualsTheConvolutionInDoublePrecisionWithItsGradients) {
    torch::manual_seed(1);
    for (const Shape& shape : shapes) {
        for (const bool with_factor : {false, true}) {
            const Inputs in = inputs_of(shape, with_factor);
            const auto got = result_and_gradients(in.cast(torch::kFloat), shape.grid);
            const auto want = result_and_gradients(in.cast(torch::kDouble), shape.grid);
            for (std::size_t i = 0; i < got.size(); ++i) {
                EXPECT_LT(error(got[i], want[i]), 2e-6) << text(shape) << ", tensor " << i;
            }
            const torch::NoGradGuard no_grad; // another way through: nothing is kept for gradients
            EXPECT_TRUE(torch::equal(depthwise(in.x, in.weight, in.bias, shape.grid, in.factor), got[0]));
            const torch::Tensor fresh = in.x.clone();
            EXPECT_TRUE(
                torch::equal(depthwise_of_fresh(fresh, in.weight, in.bias, shape.grid, in.factor), got[0]));
        }
    }
}

TEST(Depthwise, ALinearLayerInFrontIsComputedOnTheWay) {
    torch::manual_seed(7);
    const torch::NoGradGuard no_grad;
    const int threads = at::get_num_threads();
    for (const Shape& shape : shapes) {
        for (const bool with_factor : {false, true}) {
            const Inputs in = inputs_of(shape, with_factor);
            // More images, so that none is too small to be worth it; more inputs than are used, side by side.
            const std::int64_t images = 192 / (shape.grid.height * shape.grid.width) + 2;
            const auto tokens = [&](std::int64_t channels) {
                return torch::randn({images, shape.grid.length(), channels});
            };
            const torch::Tensor x = tokens(40).narrow(2, 3, 21), linear = torch::randn({shape.channels, 21}),
                                offset = torch::randn({shape.channels}),
                                factor = with_factor ? tokens(shape.channels) : torch::Tensor();
            const auto run = [&](torch::Dtype type) {
                const auto cast = [&](const torch::Tensor& t) { return t.defined() ? t.to(type) : t; };
                return linear_depthwise(cast(x), cast(linear), cast(offset), cast(in.weight), cast(in.bias),
                                        shape.grid, cast(factor));
            };
            at::set_num_threads(1);
            const torch::Tensor got = run(torch::kFloat);
            EXPECT_LT(error(got, run(torch::kDouble)), 2e-6) << text(shape);
            at::set_num_threads(2);
            EXPECT_TRUE(torch::equal(run(torch::kFloat), got)) << text(shape);
        }
    }
    at::set_num_threads(threads);
}

TEST(Depthwise, IsTheConvolutionOfLibTorchOnImages) {
    torch::manual_seed(2);
    const torch::Tensor image = torch::randn({2, 20, 9, 12}), weight = torch::randn({20, 1, 7, 7}),
                        bias = torch::randn({20});
    const torch::Tensor tokens = image.flatten(2).transpose(1, 2); // channels first: a view to be copied
    const torch::Tensor want = at::conv2d(image, weight, bias, 1, 3, 1, 20).flatten(2).transpose(1, 2);
    EXPECT_TRUE(torch::allclose(depthwise(tokens, weight, bias, {9, 12, 0}), want, 1e-4, 1e-4));
}

TEST(Depthwise, DerivativesAreDifferenceQuotients) {
    torch::manual_seed(3);
    const TokenGrid grid{3, 5, 1};
    Inputs in = inputs_of({2, 3, 5, grid}, true).cast(torch::kDouble);
    const auto loss = [&] {
        return (depthwise(in.x, in.weight, in.bias, grid, in.factor) * in.seed).sum().item<double>();
    };
    result_and_gradients(in, grid);
    const torch::NoGradGuard no_grad;
    for (const torch::Tensor& t : {in.x, in.weight, in.bias, in.factor}) {
        const torch::Tensor values = t.view(-1), gradient = t.grad().reshape(-1);
        for (std::int64_t i = 0; i < values.size(0); i += 7) {
            const double kept = values[i].item<double>();
            values[i] = kept + 1e-5;
            const double above = loss();
            values[i] = kept - 1e-5;
            const double below = loss();
            values[i] = kept;
            EXPECT_NEAR((above - below) / 2e-5, gradient[i].item<double>(), 1e-6);
        }
    }
}

TEST(Depthwise, BitsDoNotDependOnTheNumberOfThreads) {
    torch::manual_seed(4);
    const int threads = at::get_num_threads();
    for (const Shape& shape : shapes) {
        const Inputs in = inputs_of(shape, true);
        at::set_num_threads(1);
        const auto one = result_and_gradients(in.cast(torch::kFloat), shape.grid);
        at::set_num_threads(2);
        const auto two = result_and_gradients(in.cast(torch::kFloat), shape.grid);
        for (std::size_t i = 0; i < one.size(); ++i) {
            EXPECT_TRUE(torch::equal(one[i], two[i])) << text(shape) << ", tensor " << i;
        }
    }
    at::set_num_threads(threads);
}

TEST(Depthwise, ReadsViewsInPlaceOrThroughACopy) {
    torch::manual_seed(5);
    const TokenGrid grid{6, 7, 1};
    const torch::Tensor wide = torch::randn({2, 43, 60}), weight = torch::randn({20, 1, 3, 3}),
                        bias = torch::randn({20});
    const auto same = [&](const torch::Tensor& x, const torch::Tensor& factor) {
        return torch::equal(depthwise(x, weight, bias, grid, factor),
                            depthwise(x.contiguous(), weight.clone(), bias, grid, factor.contiguous()));
    };
    EXPECT_TRUE(same(wide.narrow(2, 20, 20), wide.narrow(2, 40, 20)));
    EXPECT_TRUE(same(wide.slice(2, 0, 60, 3), wide.slice(2, 1, 60, 3)));
    EXPECT_TRUE(
        same(torch::randn({20, 2, 43}).permute({1, 2, 0}), torch::randn({1, 1, 20}).expand({2, 43, 20})));
    // A parameter in another memory format.
    const torch::Tensor x = wide.narrow(2, 0, 20);
    const torch::Tensor other = weight.permute({2, 3, 0, 1}).contiguous().permute({2, 3, 0, 1});
    EXPECT_TRUE(torch::equal(depthwise(x, other, bias, grid), depthwise(x, weight, bias, grid)));
}

/// What at::parallel_for and autograd see is the widest build; the others are asked directly.
TEST(DepthwiseKernel, EveryBuildOfThisMachineComputesTheConvolution) {
    torch::manual_seed(6);
    for (auto build = depthwise_kernel::kernels(); *build != nullptr; ++build) {
        for (const std::int64_t kernel : {3, 5, 7, 9, 11}) {
            for (const std::int64_t width : {1, 2, 3, 5, 9, 14, 17, 33}) {
                const depthwise_kernel::Size size{3, width, 21, kernel, kernel};
                const depthwise_kernel::Strip strip{0, 3, 0, width};
                const torch::Tensor x = torch::randn({3, width, 21}),
                                    weight = torch::randn({21, kernel, kernel}), bias = torch::randn({21}),
                                    y = torch::zeros({3, width, 21});
                const depthwise_kernel::Convolution work{
                    size,  {x.const_data_ptr<float>(), 21}, {}, weight.const_data_ptr<float>(),
                    false, bias.const_data_ptr<float>(),    {}, {y.data_ptr<float>(), 21},
                    {}};
                const torch::Tensor scratch = torch::empty({(*build)->scratch(size, strip, 0) + 16});
                auto address = reinterpret_cast<std::uintptr_t>(scratch.data_ptr<float>());
                auto* const aligned = reinterpret_cast<float*>((address + 63) / 64 * 64);
                for (std::int64_t block = 0; block * (*build)->lanes < 21; ++block) {
                    (*build)->load_weights(work, block, aligned);
                    (*build)->convolve(work, block, strip, aligned);
                }
                const torch::Tensor want = at::conv2d(x.permute({2, 0, 1}).unsqueeze(0), weight.unsqueeze(1),
                                                      bias, 1, kernel / 2, 1, 21)[0]
                                               .permute({1, 2, 0});
                EXPECT_TRUE(torch::allclose(y, want, 1e-4, 1e-4)) << (*build)->name << kernel << " " << width;
            }
        }
    }
}

TEST(Depthwise, SecondDerivativesAreRefusedWhereTheyWouldBeWrong) {
    if (depthwise_kernel::kernels()[0] == nullptr) {
        GTEST_SKIP() << "LibTorch's convolution has them";
    }
    const Inputs in = inputs_of({1, 4, 3, {4, 4, 0}}, true).cast(torch::kFloat);
    const torch::Tensor y = depthwise(in.x, in.weight, in.bias, {4, 4, 0}, in.factor).sum();
    EXPECT_THROW(torch::autograd::grad({y}, {in.x}, {}, /*retain_graph=*/true, /*create_graph=*/true),
                 c10::Error);
}

TEST(Depthwise, TokensThatDoNotFitTheGridAreRefused) {
    const torch::Tensor weight = torch::randn({4, 1, 3, 3}), bias = torch::randn({4});
    EXPECT_THROW(depthwise(torch::randn({1, 15, 4}), weight, bias, {4, 4, 0}), c10::Error);
    EXPECT_THROW(depthwise(torch::randn({1, 16, 5}), weight, bias, {4, 4, 0}), c10::Error);
    EXPECT_THROW(depthwise(torch::randn({1, 16, 4}), weight, bias, {4, 4, 0}, torch::randn({1, 16, 1})),
                 c10::Error);
    EXPECT_THROW(Depthwise(DepthwiseOptions(4, 4, TokenGrid{4, 4, 0})), c10::Error);
}

/// Of all three ways in; the one with a linear layer is large enough to be computed on the way.
TEST(Depthwise, TensorsThatDoNotFitEachOtherAreRefused) {
    const torch::NoGradGuard no_grad;
    const TokenGrid grid{12, 10, 1}, row{1, 120, 1};
    const torch::Tensor x = torch::randn({2, 121, 4}), linear = torch::randn({4, 4}),
                        offset = torch::randn({4});
    const torch::Tensor weight = torch::randn({4, 1, 3, 3}), bias = torch::randn({4});
    const auto refusals = [&](const torch::Tensor& w, const torch::Tensor& b, const TokenGrid& g,
                              const torch::Tensor& factor = {}) {
        int thrown = 0;
        for (const auto& call : std::vector<std::function<torch::Tensor()>>{
                 [&] { return depthwise(x, w, b, g, factor); },
                 [&] { return depthwise_of_fresh(x.clone(), w, b, g, factor); },
                 [&] { return linear_depthwise(x, linear, offset, w, b, g, factor); }}) {
            try {
                call();
            } catch (const c10::Error&) { ++thrown; }
        }
        return thrown;
    };
    EXPECT_EQ(refusals(weight, bias, grid), 0);
    EXPECT_EQ(refusals(torch::randn({4, 1, 1, 3}), bias, row, torch::randn({2, 121, 4})), 0);
    EXPECT_EQ(refusals(weight, torch::randn({3}), grid), 3);
    EXPECT_EQ(refusals(weight, torch::randn({4, 1}), grid), 3);
    EXPECT_EQ(refusals(torch::randn({4, 1, 4, 4}), bias, grid), 3); // even
    EXPECT_EQ(refusals(torch::randn({4, 1, 5, 3}), bias, grid), 3);
    EXPECT_EQ(refusals(torch::randn({4, 1, 3, 3}), bias, row), 3); // a row has no places above and below
    EXPECT_EQ(refusals(torch::randn({4, 1, 1, 3}), bias, grid), 3);
    EXPECT_EQ(refusals(torch::randn({4, 2, 3, 3}), bias, grid), 3);
    EXPECT_EQ(refusals(torch::randn({4, 3, 3}), bias, grid), 3);
    EXPECT_EQ(refusals(torch::randn({5, 1, 3, 3}), torch::randn({5}), grid), 3);
    EXPECT_EQ(refusals(weight, bias, {11, 10, 1}), 3);
    EXPECT_EQ(refusals(weight, bias, grid, torch::randn({2, 120, 4})), 3);
    // The linear layer's own.
    EXPECT_THROW(linear_depthwise(x, torch::randn({4, 5}), offset, weight, bias, grid), c10::Error);
    EXPECT_THROW(linear_depthwise(x, linear, torch::randn({3}), weight, bias, grid), c10::Error);
    EXPECT_THROW(linear_depthwise(x, torch::randn({3, 4}), torch::randn({3}), weight, bias, grid),
                 c10::Error);
}

TEST(Depthwise, NoImagesGiveNone) {
    const torch::Tensor weight = torch::randn({4, 1, 3, 3}), bias = torch::randn({4});
    EXPECT_EQ(depthwise(torch::randn({0, 16, 4}), weight, bias, {4, 4, 0}).sizes(),
              (std::vector<std::int64_t>{0, 16, 4}));
}

} // namespace
} // namespace tessera::search_spaces
