#include "nas/export.h"

#include <cstdlib>
#include <fstream>

#include <sys/wait.h>

#include <gmock/gmock.h>
#include <torch/script.h>

#include "nas/preprocessing_file.h"
#include "support/error.h"
#include "support/files.h"
#include "tests/nas/exporting.h"
#include "training/safetensors.h"

namespace tessera::nas {
namespace {

using search_spaces::Network;
using search_spaces::SearchSpace;
using support::RunError;
using testing::deployment;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using testing::trained;

SearchSpace space() { return testing::small_space(); }

class Export : public testing::ExportTest {
protected:
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
};

TEST_F(Export, WritesFilesThatAgreeWithTheNetwork) {
    const SearchSpace s = space();
    Network network = trained(s);
    const ExportResult result = export_network(network, s, deployment(s), folder);
    EXPECT_EQ(result.folder, folder);
    EXPECT_LT(result.torchscript_difference, 1e-4);
    EXPECT_EQ(result.weights_difference, 0);
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        files.insert(entry.path().filename());
    }
    EXPECT_THAT(files, ::testing::ElementsAre("architecture.yaml", "example.safetensors", "model.pt",
                                              "preprocessing.json", "weights.safetensors"));
    EXPECT_TRUE(network->is_training());
}

TEST_F(Export, ThePublishedModelIsTheTrainedNetworkItself) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, deployment(s), folder);
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
        const ExportResult result = export_network(network, s, deployment(s), folder / std::to_string(i));
        EXPECT_LT(result.torchscript_difference, 1e-4) << network->architecture.text();
    }
}

TEST_F(Export, FoldsAllBatchNorms) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, deployment(s), folder);
    const torch::jit::Module model = torch::jit::load((folder / "model.pt").string());
    EXPECT_THAT(model.get_method("forward").graph()->toString(), ::testing::Not(HasSubstr("batch_norm")));
}

TEST_F(Export, TheModelCarriesWhatWasDoneToImages) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, deployment(s), folder);
    torch::jit::ExtraFilesMap inside{{"architecture.yaml", ""}, {"preprocessing.json", ""}};
    torch::jit::Module model = torch::jit::load((folder / "model.pt").string(), torch::kCPU, inside);
    EXPECT_EQ(inside["architecture.yaml"], support::read_file(folder / "architecture.yaml"));
    EXPECT_EQ(inside["preprocessing.json"], support::read_file(folder / "preprocessing.json"));
    EXPECT_EQ(inside["preprocessing.json"], preprocessing_json(deployment(s).preprocessing));
    const auto classes = model.attr("classes").toList();
    ASSERT_EQ(classes.size(), 7U);
    EXPECT_EQ(classes.get(6).toStringRef(), "class 6");
}

TEST_F(Export, TheExampleIsTheNetworksOwnAnswer) {
    const SearchSpace s = space();
    Network network = trained(s);
    const Deployment d = deployment(s);
    export_network(network, s, d, folder);
    network->eval();
    const torch::NoGradGuard no_grad;
    const auto example = training::read_safetensors(folder / "example.safetensors");
    EXPECT_EQ(example.metadata.at("schema"), "tessera-example-1");
    EXPECT_EQ(example.metadata.at("class"), "class 2");
    EXPECT_EQ(example.metadata.at("id"), network->architecture.id());
    const torch::Tensor pixels = example.tensors.at("pixels"), input = example.tensors.at("input"),
                        output = example.tensors.at("output");
    EXPECT_TRUE(pixels.equal(d.example.unsqueeze(0)));
    EXPECT_EQ(input.sizes(), at::IntArrayRef({1, 3, 16, 12}));
    EXPECT_FLOAT_EQ(input[0][1][4][5].item<float>(), (d.example[1][4][5].item<float>() / 255 - 0.25F) / 0.5F);
    EXPECT_LT((network->forward(input) - output).abs().max().item<double>(), 1e-4);

    torch::jit::Module model = torch::jit::load((folder / "model.pt").string());
    EXPECT_TRUE(model.attr("example_pixels").toTensor().equal(pixels));
    EXPECT_TRUE(model.attr("example_input").toTensor().equal(input));
    EXPECT_TRUE(model.attr("example_output").toTensor().equal(output));
    EXPECT_LT((model.forward({input}).toTensor() - output).abs().max().item<double>(), 1e-4);
    EXPECT_TRUE(model.get_method("normalise")({pixels}).toTensor().equal(input));
    const torch::Tensor image = pixels[0].permute({1, 2, 0}); // as decoders give it; nothing to scale or cut
    EXPECT_TRUE(model.get_method("preprocess")({image}).toTensor().equal(input));
}

