#include "nas/export.h"

#include <cstdlib>
#include <fstream>

#include <sys/wait.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <torch/script.h>

#include "latency/deployed.h"
#include "support/error.h"
#include "support/files.h"
#include "training/safetensors.h"

namespace tessera::nas {
namespace {

using search_spaces::Network;
using search_spaces::SearchSpace;
using support::RunError;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// Every family and activation, a space's name that YAML would misread, dropout, a widened head.
constexpr const char* space_yaml = R"(
space:
  name: "12: #x"
  input: [3, 16, 12]
  classes: 7
  stem: {channels: 8, act: hswish}
  head: {channels: 24, act: relu6, dropout: 0.2}
  blocks:
    - {name: b0, channels: 16, stride: 2, choices: [mbconv: {expand: [3, 6], width: 0.75, attention: se, act: swish}]}
    - {name: b1, channels: 16, choices: [mbconv: {expand: 2, depth: 2, act: hswish, attention: se}, identity: {}]}
    - {name: b2, channels: 24, stride: 2, choices: [conv: {}, identity: {}]}
)";

SearchSpace space() {
    return SearchSpace::read(support::Document::parse(space_yaml).root().section("space", ""));
}

/// Running statistics other than 0 and 1, so that a folding of BatchNorm that forgets them shows.
Network trained(const SearchSpace& s, std::initializer_list<int> genome = {0, 0, 0}) {
    Network network(s, s.architecture(std::vector<int>(genome)));
    search_spaces::initialise(*network, 5);
    network->train();
    const torch::NoGradGuard no_grad;
    for (std::uint64_t i = 0; i < 8; ++i) {
        network->forward(latency::noise(s.input(), 32, torch::kCPU, i) * 2 + 1);
    }
    return network;
}

class Export : public testing::Test {
protected:
    void SetUp() override {
        at::set_num_threads(1); // maps this small are slower with more
        const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
        folder = std::filesystem::path(testing::TempDir()) /
                 fmt::format("tessera-export-{}-{}", test->name(), getpid());
        std::filesystem::remove_all(folder);
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    /// Replaces text in architecture.yaml.
    void edit(const std::string& from, const std::string& to) const {
        std::string text = support::read_file(folder / "architecture.yaml");
        const auto at = text.find(from);
        ASSERT_NE(at, std::string::npos) << from << " is not in\n" << text;
        support::write_atomically(folder / "architecture.yaml", text.replace(at, from.size(), to));
    }
    void expect_refused(const std::string& why) const {
        EXPECT_THAT([&] { load_exported(folder); }, ThrowsMessage<RunError>(HasSubstr(why)));
    }

    std::filesystem::path folder;
};

TEST_F(Export, WritesThreeFilesThatAgreeWithTheNetwork) {
    const SearchSpace s = space();
    Network network = trained(s);
    const ExportResult result = export_network(network, s, folder);
    EXPECT_EQ(result.folder, folder);
    EXPECT_LT(result.torchscript_difference, 1e-4);
    EXPECT_EQ(result.weights_difference, 0);
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        files.insert(entry.path().filename());
    }
    EXPECT_THAT(files, testing::ElementsAre("architecture.yaml", "model.pt", "weights.safetensors"));
    EXPECT_TRUE(network->is_training());
}

TEST_F(Export, ThePublishedModelIsTheTrainedNetworkItself) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, folder);
    network->eval();
    const torch::NoGradGuard no_grad;
    torch::jit::Module model = torch::jit::load((folder / "model.pt").string());
    Loaded loaded = load_exported(folder);
    const torch::Tensor x = latency::noise(s.input(), 5, torch::kCPU, 99);
    const torch::Tensor y = network->forward(x);
    EXPECT_LT((model.forward({x}).toTensor() - y).abs().max().item<double>(), 1e-4);
    EXPECT_LT((model.forward({x.contiguous()}).toTensor() - y).abs().max().item<double>(),
              1e-4); // NCHW images
    EXPECT_LT((loaded.network->forward(x) - y).abs().max().item<double>(), 1e-4);
    EXPECT_EQ(loaded.network->architecture, network->architecture);
    EXPECT_EQ(loaded.space.reference(), network->architecture);
}

TEST_F(Export, EveryArchitectureOfTheSpace) {
    const SearchSpace s = space();
    for (int i = 0; i < 8; ++i) {
        Network network = trained(s, {i % 2, i / 2 % 2, i / 4});
        const ExportResult result = export_network(network, s, folder / std::to_string(i));
        EXPECT_LT(result.torchscript_difference, 1e-4) << network->architecture.text();
    }
}

TEST_F(Export, FoldsAllBatchNorms) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, folder);
    const torch::jit::Module model = torch::jit::load((folder / "model.pt").string());
    EXPECT_THAT(model.get_method("forward").graph()->toString(), testing::Not(HasSubstr("batch_norm")));
}

TEST_F(Export, TheSameNetworkGivesTheSameBytes) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, folder / "a");
    export_network(network, s, folder / "b");
    for (const char* const file : {"architecture.yaml", "weights.safetensors", "model.pt"}) {
        EXPECT_TRUE(support::read_file(folder / "a" / file) == support::read_file(folder / "b" / file))
            << file;
    }
}

TEST_F(Export, RefusesANetworkThatIsNotFinite) {
    const SearchSpace s = space();
    Network network = trained(s);
    const torch::NoGradGuard no_grad;
    network->head->named_parameters()["linear.bias"].fill_(std::numeric_limits<float>::quiet_NaN());
    EXPECT_THAT([&] { export_network(network, s, folder); },
                ThrowsMessage<RunError>(HasSubstr("not finite")));
    EXPECT_FALSE(std::filesystem::exists(folder / "model.pt"));
}

