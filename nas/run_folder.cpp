#include "nas/run_folder.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "support/hash.h"

namespace tessera::nas {

namespace {

constexpr const char* kStageSchema = "tessera-stage-2";

std::filesystem::path record_file(const std::filesystem::path& run, const std::string& stage) {
    return run / "stages" / (stage + ".json");
}

/// Empty where there is none yet, or it is damaged.
nlohmann::json read_seconds(const std::filesystem::path& run) {
    const auto file = run / "stages/seconds.json";
    auto json = std::filesystem::exists(file)
                    ? nlohmann::json::parse(support::read_file(file), nullptr, /*allow_exceptions=*/false)
                    : nlohmann::json::object();
    return json.is_object() ? json : nlohmann::json::object();
}

} // namespace

std::string StageRecord::output_hash() const {
    support::Hasher hasher;
    for (const auto& [file, hash] : artefacts) {
        hasher.add(file).add(hash);
    }
    return hasher.hex();
}

RunFolder::RunFolder(std::filesystem::path folder, bool read_only) : folder_(std::move(folder)) {
    if (read_only) {
        return;
    }
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) {
        throw support::RunError(
            fmt::format("{}: cannot create the run folder: {}", folder_.string(), error.message()));
    }
    lock_ = std::make_unique<support::FolderLock>(folder_);
    support::remove_unfinished(folder_);
}

std::optional<StageRecord> RunFolder::record(const std::string& stage) const {
    const auto known = records_.find(stage);
    return known != records_.end() ? known->second : records_[stage] = read_record(stage);
}

std::optional<StageRecord> RunFolder::stored(const std::string& stage) const {
    const auto file = record_file(folder_, stage);
    if (!std::filesystem::exists(file)) {
        return std::nullopt;
    }
    try {
        const auto json = nlohmann::json::parse(support::read_file(file));
        if (json.at("schema") != kStageSchema) {
            return std::nullopt;
        }
        return StageRecord{stage, json.at("fingerprint"), json.at("made_from"), json.at("artefacts")};
    } catch (const nlohmann::json::exception&) { return std::nullopt; } // damaged: the stage runs again
}

std::optional<StageRecord> RunFolder::read_record(const std::string& stage) const {
    auto record = stored(stage);
    if (!record) {
        return std::nullopt;
    }
    damage_.erase(stage);
    for (const auto& [name, hash] : record->artefacts) {
        const bool there = std::filesystem::exists(folder_ / name);
        if (!there || support::file_hash(folder_ / name) != hash) {
            damage_[stage] = fmt::format("{} {}", name, there ? "has changed" : "is missing");
            return std::nullopt;
        }
    }
    return record;
}

std::string RunFolder::damage(const std::string& stage) const {
    const auto found = record(stage) ? damage_.end() : damage_.find(stage);
    return found == damage_.end() ? std::string() : found->second;
}

void RunFolder::finish(const std::string& stage, const std::string& fingerprint,
                       const std::map<std::string, std::string>& made_from,
                       const std::vector<std::string>& artefacts) {
    nlohmann::json files = nlohmann::json::object();
    for (const std::string& name : artefacts) {
        files[name] = support::file_hash(folder_ / name);
    }
    const nlohmann::json json = {{"schema", kStageSchema},
                                 {"stage", stage},
                                 {"fingerprint", fingerprint},
                                 {"made_from", made_from},
                                 {"artefacts", files}};
    support::write_atomically(record_file(folder_, stage), json.dump(2) + "\n");
    records_.erase(stage);
    damage_.erase(stage);
}

void RunFolder::forget(const std::string& stage) {
    std::error_code ignored;
    std::filesystem::remove(record_file(folder_, stage), ignored);
    records_.erase(stage);
    damage_.erase(stage);
}

std::optional<StageAttempt> RunFolder::attempt(const std::string& stage) const {
    try {
        const auto entry = read_seconds(folder_).at(stage);
        return StageAttempt{entry.at("fingerprint"), entry.at("made_from"), entry.at("seconds")};
    } catch (const nlohmann::json::exception&) { return std::nullopt; }
}

void RunFolder::set_attempt(const std::string& stage, const StageAttempt& attempt) {
    auto all = read_seconds(folder_);
    all[stage] = {{"fingerprint", attempt.fingerprint},
                  {"made_from", attempt.made_from},
                  {"seconds", std::round(attempt.seconds * 10) / 10}};
    support::write_atomically(folder_ / "stages/seconds.json", all.dump(2) + "\n");
}

} // namespace tessera::nas
