// Decoded images of one split in one file, so that thousands of small files are decoded once.
//
// Little endian: 8 bytes "TESIMG01", 16 bytes key, int64 count, channels, height, width, uint64 checksum
// (support::Hasher over labels, then pixels), count x int64 labels, count x channels x height x width bytes.
// The checksum tells a damaged file from a whole one; it is no protection against somebody who writes into
// the cache.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "training/dataset.h"

namespace tessera::training {

/// Nothing when the file does not exist; a warning and nothing when it is not exactly what write_decoded()
/// would have written for this key and shape (count, channels, height, width), or a label is not below
/// `classes`.
std::optional<Dataset> read_decoded(const std::filesystem::path& file, const std::string& key,
                                    const std::array<std::int64_t, 4>& shape, std::int64_t classes);

/// Written beside and renamed. A cache that cannot be written is a warning: the images are in memory already.
void write_decoded(const std::filesystem::path& file, const std::string& key, const Dataset& data);

} // namespace tessera::training
