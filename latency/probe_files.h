// The probes of a space as files, to be timed on another machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "latency/probe.h"

namespace tessera::latency {

struct ProbeFiles {
    std::int64_t modules =
        0;                 ///< distinct ones: blocks that offer the same choice for the same maps share one
    std::int64_t rows = 0; ///< of manifest.csv
    std::int64_t networks = 0;
    std::int64_t bytes = 0;
};

/// Whole networks that are emitted at least: fewer say little about the sum of blocks.
inline constexpr std::int64_t fewest_emitted_networks = 10;

/// Writes into a folder, which must be empty or not there yet: `modules/*.pt` (TorchScript in the form in
/// which it is timed here; weights are seeded noise), `manifest.csv` (file, block, choice, architecture,
/// batch, channels, height, width, dtype, space: stem, head, `call`, every block's choices, whole networks),
/// `measure.py`, `README.txt`. The same bytes for the same space, options and seed. Throws RunError; calls
/// check_interrupt().
ProbeFiles write_probe_files(const search_spaces::SearchSpace& space, const ProbeOptions& options,
                             std::uint64_t seed, const std::filesystem::path& folder);

} // namespace tessera::latency
