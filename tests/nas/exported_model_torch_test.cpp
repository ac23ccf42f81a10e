#include "nas/exported_model.h"

#include <gmock/gmock.h>

#include "nas/preprocessing_file.h"
#include "support/error.h"
#include "support/files.h"
#include "tests/nas/exporting.h"

namespace tessera::nas {
namespace {

using search_spaces::Network;
using search_spaces::SearchSpace;
using support::RunError;
using ::testing::AllOf;
using testing::deployment;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

class OpenExport : public testing::ExportTest {
protected:
    void SetUp() override {
        ExportTest::SetUp();
        const SearchSpace s = testing::small_space();
        network = testing::trained(s);
        export_network(network, s, deployment(s), folder);
    }
    /// One line that names the file.
    static void expect_refused(const std::filesystem::path& path, const std::string& why) {
        EXPECT_THAT(
            [&] { ExportedModel(path, torch::kCPU); },
            ThrowsMessage<RunError>(AllOf(StartsWith(path.string()), HasSubstr(why), Not(HasSubstr("\n")))));
    }
    /// model.pt of any module with these documents inside.
    std::filesystem::path saved(const torch::jit::Module& module,
                                const torch::jit::ExtraFilesMap& documents) const {
        module.save((folder / "other.pt").string(), documents);
        return folder / "other.pt";
    }
    std::string text(const char* name) const { return support::read_file(folder / name); }

    Network network{nullptr};
};

TEST_F(OpenExport, AFolderOrItsModelAlone) {
    ExportedModel model(folder, torch::kCPU);
    EXPECT_EQ(model.file(), folder / "model.pt");
    EXPECT_EQ(model.id(), network->architecture.id());
    EXPECT_EQ(model.architecture(), network->architecture.text());
    EXPECT_EQ(preprocessing_json(model.preprocessing()), text("preprocessing.json"));
    std::filesystem::rename(folder / "model.pt", folder / "alone.pt");
    EXPECT_EQ(ExportedModel(folder / "alone.pt", torch::kCPU).id(), network->architecture.id());
}

TEST_F(OpenExport, ClassifiesPixelsAsTheNetworkDoes) {
    ExportedModel model(folder, torch::kCPU);
    network->eval();
    const torch::NoGradGuard no_grad;
    for (const std::int64_t batch : {1, 3, 64}) {
        const torch::Tensor pixels = latency::noise(testing::small_space().input(), batch, torch::kCPU, 9)
                                         .mul(50)
                                         .add(120)
                                         .clamp(0, 255)
                                         .to(torch::kUInt8)
                                         .contiguous();
        const torch::Tensor mean = torch::tensor({0.5, 0.25, 0.4}).view({1, 3, 1, 1}),
                            deviation = torch::tensor({0.2, 0.5, 0.3}).view({1, 3, 1, 1});
        const torch::Tensor input = (pixels / 255.0 - mean) / deviation;
        const torch::Tensor logits = model.outputs(pixels);
        EXPECT_EQ(logits.sizes(), at::IntArrayRef({batch, 7}));
        EXPECT_LT((network->forward(input.to(torch::kFloat32)) - logits).abs().max().item<double>(), 1e-4);
    }
}

TEST_F(OpenExport, RefusesPathsWithoutAModel) {
    expect_refused(folder / "none", "no such file");
    std::filesystem::create_directory(folder / "empty");
    expect_refused(folder / "empty", "no model.pt in it");
    expect_refused("/dev/null", "neither a file nor a folder");
}

TEST_F(OpenExport, RefusesFilesThatAreCutShortOrOfAnotherKind) {
    const std::string whole = text("model.pt");
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{3}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
        support::write_atomically(folder / "model.pt", whole.substr(0, size));
        expect_refused(folder / "model.pt", "cannot be read as TorchScript");
    }
    expect_refused(folder / "weights.safetensors", "cannot be read as TorchScript");
    expect_refused(folder / "preprocessing.json", "cannot be read as TorchScript");
    torch::save(torch::zeros({3}), (folder / "tensor.pt").string());
    expect_refused(folder / "tensor.pt", "");
}

TEST_F(OpenExport, SurvivesDamagedBytes) {
    const std::string whole = text("model.pt");
    for (std::size_t at = 0; at < whole.size(); at += whole.size() / 40) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
        support::write_atomically(folder / "model.pt", damaged);
        try {
            ExportedModel model(folder, torch::kCPU);
            model.outputs(torch::zeros({1, 3, 16, 12}, torch::kUInt8));
        } catch (const RunError& error) {
            EXPECT_THAT(error.what(), AllOf(HasSubstr("model.pt"), Not(HasSubstr("\n"))));
        }
    }
}