TEST_F(Export, AnUnwritableFolderIsNamed) {
    const SearchSpace s = space();
    Network network = trained(s);
    support::write_atomically(folder, "a file in the way");
    EXPECT_THAT([&] { export_network(network, s, folder); },
                ThrowsMessage<RunError>(HasSubstr(folder.string())));
}

TEST_F(Export, ArchitectureFileReadsBack) {
    const SearchSpace s = space();
    const std::string text = architecture_yaml(s, s.reference());
    EXPECT_THAT(text, testing::StartsWith(
                          fmt::format("schema: tessera-architecture-1\nid: \"{}\"\narchitecture: \"{}\"\n",
                                      s.reference().id(), s.reference().text())));
    const SearchSpace back = SearchSpace::read(support::Document::parse(text).root().section("space", ""));
    EXPECT_EQ(back.name(), "12: #x");
    EXPECT_EQ(back.reference(), s.reference());
    EXPECT_EQ(back.size(), 1);
    EXPECT_EQ(back.skeleton_hash(), s.skeleton_hash());
    EXPECT_EQ(back.head().dropout, 0.2);
    EXPECT_EQ(architecture_yaml(back, back.reference()), text);
}

TEST_F(Export, RefusesFilesThatDoNotBelongTogether) {
    const SearchSpace s = space();
    Network network = trained(s), other = trained(s, {1, 1, 1});
    expect_refused("architecture.yaml");
    export_network(network, s, folder);
    export_network(other, s, folder / "other");
    std::filesystem::copy_file(folder / "other/weights.safetensors", folder / "weights.safetensors",
                               std::filesystem::copy_options::overwrite_existing);
    expect_refused("these are the weights of architecture " + other->architecture.id());
    std::filesystem::remove(folder / "weights.safetensors");
    expect_refused("weights.safetensors");
}

TEST_F(Export, RefusesDamagedDescriptions) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, folder);
    const std::string good = support::read_file(folder / "architecture.yaml");
    const auto damaged = [&](const std::string& from, const std::string& to, const std::string& why) {
        support::write_atomically(folder / "architecture.yaml", good);
        edit(from, to);
        expect_refused(why);
        expect_refused("architecture.yaml");
    };
    damaged("tessera-architecture-1", "tessera-architecture-2", "this version reads");
    damaged(network->architecture.id(), "0000000000000000", "belongs to another architecture");
    damaged("architecture: \"mbconv(", "architecture: \"mbconv((", "architecture");
    damaged("act: swish", "act: relu", "not those of the blocks");
    damaged("expand: 3", "expand: [3, 6]", "has 2 choices");
    damaged("classes: 7", "clases: 7", "clases");
    damaged("schema:", "- schema:", "architecture.yaml");
    damaged("input: [3, 16, 12]", "input: [3, 16]", "three sizes");
}

TEST_F(Export, RefusesWeightsThatDoNotFit) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, folder);
    // Claims a head of gigabytes: refused before it is built.
    edit("head: {channels: 24", "head: {channels: 65536");
    edit("classes: 7", "classes: 1000000");
    expect_refused("are too few for the");
    edit("head: {channels: 65536", "head: {channels: 24");
    edit("classes: 1000000", "classes: 6");
    expect_refused("weights.safetensors");
    edit("classes: 6", "classes: 7");
    EXPECT_NO_THROW(load_exported(folder));
    std::filesystem::resize_file(folder / "weights.safetensors", 1000);
    expect_refused("weights.safetensors");
}

/// Files are for others: an independent and much older LibTorch, that of Debian's python3-torch, opens
/// model.pt and computes the same outputs.
TEST_F(Export, OpensInPythonsTorch) {
    const std::string python = "/usr/bin/python3";
    if (std::system((python + " -c 'import torch' >/dev/null 2>&1").c_str()) != 0) {
        GTEST_SKIP() << python << " has no torch; apt-get install python3-torch brings one";
    }
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, folder);
    network->eval();
    const torch::NoGradGuard no_grad;
    const auto store = [&](const std::string& name, const torch::Tensor& tensor) {
        const torch::Tensor flat = tensor.contiguous();
        std::ofstream(folder / name, std::ios::binary)
            .write(static_cast<const char*>(flat.const_data_ptr()), flat.numel() * 4);
    };
    for (const int batch : {1, 3, 64}) {
        const torch::Tensor x = latency::noise(s.input(), batch, torch::kCPU, 3);
        store(fmt::format("x{}", batch), x);
        store(fmt::format("y{}", batch), network->forward(x));
    }
    support::write_atomically(folder / "check.py", R"(
import sys, torch
folder = sys.argv[1]
extra = {"architecture.yaml": ""}
model = torch.jit.load(folder + "/model.pt", _extra_files=extra)
assert extra["architecture.yaml"] == open(folder + "/architecture.yaml", "rb").read(), "architecture.yaml"
for batch in (1, 3, 64):
    x = torch.from_file(folder + "/x%d" % batch, size=batch * 3 * 16 * 12).view(batch, 3, 16, 12)
    y = torch.from_file(folder + "/y%d" % batch, size=batch * 7).view(batch, 7)
    for _ in range(3):  # the later calls run the optimised graph
        assert (model(x) - y).abs().max() < 1e-4, "batch %d" % batch
print("opened by torch", torch.__version__)
)");
    const int status = std::system(
        fmt::format("{} '{}' '{}'", python, (folder / "check.py").string(), folder.string()).c_str());
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

} // namespace
} // namespace tessera::nas
