// The library: for every (block, choice) its weights, its quality, its costs, its filters' moments.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "predictors/quality.h"
#include "search_spaces/block_module.h"
#include "training/safetensors.h"

namespace tessera::predictors {

/// reference: the block's own weights; trained: distilled; unusable: diverged twice, has no weights.
enum class EntryStatus { reference, trained, unusable };

/// What a choice does to the whole reference and what its filters say, as far as entries keep it; see
/// SwappedQuality.
struct Inspected {
    std::int64_t images = 0; ///< that were looked at
    double loss_rise = 0, dead_share = 0, variance_loss = 0;
};

struct LibraryEntry {
    std::string block;
    search_spaces::Choice choice;
    EntryStatus status = EntryStatus::trained;
    double nsr = 0;           ///< held-out noise-to-signal ratio; NaN where unusable
    double learning_rate = 0; ///< that it was trained with
    std::optional<Inspected> inspected;
    search_spaces::Costs costs;
};

/// What is written for one (block, choice). `moments` holds "mean" and "mean_square" per output channel over
/// the held-out images.
struct TrainedChoice {
    EntryStatus status = EntryStatus::trained;
    double nsr = 0, learning_rate = 0;
    training::TensorMap weights, moments;
};

/// A folder: library.csv, and <block>/<hash of the choice>.safetensors for each entry. An entry's file
/// carries the fingerprint of what it was distilled from, so that entries of another reference, data or
/// options are never taken for this one's.
class BlockLibrary {
public:
    BlockLibrary(std::filesystem::path folder, const search_spaces::SearchSpace& space,
                 std::string fingerprint);

    /// True where the entry's file is there, whole, and of this fingerprint. Reads its header alone; so does
    /// entry().
    bool has(std::size_t block, std::size_t choice) const;
    void store(std::size_t block, std::size_t choice, const TrainedChoice& trained) const;
    LibraryEntry entry(std::size_t block, std::size_t choice) const;
    /// Writes an entry again with what was found out about it.
    void add(std::size_t block, std::size_t choice, const Inspected& inspected) const;
    /// Weights of an entry, by the names of the block's module. Throws RunError for a missing or unusable
    /// one.
    training::TensorMap weights(std::size_t block, std::size_t choice) const;
    training::TensorMap moments(std::size_t block, std::size_t choice) const;

    /// Writes library.csv from the entries, all of which must be there; with columns loss_rise, dead_share
    /// and variance_loss where all usable ones have been inspected and `inspected` asks for it.
    void write_table(bool inspected = true) const;
    std::filesystem::path table() const { return folder_ / "library.csv"; }
    std::filesystem::path file(std::size_t block, std::size_t choice) const;
    const std::filesystem::path& folder() const { return folder_; }
    const std::string& fingerprint() const { return fingerprint_; }

private:
    void check(const training::Metadata& metadata, std::size_t block, std::size_t choice) const;
    training::SafetensorsFile read(std::size_t block, std::size_t choice) const;
    std::filesystem::path folder_;
    search_spaces::SearchSpace space_;
    std::string fingerprint_;
};

/// A column of qualities per block and choice, as written in library.csv or in what `inspect` writes (NaN
/// where unusable). Throws RunError naming the file and the row's number (1 is the first below the header)
/// where one is foreign to the space or appears twice, and when one is missing.
std::vector<std::vector<double>> read_quality(const std::filesystem::path& table,
                                              const search_spaces::SearchSpace& space,
                                              const std::string& column = "nsr");

/// The qualities of a table, checked as read_quality() does. `columns`: that of the noise, and that of the
/// rise of the loss where it is to be used; none: nsr, and loss_rise where the table has it.
std::vector<std::vector<Quality>> read_qualities(const std::filesystem::path& table,
                                                 const search_spaces::SearchSpace& space,
                                                 std::vector<std::string> columns = {});

/// A network whose blocks come from the library and whose stem and head come from the reference's state.
/// Evaluation mode.
search_spaces::Network assemble(const search_spaces::SearchSpace& space,
                                const search_spaces::Architecture& architecture, const BlockLibrary& library,
                                const training::TensorMap& reference);

} // namespace tessera::predictors
