// Decoded images of one folder in one file, so that thousands of small files are decoded once.
//
// Little endian: 8 bytes "TESIMG02", 16 bytes key, int64 listed files, count, channels, height, width, uint64
// bytes of text, uint64 checksum (support::Hasher over labels, pixels, text), count x int64 labels, count x
// channels x height x width bytes, text. The text has a line "PLACE REASON" for each listed file that could
// not be used. The checksum tells a damaged file from a whole one; it is no protection against somebody who
// writes into the cache.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "training/dataset.h"

namespace tessera::training {

/// A file of a listing that could not be used.
struct SkippedFile {
    std::int64_t place = 0; ///< in the listing
    std::string reason;     ///< one line
    bool operator==(const SkippedFile&) const = default;
};

/// What a listing's files became: rows in the listing's order, without the skipped ones.
struct DecodedImages {
    Dataset data;
    std::vector<SkippedFile> skipped; ///< in the order of their places
};

/// What a file must hold to be used.
struct DecodedShape {
    std::int64_t listed = 0; ///< images and skipped files
    std::int64_t channels = 0, height = 0, width = 0;
    std::int64_t classes = 0; ///< labels are below
};

/// Nothing when the file does not exist; a warning and nothing when it is not exactly what write_decoded()
/// would have written for this key and shape.
std::optional<DecodedImages> read_decoded(const std::filesystem::path& file, const std::string& key,
                                          const DecodedShape& shape);

/// Size of the file that write_decoded() would write.
std::uint64_t decoded_size(const DecodedImages& images);

/// Written beside and renamed. A cache that cannot be written is a warning: the images are in memory already.
void write_decoded(const std::filesystem::path& file, const std::string& key, const DecodedImages& images);

} // namespace tessera::training
