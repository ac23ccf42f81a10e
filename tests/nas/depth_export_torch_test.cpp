// Networks that tell depths, as files.
#include <gmock/gmock.h>
#include <torch/script.h>

#include "nas/export.h"
#include "nas/exported_model.h"
#include "nas/preprocessing_file.h"
#include "support/error.h"
#include "support/files.h"
#include "tests/nas/exporting.h"
#include "training/safetensors.h"

namespace tessera::nas {
namespace {

using search_spaces::Network;
using search_spaces::SearchSpace;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

SearchSpace depth_space() {
    constexpr const char* yaml = R"(
space:
  input: [3, 12, 18]
  stem: {kind: patch, channels: 12, stride: 6, positions: learned, class_token: true}
  blocks: [{name: a, channels: 12, choices: [attention: {heads: 3, mlp: 2}]}]
  head: {kind: depth, norm: layer, channels: 16}
)";
    return SearchSpace::read(support::Document::parse(yaml).root().section("space", ""));
}

Deployment depth_deployment(const SearchSpace& s) {
    Deployment result = testing::deployment(s);
    result.preprocessing.classes = {"depth"};
    result.preprocessing.depths = true;
    result.example_class = "depth";
    return result;
}

class DepthExport : public testing::ExportTest {};

TEST_F(DepthExport, ReloadedModelsGiveTheSameDepths) {
    const SearchSpace s = depth_space();
    Network network = testing::trained(s, {0});
    const ExportResult result = export_network(network, s, depth_deployment(s), folder);
    EXPECT_LT(result.torchscript_difference, 1e-3);
    EXPECT_EQ(result.weights_difference, 0);
    network->eval();
    const torch::NoGradGuard no_grad;
    torch::jit::Module script = torch::jit::load((folder / "model.pt").string());
    ExportedModel model(folder, torch::kCPU);
    EXPECT_TRUE(model.preprocessing().depths);
    for (const std::int64_t batch : {1, 3, 64}) {
        const torch::Tensor x = latency::noise(s.input(), batch, torch::kCPU, 99);
        EXPECT_LT((script.forward({x}).toTensor() / network->forward(x) - 1).abs().max().item<double>(),
                  1e-4);
        const torch::Tensor pixels = torch::full({batch, 3, 12, 18}, 90, torch::kUInt8);
        EXPECT_EQ(model.outputs(pixels).sizes(), at::IntArrayRef({batch, 1, 12, 18}));
    }
    const auto example = training::read_safetensors(folder / "example.safetensors").tensors;
    EXPECT_EQ(example.at("output").sizes(), at::IntArrayRef({1, 1, 12, 18}));
    EXPECT_TRUE(
        torch::allclose(script.forward({example.at("input")}).toTensor(), example.at("output"), 1e-4));
    EXPECT_EQ(load_exported(folder).space.head().kind, "depth");
}

TEST_F(DepthExport, HeadAndPreprocessingHaveToAgree) {
    const SearchSpace s = depth_space();
    Network network = testing::trained(s, {0});
    Deployment wrong = depth_deployment(s);
    wrong.preprocessing.depths = false;
    EXPECT_THROW(export_network(network, s, wrong, folder), std::invalid_argument);
    export_network(network, s, depth_deployment(s), folder);
    const torch::jit::Module module = torch::jit::load((folder / "model.pt").string());
    const torch::jit::ExtraFilesMap documents{
        {"architecture.yaml", support::read_file(folder / "architecture.yaml")},
        {"preprocessing.json", preprocessing_json(wrong.preprocessing)}};
    module.save((folder / "other.pt").string(), documents);
    EXPECT_THAT([&] { ExportedModel(folder / "other.pt", torch::kCPU); },
                ThrowsMessage<support::RunError>(
                    HasSubstr("a head of depth, preprocessing.json outputs of classes")));
}

} // namespace
} // namespace tessera::nas
