// The methods inside an exported model do what the program's own reading of images does.
#include <gmock/gmock.h>
#include <torch/script.h>

#include "nas/preprocessing_file.h"
#include "training/batches.h"
#include "training/datasets/image_decoding.h"

namespace tessera::nas {
namespace {

using training::Preprocessing;

Preprocessing preprocessing(std::int64_t channels, std::int64_t height, std::int64_t width) {
    Preprocessing p;
    p.channels = channels;
    p.height = height;
    p.width = width;
    p.resize = std::min(height, width);
    p.channel_order = channels == 1 ? "grey" : "RGB";
    p.mean.assign(static_cast<std::size_t>(channels), 0.4);
    p.deviation.assign(static_cast<std::size_t>(channels), 0.25);
    p.mean.back() = 0;
    p.deviation.back() = 1;
    return p;
}

torch::jit::Module compiled(const Preprocessing& p) {
    torch::jit::Module module("Model");
    module.define(preprocessing_script(p));
    return module;
}

/// Smooth with sharp edges: what a filter of another shape would change.
torch::Tensor picture(std::int64_t height, std::int64_t width, std::int64_t channels) {
    const torch::Tensor y = torch::arange(height).view({-1, 1, 1}), x = torch::arange(width).view({1, -1, 1}),
                        c = torch::arange(channels).view({1, 1, -1});
    return (y * 7 + x * 3 + c * 50 + ((x / 5 + y / 3) % 2) * 90)
        .remainder(256)
        .to(torch::kUInt8)
        .contiguous();
}

/// The program's own way from the same pixels.
torch::Tensor expected(const torch::Tensor& pixels, const Preprocessing& p) {
    const training::Image image{
        pixels.size(1),
        pixels.size(0),
        pixels.size(2),
        {pixels.data_ptr<std::uint8_t>(), pixels.data_ptr<std::uint8_t>() + pixels.numel()}};
    const ScaledSize size = scaled_size(p);
    const torch::Tensor scaled = torch::empty({1, p.channels, size.height, size.width}, torch::kUInt8);
    training::resize_and_crop(image, size.height, size.width, scaled.data_ptr<std::uint8_t>());
    const std::vector<std::int64_t> rows = {0};
    return training::make_batch({scaled, torch::zeros({1}, torch::kInt64), p.height, p.width}, rows,
                                {p.mean, p.deviation})
        .images;
}

TEST(PreprocessingScript, NormalisesToTheSameBits) {
    const Preprocessing p = preprocessing(3, 16, 16);
    torch::jit::Module module = compiled(p);
    const torch::Tensor pixels =
        torch::arange(256).to(torch::kUInt8).view({1, 1, 16, 16}).repeat({2, 3, 1, 1});
    const torch::Tensor found = module.get_method("normalise")({pixels}).toTensor();
    const std::vector<std::int64_t> rows = {0, 1};
    EXPECT_TRUE(found.equal(
        training::make_batch({pixels, torch::zeros({2}, torch::kInt64)}, rows, {p.mean, p.deviation})
            .images));
    EXPECT_FLOAT_EQ(found[0][2][3][3].item<float>(), 0.2F);
}

TEST(PreprocessingScript, ScalesAndCutsAsTheProgramDoes) {
    struct Case {
        std::int64_t channels, height, width, from_height, from_width, resize = 0;
    };
    for (const Case& c :
         {Case{3, 16, 16, 100, 61}, Case{3, 16, 16, 61, 100}, Case{1, 16, 12, 33, 90}, Case{3, 24, 32, 7, 5},
          Case{3, 8, 8, 8, 8}, Case{1, 5, 9, 300, 1}, Case{3, 16, 16, 17, 16}, Case{3, 16, 16, 100, 61, 18},
          Case{3, 16, 12, 33, 90, 15}, Case{1, 7, 8, 10, 11, 30}}) {
        Preprocessing p = preprocessing(c.channels, c.height, c.width);
        p.resize = std::max(p.resize, c.resize);
        torch::jit::Module module = compiled(p);
        const torch::Tensor pixels = picture(c.from_height, c.from_width, c.channels);
        const torch::Tensor found = module.get_method("preprocess")({pixels}).toTensor();
        ASSERT_EQ(found.sizes(), at::IntArrayRef({1, c.channels, c.height, c.width}));
        // A sum that lies on the edge between two bytes may be rounded either way.
        const torch::Tensor difference = (found - expected(pixels, p)).abs();
        EXPECT_LE(difference.max().item<double>(), 1.001 / 255 / 0.25)
            << c.from_height << "x" << c.from_width;
        EXPECT_LE((difference > 0).to(torch::kFloat32).mean().item<double>(), 0.01);
    }
}

TEST(PreprocessingScript, ALargerResizeKeepsLessOfTheImage) {
    Preprocessing p = preprocessing(1, 2, 2);
    p.mean = {0};
    p.deviation = {1.0 / 255};
    // Columns 0 to 7 of brightness 10 c: scaled to 4 columns their centres are at 1, 3, 5 and 7.
    const torch::Tensor pixels = (torch::arange(8) * 10).to(torch::kUInt8).view({1, 8, 1}).repeat({8, 1, 1});
    p.resize = 4;
    const torch::Tensor whole = compiled(p).get_method("preprocess")({pixels}).toTensor();
    EXPECT_TRUE(whole.allclose(torch::tensor({25.0F, 45.0F}).expand({1, 1, 2, 2}), 0, 1e-3)) << whole;
    p.resize = 2; // at 2 and 6, less what hangs over the edge
    const torch::Tensor half = compiled(p).get_method("preprocess")({pixels}).toTensor();
    EXPECT_TRUE(half.allclose(torch::tensor({19.0F, 51.0F}).expand({1, 1, 2, 2}), 0, 1e-3)) << half;
}

TEST(PreprocessingScript, RefusesOtherImages) {
    torch::jit::Module module = compiled(preprocessing(3, 8, 8));
    EXPECT_THROW(module.get_method("preprocess")({torch::zeros({8, 8, 1}, torch::kUInt8)}), std::exception);
    EXPECT_THROW(module.get_method("preprocess")({torch::zeros({3, 8, 8}, torch::kUInt8)}), std::exception);
    EXPECT_THROW(module.get_method("normalise")({torch::zeros({3, 8, 8}, torch::kUInt8)}), std::exception);
}

} // namespace
} // namespace tessera::nas