TEST_F(Export, TheNumberOfThreadsChangesNoByte) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, deployment(s), folder / "one");
    at::set_num_threads(2);
    export_network(network, s, deployment(s), folder / "two");
    for (const char* const file : {"weights.safetensors", "model.pt", "example.safetensors"}) {
        EXPECT_TRUE(support::read_file(folder / "one" / file) == support::read_file(folder / "two" / file))
            << file;
    }
}

TEST_F(Export, RefusesADeploymentOfAnotherSpace) {
    const SearchSpace s = space();
    Network network = trained(s);
    const auto refused = [&](const auto& change) {
        Deployment d = deployment(s);
        change(d);
        EXPECT_THROW(export_network(network, s, d, folder), std::invalid_argument);
        EXPECT_FALSE(std::filesystem::exists(folder));
    };
    refused([](Deployment& d) { d.preprocessing.classes.pop_back(); });
    refused([](Deployment& d) { d.preprocessing.width = 16; });
    refused([](Deployment& d) { d.example = d.example.to(torch::kFloat32); });
    refused([](Deployment& d) { d.example = d.example.unsqueeze(0); });
}

TEST_F(Export, TheSameNetworkGivesTheSameBytes) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, deployment(s), folder / "a");
    export_network(network, s, deployment(s), folder / "b");
    for (const char* const file : {"architecture.yaml", "weights.safetensors", "model.pt",
                                   "preprocessing.json", "example.safetensors"}) {
        EXPECT_TRUE(support::read_file(folder / "a" / file) == support::read_file(folder / "b" / file))
            << file;
    }
}

TEST_F(Export, RefusesANetworkThatIsNotFinite) {
    const SearchSpace s = space();
    Network network = trained(s);
    const torch::NoGradGuard no_grad;
    network->head->named_parameters()["linear.bias"].fill_(std::numeric_limits<float>::quiet_NaN());
    EXPECT_THAT([&] { export_network(network, s, deployment(s), folder); },
                ThrowsMessage<RunError>(HasSubstr("not finite")));
    EXPECT_FALSE(std::filesystem::exists(folder / "model.pt"));
}

TEST_F(Export, AnUnwritableFolderIsNamed) {
    const SearchSpace s = space();
    Network network = trained(s);
    support::write_atomically(folder, "a file in the way");
    EXPECT_THAT([&] { export_network(network, s, deployment(s), folder); },
                ThrowsMessage<RunError>(HasSubstr(folder.string())));
}

TEST_F(Export, ArchitectureFileReadsBack) {
    const SearchSpace s = space();
    const std::string text = architecture_yaml(s, s.reference());
    EXPECT_THAT(text, ::testing::StartsWith(
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
    export_network(network, s, deployment(s), folder);
    export_network(other, s, deployment(s), folder / "other");
    std::filesystem::copy_file(folder / "other/weights.safetensors", folder / "weights.safetensors",
                               std::filesystem::copy_options::overwrite_existing);
    expect_refused("these are the weights of architecture " + other->architecture.id());
    std::filesystem::remove(folder / "weights.safetensors");
    expect_refused("weights.safetensors");
}

TEST_F(Export, RefusesDamagedDescriptions) {
    const SearchSpace s = space();
    Network network = trained(s);
    export_network(network, s, deployment(s), folder);
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
    export_network(network, s, deployment(s), folder);
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
    export_network(network, s, deployment(s), folder);
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
extra = {"architecture.yaml": "", "preprocessing.json": ""}
model = torch.jit.load(folder + "/model.pt", _extra_files=extra)
for name in extra:
    assert extra[name] == open(folder + "/" + name, "rb").read(), name
example = model.example_input
assert (model(example) - model.example_output).abs().max() < 1e-4, "example"
assert torch.equal(model.normalise(model.example_pixels), example), "normalise"
assert torch.equal(model.preprocess(model.example_pixels[0].permute(1, 2, 0)), example), "preprocess"
assert model.classes == ["class %d" % i for i in range(7)], "classes"
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