TEST_F(OpenExport, RefusesModelsWithoutTheirDocuments) {
    const torch::jit::Module module = torch::jit::load((folder / "model.pt").string());
    const std::string yaml = text("architecture.yaml"), json = text("preprocessing.json");
    expect_refused(saved(module, {}),
                   "`tessera export` of this version did not write it; export the network again");
    expect_refused(saved(module, {{"architecture.yaml", yaml}}), "holds no preprocessing.json");
    expect_refused(saved(module, {{"architecture.yaml", yaml}, {"preprocessing.json", "{}"}}),
                   "other.pt, preprocessing.json: 'schema' is missing");
    expect_refused(saved(module, {{"architecture.yaml", "a: b"}, {"preprocessing.json", json}}),
                   "other.pt, architecture.yaml");
    auto p = deployment(testing::small_space()).preprocessing;
    p.classes.pop_back();
    expect_refused(
        saved(module, {{"architecture.yaml", yaml}, {"preprocessing.json", preprocessing_json(p)}}),
        "preprocessing.json is for 6 classes of 3x16x12, architecture.yaml for 7 of 3x16x12");
}

TEST_F(OpenExport, RefusesAFolderOfTwoExports) {
    const SearchSpace s = testing::small_space();
    Network other = testing::trained(s, {1, 1, 1});
    export_network(other, s, deployment(s), folder / "other");
    std::filesystem::copy_file(folder / "other/model.pt", folder / "model.pt",
                               std::filesystem::copy_options::overwrite_existing);
    EXPECT_THAT([&] { ExportedModel(folder, torch::kCPU); },
                ThrowsMessage<RunError>(HasSubstr("architecture.yaml: it is not the one inside")));
    EXPECT_EQ(ExportedModel(folder / "model.pt", torch::kCPU).id(), other->architecture.id());
    std::filesystem::remove(folder / "architecture.yaml");
    support::write_atomically(folder / "preprocessing.json", "{}");
    EXPECT_THAT([&] { ExportedModel(folder, torch::kCPU); },
                ThrowsMessage<RunError>(HasSubstr("preprocessing.json: it is not the one inside")));
}

TEST_F(OpenExport, RefusesNetworksThatAreNotWhatTheySay) {
    const torch::jit::ExtraFilesMap documents = {{"architecture.yaml", text("architecture.yaml")},
                                                 {"preprocessing.json", text("preprocessing.json")}};
    torch::jit::Module none("Empty");
    none.define("def backward(self, x: Tensor):\n    return x\n");
    expect_refused(saved(none, documents), "it has no method forward");
    const torch::Tensor pixels = torch::zeros({2, 3, 16, 12}, torch::kUInt8);
    const auto failing = [&](const char* body, const std::string& why) {
        torch::jit::Module module("Model");
        module.define(std::string("def forward(self, x: Tensor):\n    ") + body + "\n");
        const auto file = saved(module, documents);
        ExportedModel model(file, torch::kCPU);
        EXPECT_THAT(
            [&] { model.outputs(pixels); },
            ThrowsMessage<RunError>(AllOf(StartsWith(file.string()), HasSubstr(why), Not(HasSubstr("\n")))));
    };
    failing("return x.view([2, 3])", "the network fails on images of 3x16x12: ");
    failing("assert False, \"no\"\n    return x", "the network fails on images of 3x16x12: ");
    failing("return 3", "the network fails on images of 3x16x12: ");
    failing("return x", "its outputs are 2x3x16x12, expected 2x7");
    failing("return torch.zeros([2, 6])", "its outputs are 2x6, expected 2x7");
    failing("return torch.zeros([2, 7]) / 0.0", "its outputs are not finite");
}

} // namespace
} // namespace tessera::nas
