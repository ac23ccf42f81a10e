#include "predictors/block_library.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/hash.h"
#include "training/layout.h"
#include "training/state.h"

namespace tessera::predictors {

using search_spaces::SearchSpace;
using support::RunError;
using training::TensorMap;

namespace {

constexpr const char* kSchema = "tessera-library-1";

std::string_view to_text(EntryStatus status) {
    switch (status) {
    case EntryStatus::reference:
        return "reference";
    case EntryStatus::trained:
        return "trained";
    case EntryStatus::unusable:
        return "unusable";
    }
    return "";
}

EntryStatus status_of(const std::string& text, const std::string& source) {
    for (EntryStatus status : {EntryStatus::reference, EntryStatus::trained, EntryStatus::unusable}) {
        if (text == to_text(status)) {
            return status;
        }
    }
    throw RunError(fmt::format("{}: unknown status \"{}\"", source, text));
}

const std::string& field(const training::Metadata& metadata, const std::string& key,
                         const std::string& source) {
    const auto found = metadata.find(key);
    if (found == metadata.end()) {
        throw RunError(fmt::format("{}: no \"{}\" in its metadata", source, key));
    }
    return found->second;
}

} // namespace

BlockLibrary::BlockLibrary(std::filesystem::path folder, const SearchSpace& space, std::string fingerprint)
    : folder_(std::move(folder)), space_(space), fingerprint_(std::move(fingerprint)) {}

std::filesystem::path BlockLibrary::file(std::size_t block, std::size_t choice) const {
    const auto& b = space_.blocks().at(block);
    return folder_ / b.name / (support::content_hash(b.choices.at(choice).text()) + ".safetensors");
}

void BlockLibrary::check(const training::Metadata& metadata, std::size_t block, std::size_t choice) const {
    const auto& b = space_.blocks()[block];
    const std::string source = file(block, choice).string();
    if (field(metadata, "schema", source) != kSchema || field(metadata, "block", source) != b.name ||
        field(metadata, "choice", source) != b.choices[choice].text() ||
        field(metadata, "fingerprint", source) != fingerprint_) {
        throw RunError(fmt::format("{}: belongs to another library; run `tessera distil` again", source));
    }
}

training::SafetensorsFile BlockLibrary::read(std::size_t block, std::size_t choice) const {
    auto content = training::read_safetensors(file(block, choice));
    check(content.metadata, block, choice);
    return content;
}

bool BlockLibrary::has(std::size_t block, std::size_t choice) const {
    if (!std::filesystem::exists(file(block, choice))) {
        return false;
    }
    try {
        check(training::read_safetensors_metadata(file(block, choice)), block, choice);
        return true;
    } catch (const RunError&) { return false; }
}

void BlockLibrary::add(std::size_t block, std::size_t choice, const Inspected& inspected) const {
    auto content = read(block, choice);
    content.metadata["inspected_images"] = support::number(inspected.images);
    content.metadata["loss_rise"] = support::number(inspected.loss_rise);
    content.metadata["dead_share"] = support::number(inspected.dead_share);
    content.metadata["variance_loss"] = support::number(inspected.variance_loss);
    training::write_safetensors(file(block, choice), content.tensors, content.metadata);
}

void BlockLibrary::store(std::size_t block, std::size_t choice, const TrainedChoice& trained) const {
    const auto& b = space_.blocks().at(block);
    TensorMap tensors;
    training::add_with_prefix(tensors, trained.weights, "weights.");
    training::add_with_prefix(tensors, trained.moments, "moments.");
    training::write_safetensors(file(block, choice), tensors,
                                {{"schema", kSchema},
                                 {"block", b.name},
                                 {"choice", b.choices.at(choice).text()},
                                 {"status", std::string(to_text(trained.status))},
                                 {"nsr", support::number(trained.nsr)},
                                 {"learning_rate", support::number(trained.learning_rate)},
                                 {"fingerprint", fingerprint_}});
}

LibraryEntry BlockLibrary::entry(std::size_t block, std::size_t choice) const {
    const std::string source = file(block, choice).string();
    const auto metadata = training::read_safetensors_metadata(source);
    check(metadata, block, choice);
    LibraryEntry entry;
    entry.block = space_.blocks()[block].name;
    entry.choice = space_.blocks()[block].choices[choice];
    entry.status = status_of(field(metadata, "status", source), source);
    entry.nsr = support::parse_number(field(metadata, "nsr", source), source);
    entry.learning_rate = support::parse_number(field(metadata, "learning_rate", source), source);
    if (metadata.contains("variance_loss")) {
        const auto number = [&](const char* name) {
            return support::parse_number(field(metadata, name, source), source);
        };
        entry.inspected = {static_cast<std::int64_t>(std::clamp(number("inspected_images"), 0.0, 1e15)),
                           number("loss_rise"), number("dead_share"), number("variance_loss")};
    }
    entry.costs = space_.block_costs(block, entry.choice);
    return entry;
}

TensorMap BlockLibrary::weights(std::size_t block, std::size_t choice) const {
    const auto content = read(block, choice);
    const std::string source = file(block, choice).string();
    if (status_of(field(content.metadata, "status", source), source) == EntryStatus::unusable) {
        throw RunError(fmt::format("{}: choice {} of block {} diverged and has no weights", source,
                                   space_.blocks()[block].choices[choice].text(),
                                   space_.blocks()[block].name));
    }
    return training::with_prefix_removed(content.tensors, "weights.");
}

TensorMap BlockLibrary::moments(std::size_t block, std::size_t choice) const {
    return training::with_prefix_removed(read(block, choice).tensors, "moments.");
}

void BlockLibrary::write_table(bool inspected) const {
    std::vector<LibraryEntry> entries;
    for (std::size_t b = 0; b < space_.blocks().size(); ++b) {
        for (std::size_t m = 0; m < space_.blocks()[b].choices.size(); ++m) {
            entries.push_back(entry(b, m));
            inspected =
                inspected && (entries.back().status == EntryStatus::unusable || entries.back().inspected);
        }
    }
    support::CsvTable csv;
    csv.header = {"block",        "choice", "id", "status", "nsr", "macs", "parameters", "peak_memory_bytes",
                  "learning_rate"};
    if (inspected) {
        csv.header.insert(csv.header.begin() + 5, {"loss_rise", "dead_share", "variance_loss"});
    }
    for (const LibraryEntry& e : entries) {
        std::vector<std::string> row = {e.block,
                                        e.choice.text(),
                                        support::content_hash(e.choice.text()),
                                        std::string(to_text(e.status)),
                                        support::number(e.nsr),
                                        support::number(e.costs.macs),
                                        support::number(e.costs.parameters),
                                        support::number(e.costs.peak_elements * 4),
                                        support::number(e.learning_rate)};
        if (inspected) {
            constexpr double none = std::numeric_limits<double>::quiet_NaN();
            const Inspected found =
                e.status == EntryStatus::unusable ? Inspected{0, none, none, none} : *e.inspected;
            row.insert(row.begin() + 5, {support::number(found.loss_rise), support::number(found.dead_share),
                                         support::number(found.variance_loss)});
        }
        csv.add(std::move(row));
    }
    support::write_atomically(table(), csv.text());
}

std::vector<std::vector<double>> read_quality(const std::filesystem::path& table, const SearchSpace& space,
                                              const std::string& column) {
    const auto csv = support::read_csv(table);
    const std::string source = table.string();
    const auto block = csv.column("block", source), choice = csv.column("choice", source),
               value = csv.column(column, source);
    std::vector<std::vector<double>> quality;
    std::map<std::pair<std::string, std::string>, std::pair<std::size_t, std::size_t>> places;
    for (std::size_t b = 0; b < space.blocks().size(); ++b) {
        const auto& choices = space.blocks()[b].choices;
        quality.emplace_back(choices.size());
        for (std::size_t m = 0; m < choices.size(); ++m) {
            places[{space.blocks()[b].name, choices[m].text()}] = {b, m};
        }
    }
    std::map<std::pair<std::string, std::string>, std::size_t> rows; // 1 is the first below the header
    for (std::size_t r = 1; r <= csv.rows.size(); ++r) {
        const auto& row = csv.rows[r - 1];
        const std::pair key{row[block], row[choice]};
        const auto place = places.find(key);
        if (place == places.end()) {
            throw RunError(fmt::format("{}: row {}: the space has no block {} with choice {}", source, r,
                                       key.first, key.second));
        }
        if (const auto [first, added] = rows.emplace(key, r); !added) {
            throw RunError(fmt::format("{}: row {}: block {} and choice {} are in row {} already", source, r,
                                       key.first, key.second, first->second));
        }
        const double number =
            support::parse_number(row[value], fmt::format("{}: row {}: {}", source, r, column));
        if (number < 0 || std::isinf(number)) { // NaN: unusable
            throw RunError(
                fmt::format("{}: row {}: {} is {}, not a number from 0", source, r, column, row[value]));
        }
        quality[place->second.first][place->second.second] = number;
    }
    for (const auto& [key, place] : places) {
        if (!rows.contains(key)) {
            throw RunError(
                fmt::format("{}: no row for block {} and choice {}", source, key.first, key.second));
        }
    }
    return quality;
}

std::vector<std::vector<Quality>> read_qualities(const std::filesystem::path& table, const SearchSpace& space,
                                                 std::vector<std::string> columns) {
    if (columns.empty()) {
        const auto header = support::read_csv(table).header;
        columns = {"nsr"};
        if (std::ranges::find(header, "loss_rise") != header.end()) {
            columns.emplace_back("loss_rise");
        }
    }
    const auto noise = read_quality(table, space, columns.front());
    const auto rise = columns.size() > 1 ? read_quality(table, space, columns[1]) : noise;
    std::vector<std::vector<Quality>> qualities(noise.size());
    for (std::size_t b = 0; b < noise.size(); ++b) {
        for (std::size_t m = 0; m < noise[b].size(); ++m) {
            qualities[b].emplace_back(noise[b][m],
                                      columns.size() > 1 ? std::optional(rise[b][m]) : std::nullopt);
        }
    }
    return qualities;
}

search_spaces::Network assemble(const SearchSpace& space, const search_spaces::Architecture& architecture,
                                const BlockLibrary& library, const TensorMap& reference) {
    const std::vector<int> genome = space.genome(architecture);
    search_spaces::Network network(space, architecture);
    TensorMap state;
    const auto take = [&](const std::string& part) {
        training::add_with_prefix(state, training::with_prefix_removed(reference, part), part);
    };
    take("stem.");
    take("head.");
    for (std::size_t b = 0; b < genome.size(); ++b) {
        if (!space.blocks()[b].skips.empty()) {
            take(fmt::format("join{}.", b));
        }
        training::add_with_prefix(state, library.weights(b, static_cast<std::size_t>(genome[b])),
                                  fmt::format("block{}.", b));
    }
    training::load_state(*network, state, library.folder().string());
    training::to_channels_last(*network);
    network->eval();
    return network;
}

} // namespace tessera::predictors
