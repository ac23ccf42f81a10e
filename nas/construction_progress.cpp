#include "nas/construction_progress.h"

#include "nas/construction/network_text.h"
#include "support/error.h"
#include "support/files.h"
#include "support/hash.h"
#include "support/log.h"

namespace tessera::nas {
namespace {

constexpr const char* progress_file = "construct/progress.json";

/// Of all but the hash itself.
std::string hash_of(nlohmann::json stored) {
    stored.erase("hash");
    return support::Hasher().add(stored.dump()).hex();
}

/// The first file of an iteration that is not what the iteration wrote; else empty.
std::string changed_file(const nlohmann::json& iteration, const StageContext& context) {
    for (const auto& [name, hash] : iteration.at("files").items()) {
        const auto file = context.run / name;
        if (!std::filesystem::is_regular_file(file) || support::file_hash(file) != hash) {
            return file.string();
        }
    }
    return "";
}

} // namespace

double ConstructionProgress::share(const ConstructOptions& options) const {
    return complete ? 1
                    : static_cast<double>(iterations.size()) /
                          static_cast<double>(construction::growth_plan(options.growth).size());
}

ConstructionProgress construction_progress(const StageContext& context, const std::string& fingerprint) {
    ConstructionProgress start;
    start.networks.push_back(construction::start_network(context.config.construct->growth));
    const auto file = context.run / progress_file;
    if (!std::filesystem::exists(file)) {
        return start;
    }
    try {
        const nlohmann::json stored =
            nlohmann::json::parse(support::read_file(file), nullptr, /*allow_exceptions=*/false);
        if (!stored.is_object()) {
            throw support::RunError("it is no JSON object");
        }
        if (stored.at("fingerprint") != fingerprint) {
            return start;
        }
        if (stored.at("hash") != hash_of(stored)) {
            throw support::RunError("it has been changed");
        }
        ConstructionProgress progress = start;
        for (const nlohmann::json& row : stored.at("iterations")) {
            if (const std::string changed = changed_file(row, context); !changed.empty()) {
                support::warn(
                    "{}: it is missing or has been changed; the construction goes on from iteration {}",
                    changed, progress.iterations.size() + 1);
                return progress;
            }
            progress.networks.push_back(
                construction::parse_network(row.at("network").get<std::string>(), file.string()));
            progress.iterations.push_back(row);
        }
        progress.complete = stored.at("complete").get<bool>();
        return progress;
    } catch (const std::exception& error) {
        support::warn("{}: {}; the construction starts anew", file.string(), error.what());
        return start;
    }
}

void keep_construction(const ConstructionProgress& progress, const StageContext& context,
                       const std::string& fingerprint) {
    nlohmann::json stored = {{"schema", "tessera-construction-2"},
                             {"fingerprint", fingerprint},
                             {"complete", progress.complete},
                             {"iterations", progress.iterations}};
    stored["hash"] = hash_of(stored);
    support::write_atomically(context.run / progress_file, stored.dump(2) + "\n");
}

} // namespace tessera::nas
