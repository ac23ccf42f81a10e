#include "nas/export.h"

#include <array>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "latency/deployed.h"
#include "nas/preprocessing_file.h"
#include "search_spaces/torchscript.h"
#include "support/error.h"
#include "support/files.h"
#include "training/batches.h"
#include "training/layout.h"
#include "training/state.h"

namespace tessera::nas {
namespace {

using search_spaces::Network;
using search_spaces::SearchSpace;

/// Batches other than the traced one: a batch size that the trace had baked in would show.
constexpr std::array<std::int64_t, 3> batches{1, 3, 64};
constexpr double tolerance = 1e-3;

using Forward = std::function<torch::Tensor(const torch::Tensor&)>;

std::vector<torch::Tensor> inputs_for(const SearchSpace& space) {
    std::vector<torch::Tensor> result;
    for (const std::int64_t batch : batches) {
        result.push_back(
            latency::noise(space.input(), batch, torch::kCPU, static_cast<std::uint64_t>(batch)));
    }
    return result;
}

/// Largest absolute difference of the outputs; NaN where one of them is.
double difference(const Forward& a, const Forward& b, const std::vector<torch::Tensor>& inputs) {
    double largest = 0;
    for (const torch::Tensor& x : inputs) {
        const double here = (a(x) - b(x)).abs().max().item<double>();
        if (!(here <= largest)) {
            largest = here;
        }
        if (std::isnan(largest)) {
            break;
        }
    }
    return largest;
}

void require_close(double found, const std::filesystem::path& file, const std::string& what) {
    if (found <= tolerance) {
        return;
    }
    throw support::RunError(
        fmt::format("{}: {} gives outputs that differ from the network's by {:.3g}; at most {:g} is "
                    "allowed",
                    file.string(), what, found, tolerance));
}

/// A copy on the CPU in evaluation mode, in the layout in which it runs fastest: a convolution computes
/// channels-last as soon as its weights are, whatever the user's images are.
Network deployable(const Network& network) {
    Network copy(
        std::dynamic_pointer_cast<search_spaces::NetworkImpl>(network->clone(torch::Device(torch::kCPU))));
    copy->eval();
    training::to_channels_last(*copy);
    return copy;
}

/// The image as tensors of one batch, and the network's answer.
struct Example {
    torch::Tensor pixels, input, output;
};

/// Answered as part of a batch of which LibTorch computes the same bits whatever the number of threads.
Example example_of(Network& network, const Deployment& deployment) {
    constexpr std::int64_t batch = 32;
    const training::Dataset image{deployment.example.unsqueeze(0).contiguous(),
                                  torch::zeros({1}, torch::kInt64)};
    const training::Normalisation normalisation{deployment.preprocessing.mean,
                                                deployment.preprocessing.deviation};
    const std::vector<std::int64_t> rows(batch, 0);
    const torch::Tensor inputs = training::make_batch(image, rows, normalisation).images;
    const torch::Tensor outputs = network->forward(inputs);
    return {image.images, inputs.slice(0, 0, 1).clone(at::MemoryFormat::Contiguous),
            outputs.slice(0, 0, 1).clone(at::MemoryFormat::Contiguous)};
}

void check_deployment(const Deployment& deployment, const SearchSpace& space) {
    const auto& p = deployment.preprocessing;
    const auto& input = space.input();
    const bool same_input =
        p.channels == input.channels && p.height == input.height && p.width == input.width;
    if (!same_input || static_cast<std::int64_t>(p.classes.size()) != space.classes() ||
        p.depths != space.head().dense()) {
        throw std::invalid_argument("export_network: the preprocessing is of another space");
    }
    if (deployment.example.scalar_type() != torch::kUInt8 ||
        deployment.example.sizes() != at::IntArrayRef({p.channels, p.height, p.width})) {
        throw std::invalid_argument("export_network: the example is no C x H x W uint8 image of the space");
    }
}

torch::jit::Module script_of(Network& network, const Deployment& deployment, const Example& example,
                             const torch::Tensor& traced_on) {
    torch::jit::Module module = search_spaces::deploy(
        *network, [&](const torch::Tensor& x) { return network->forward(x); }, traced_on);
    // After freezing, which drops whatever forward() does not use.
    module.define(preprocessing_script(deployment.preprocessing));
    c10::List<std::string> classes;
    for (const std::string& name : deployment.preprocessing.classes) {
        classes.push_back(name);
    }
    module.register_attribute("classes", c10::ListType::ofStrings(), classes);
    module.register_attribute("example_pixels", c10::TensorType::get(), example.pixels);
    module.register_attribute("example_input", c10::TensorType::get(), example.input);
    module.register_attribute("example_output", c10::TensorType::get(), example.output);
    return module;
}

void write_script(const std::filesystem::path& file, const torch::jit::Module& module,
                  const torch::jit::ExtraFilesMap& documents) {
    // Through memory: an archive saved to a file carries that file's, here a temporary name.
    std::ostringstream bytes;
    module.save(bytes, documents);
    support::write_atomically(file, std::move(bytes).str());
}

torch::jit::Module read_script(const std::filesystem::path& file) {
    try {
        return torch::jit::load(file.string(), torch::kCPU);
    } catch (const c10::Error& error) {
        throw support::RunError(
            fmt::format("{}: cannot be read back: {}", file.string(), error.what_without_backtrace()));
    }
}

} // namespace

std::set<std::string> exported_files() {
    return {"model.pt", "weights.safetensors", "architecture.yaml", "preprocessing.json",
            "example.safetensors"};
}

ExportResult export_network(Network& network, const SearchSpace& space, const Deployment& deployment,
                            const std::filesystem::path& folder) {
    check_deployment(deployment, space);
    const torch::NoGradGuard no_grad;
    const std::string yaml = architecture_yaml(space, network->architecture);
    const std::string json = preprocessing_json(deployment.preprocessing);
    std::vector<torch::Tensor> inputs = inputs_for(space);
    Network original = deployable(network);
    const Forward reference = [&](const torch::Tensor& x) { return original->forward(x); };
    const Example example = example_of(original, deployment);
    if (!reference(inputs[0]).isfinite().all().item<bool>() ||
        !example.output.isfinite().all().item<bool>()) {
        throw support::RunError(
            fmt::format("{}: nothing was written: the network's outputs are not finite", folder.string()));
    }

    ExportResult result{folder, 0, 0};
    const std::string id = original->architecture.id();
    const auto script = folder / "model.pt", weights = folder / "weights.safetensors";
    training::write_safetensors(
        weights, training::state_of(*original),
        {{"schema", "tessera-weights-1"}, {"architecture", original->architecture.text()}, {"id", id}});
    support::write_atomically(folder / "architecture.yaml", yaml);
    support::write_atomically(folder / "preprocessing.json", json);
    training::write_safetensors(
        folder / "example.safetensors",
        {{"pixels", example.pixels}, {"input", example.input}, {"output", example.output}},
        {{"schema", "tessera-example-1"}, {"id", id}, {"class", deployment.example_class}});
    write_script(script, script_of(original, deployment, example, inputs.front()),
                 {{"architecture.yaml", yaml}, {"preprocessing.json", json}});

    torch::jit::Module module = read_script(script);
    inputs.push_back(module.attr("example_input").toTensor());
    const Forward reloaded = [&](const torch::Tensor& x) { return module.forward({x}).toTensor(); };
    result.torchscript_difference = difference(reference, reloaded, inputs);
    require_close(result.torchscript_difference, script, "the reloaded model");

    Loaded loaded = load_exported(folder);
    const Forward rebuilt = [&](const torch::Tensor& x) { return loaded.network->forward(x); };
    result.weights_difference = difference(reference, rebuilt, inputs);
    require_close(result.weights_difference, weights, "the network rebuilt from it");
    return result;
}

} // namespace tessera::nas
