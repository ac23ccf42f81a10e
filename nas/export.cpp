#include "nas/export.h"

#include <array>
#include <cmath>
#include <sstream>

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include "latency/deployed.h"
#include "search_spaces/torchscript.h"
#include "support/error.h"
#include "support/files.h"
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

void write_script(const std::filesystem::path& file, Network& network, const std::string& yaml,
                  const torch::Tensor& example) {
    const torch::jit::Module module = search_spaces::deploy(
        *network, [&](const torch::Tensor& x) { return network->forward(x); }, example);
    // Through memory: an archive saved to a file carries that file's, here a temporary name.
    std::ostringstream bytes;
    module.save(bytes, {{"architecture.yaml", yaml}});
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

ExportResult export_network(Network& network, const SearchSpace& space, const std::filesystem::path& folder) {
    const torch::NoGradGuard no_grad;
    const std::string yaml = architecture_yaml(space, network->architecture);
    const std::vector<torch::Tensor> inputs = inputs_for(space);
    Network original = deployable(network);
    const Forward reference = [&](const torch::Tensor& x) { return original->forward(x); };
    if (!reference(inputs[0]).isfinite().all().item<bool>()) {
        throw support::RunError(
            fmt::format("{}: nothing was written: the network's outputs are not finite", folder.string()));
    }

    ExportResult result{folder, 0, 0};
    const auto script = folder / "model.pt", weights = folder / "weights.safetensors";
    training::write_safetensors(weights, training::state_of(*original),
                                {{"schema", "tessera-weights-1"},
                                 {"architecture", original->architecture.text()},
                                 {"id", original->architecture.id()}});
    support::write_atomically(folder / "architecture.yaml", yaml);
    write_script(script, original, yaml, inputs.front());

    torch::jit::Module module = read_script(script);
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
