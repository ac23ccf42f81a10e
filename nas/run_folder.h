// A run: the folder that holds one pipeline's artefacts.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/files.h"

namespace tessera::nas {

/// What a finished stage left behind, as stored in stages/<stage>.json.
struct StageRecord {
    std::string stage;
    std::string fingerprint;                      ///< of everything the stage was made from
    std::map<std::string, std::string> made_from; ///< that, by name (stage_plan.h tells what has changed)
    std::map<std::string, std::string> artefacts; ///< file relative to the run -> content hash
    /// Hash over the artefacts: what the stages below depend on.
    std::string output_hash() const;
};

/// What went into a making of a stage, interrupted tries included.
struct StageAttempt {
    std::string fingerprint;
    std::map<std::string, std::string> made_from;
    double seconds = 0;
};

/// Layout:
///     config.yaml                       the resolved configuration
///     log.jsonl                         messages
///     teach/ library/ latency/ samples/ predictor/ search/ models/ export/ report/
///     stages/<stage>.json               what each finished stage was made from and what it made
///     stages/seconds.json               how long each took
class RunFolder {
public:
    /// Creates the folder if need be and locks it for this process (see support::FolderLock); `read_only`
    /// does neither.
    explicit RunFolder(std::filesystem::path folder, bool read_only = false);

    const std::filesystem::path& path() const { return folder_; }
    std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

    /// The record of a finished stage; empty where it has not finished, or its record or an artefact is
    /// damaged or missing.
    std::optional<StageRecord> record(const std::string& stage) const;
    /// The same without looking at the artefacts, which can be many and large: for what only reads a few of
    /// them.
    std::optional<StageRecord> stored(const std::string& stage) const;
    /// Which file of a stage that had finished is missing or has changed since, as a text; empty where all
    /// are as they were, or the stage has no record.
    std::string damage(const std::string& stage) const;
    /// Hashes the artefacts (relative paths) and stores the record.
    void finish(const std::string& stage, const std::string& fingerprint,
                const std::map<std::string, std::string>& made_from,
                const std::vector<std::string>& artefacts);
    /// Forgets that the stage has finished (its files stay until they are written anew).
    void forget(const std::string& stage);

    /// The latest making of a stage, finished or not; empty where nothing is known. Kept apart from the
    /// records: clocks are not part of a result.
    std::optional<StageAttempt> attempt(const std::string& stage) const;
    void set_attempt(const std::string& stage, const StageAttempt& attempt);

private:
    std::optional<StageRecord> read_record(const std::string& stage) const;

    std::filesystem::path folder_;
    /// Artefacts are hashed once: nobody else writes while the folder is locked.
    mutable std::map<std::string, std::optional<StageRecord>> records_;
    mutable std::map<std::string, std::string> damage_;
    std::unique_ptr<support::FolderLock> lock_;
};

} // namespace tessera::nas
