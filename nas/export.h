// A trained network as files that others open.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "search_spaces/block_module.h"
#include "training/preprocessing.h"

namespace tessera::nas {

/// What whoever uses a network elsewhere has to know besides its weights.
struct Deployment {
    training::Preprocessing preprocessing;
    torch::Tensor example;     ///< one real image, scaled and cut: C x H x W uint8
    std::string example_class; ///< what it shows
};

struct ExportResult {
    std::filesystem::path folder;
    double torchscript_difference = 0; ///< max abs difference of outputs, reloaded model.pt against the
                                       ///< network, batches 1, 3 and 64 and the example
    double weights_difference =
        0; ///< the same for a network rebuilt from architecture.yaml and weights.safetensors
};

/// Writes into `folder`, each file atomically:
///     model.pt             TorchScript, evaluation mode, BatchNorm folded, frozen; N x C x H x W float32 in
///                          (normalised), N x classes float32 out (logits), or N x 1 x H x W (depths). Inside
///                          it also architecture.yaml and preprocessing.json as extra files, the methods of
///                          preprocessing_script(), and the attributes `classes` (names), example_pixels,
///                          example_input, example_output
///     weights.safetensors  of the network as it was trained
///     architecture.yaml    see architecture_yaml()
///     preprocessing.json   see preprocessing_json()
///     example.safetensors  pixels (1 x C x H x W uint8), input (the same normalised, float32) and output (1
///     x
///                          classes logits or 1 x 1 x H x W depths, float32) of the example, for consumers
///                          that open no TorchScript
/// reloads them and compares. The same network and deployment give the same bytes. Throws RunError when the
/// network's outputs are not finite (nothing is written) or a reloaded model's differ by more than 1e-3, and
/// std::invalid_argument for a deployment that is not the space's.
ExportResult export_network(search_spaces::Network& network, const search_spaces::SearchSpace& space,
                            const Deployment& deployment, const std::filesystem::path& folder);

/// Names of the files that export_network() writes.
std::set<std::string> exported_files();

/// architecture.yaml: `schema`, `id`, `architecture` (canonical text) and a `space` section whose blocks have
/// one choice each, so that SearchSpace::read rebuilds it.
std::string architecture_yaml(const search_spaces::SearchSpace& space,
                              const search_spaces::Architecture& architecture);

/// `family: {parameter: value, ...}`, as the reader of spaces takes it.
std::string choice_yaml(const search_spaces::Choice& choice);

/// The reverse, from anywhere. Throws RunError that names `source`: another schema, no space of one choice a
/// block, id and architecture that do not belong together.
struct ArchitectureFile {
    search_spaces::SearchSpace space;
    search_spaces::Architecture architecture;
};
ArchitectureFile parse_architecture(const std::string& yaml, const std::string& source);

/// A network and its one-architecture space, rebuilt from an exported folder. Throws RunError naming the
/// file: missing, damaged, id and architecture that do not belong together, weights of another architecture.
struct Loaded {
    search_spaces::SearchSpace space;
    search_spaces::Network network{nullptr};
};
Loaded load_exported(const std::filesystem::path& folder);

} // namespace tessera::nas
