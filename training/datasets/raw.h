// What a reader of a data set hands over, before splitting and normalising.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "training/dataset.h"

namespace tessera::training {

/// Splits as they were found; `validation` is empty unless the data set brings its own, `test` where a folder
/// of images has none.
struct RawDatasets {
    Dataset train, validation, test;
    std::vector<std::string> classes;
    /// Where `test` is to be held out of `train`, the files of its rows: by their names, so that adding
    /// images moves few others between the splits.
    ImageFiles train_files{};
    ImageFiles test_files{};  ///< where the data set has such a split, made of files
    std::int64_t damaged = 0; ///< files that were left out
};

/// Whole content of a file that must hold exactly `expected` bytes. Throws RunError naming the file, both
/// sizes and `what` (how the expected size comes about).
std::string read_exactly(const std::filesystem::path& file, std::uint64_t expected, const std::string& what);

/// "0", "1", ...: the names of classes that have none.
std::vector<std::string> numbered_classes(std::int64_t count);

} // namespace tessera::training
