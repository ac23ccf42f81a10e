// Which keys differ between two versions of a configuration.
#pragma once

#include <string>
#include <vector>

namespace tessera::support {

struct KeyChange {
    std::string path;          ///< e.g. "teach.epochs", "space.blocks[2].stride"
    std::string before, after; ///< as YAML scalars; empty where the key is not there

    /// "teach.epochs: 12 -> 16"
    std::string text() const;
};

/// Scalars that differ, in the order of `after`, then those that only `before` has. `path` is that of both
/// texts' roots. Texts that are not YAML mappings or lists compare as one scalar each.
std::vector<KeyChange> differences(const std::string& before, const std::string& after,
                                   const std::string& path);

} // namespace tessera::support
