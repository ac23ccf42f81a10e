// A network from the files that export_network() wrote. They may come from anywhere: nothing is believed.
#include <fmt/format.h>

#include "nas/export.h"
#include "support/error.h"
#include "support/files.h"
#include "training/layout.h"
#include "training/state.h"

namespace tessera::nas {
namespace {

using search_spaces::Architecture;
using search_spaces::SearchSpace;
using support::RunError;

ArchitectureFile read_description(const support::Document& document) {
    support::Section root = document.root();
    std::string schema, id, text;
    root.require("schema").read("schema", schema, "format of this file");
    if (schema != "tessera-architecture-1") {
        root.fail("schema",
                  fmt::format("'{}' is not tessera-architecture-1, which this version reads", schema));
    }
    root.require("id").read("id", id, "content hash of the architecture");
    root.require("architecture").read("architecture", text, "one choice per block");
    ArchitectureFile result{SearchSpace::read(root.section("space", "the network's skeleton")),
                            Architecture::parse(text)};
    root.finish();
    for (const search_spaces::Block& block : result.space.blocks()) {
        if (block.choices.size() != 1) {
            root.fail("space", fmt::format("block '{}' has {} choices, but an architecture's has one",
                                           block.name, block.choices.size()));
        }
    }
    if (result.space.reference() != result.architecture) {
        root.fail("architecture", "its choices are not those of the blocks under 'space'");
    }
    if (result.architecture.id() != id) {
        root.fail("id", fmt::format("'{}' belongs to another architecture; this one's is {}", id,
                                    result.architecture.id()));
    }
    return result;
}

/// Refuses weights of another architecture, and does so before a network is built whose size a small file
/// merely claims.
void check_weights(const training::SafetensorsFile& weights, const ArchitectureFile& description,
                   const std::filesystem::path& file) {
    const auto stated = weights.metadata.find("id");
    if (stated != weights.metadata.end() && stated->second != description.architecture.id()) {
        throw RunError(fmt::format("{}: these are the weights of architecture {}, not of {}", file.string(),
                                   stated->second, description.architecture.id()));
    }
    std::int64_t elements = 0;
    for (const auto& [name, tensor] : weights.tensors) {
        elements += tensor.numel();
    }
    const std::int64_t needed = description.space.costs(description.architecture).parameters;
    if (elements < needed) {
        throw RunError(fmt::format("{}: {} numbers are too few for the {} parameters of {}", file.string(),
                                   elements, needed, (file.parent_path() / "architecture.yaml").string()));
    }
}

} // namespace

ArchitectureFile parse_architecture(const std::string& yaml, const std::string& source) {
    try {
        return read_description(support::Document::parse(yaml, source));
    } catch (const support::UsageError& error) {
        // The configuration reader's view is that of a user who wrote the file; here it is data.
        const std::string message = error.what();
        throw RunError(message.find(source) == std::string::npos ? source + ": " + message : message);
    }
}

Loaded load_exported(const std::filesystem::path& folder) {
    const auto yaml = folder / "architecture.yaml", weights = folder / "weights.safetensors";
    ArchitectureFile description = parse_architecture(support::read_file(yaml), yaml.string());
    const training::SafetensorsFile stored = training::read_safetensors(weights);
    check_weights(stored, description, weights);
    search_spaces::Network network(description.space, description.architecture);
    training::load_state(*network, stored.tensors, weights.string());
    training::to_channels_last(*network);
    network->eval();
    return {std::move(description.space), network};
}

} // namespace tessera::nas
