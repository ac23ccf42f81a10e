// A trained network as files that others open.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "search_spaces/block_module.h"

namespace tessera::nas {

struct ExportResult {
    std::filesystem::path folder;
    double torchscript_difference =
        0; ///< max abs difference of logits, reloaded model.pt against the network, batches 1, 3 and 64
    double weights_difference =
        0; ///< the same for a network rebuilt from architecture.yaml and weights.safetensors
};

/// Writes model.pt (TorchScript, evaluation mode, BatchNorm folded, frozen), weights.safetensors and
/// architecture.yaml into `folder`, each atomically, reloads each and compares. Throws RunError when a
/// reloaded model differs by more than 1e-3.
ExportResult export_network(search_spaces::Network& network, const search_spaces::SearchSpace& space,
                            const std::filesystem::path& folder);

/// architecture.yaml: `schema`, `id`, `architecture` (canonical text) and a `space` section whose blocks have
/// one choice each, so that SearchSpace::read rebuilds it.
std::string architecture_yaml(const search_spaces::SearchSpace& space,
                              const search_spaces::Architecture& architecture);

/// `family: {parameter: value, ...}`, as the reader of spaces takes it.
std::string choice_yaml(const search_spaces::Choice& choice);

/// A network and its one-architecture space, rebuilt from an exported folder. Throws RunError naming the
/// file: missing, damaged, id and architecture that do not belong together, weights of another architecture.
struct Loaded {
    search_spaces::SearchSpace space;
    search_spaces::Network network{nullptr};
};
Loaded load_exported(const std::filesystem::path& folder);

} // namespace tessera::nas
