#include "nas/construction_progress.h"

#include "nas/construction/network_text.h"
#include "support/files.h"
#include "support/log.h"

namespace tessera::nas {
namespace {

constexpr const char* progress_file = "construct/progress.json";

} // namespace

double ConstructionProgress::share(const ConstructOptions& options) const {
    return complete ? 1 : static_cast<double>(iterations.size()) / options.growth.iterations;
}

ConstructionProgress construction_progress(const StageContext& context, const std::string& fingerprint) {
    ConstructionProgress start;
    start.networks.push_back(construction::start_network(context.config.construct->growth));
    const auto file = context.run / progress_file;
    if (!std::filesystem::exists(file)) {
        return start;
    }
    try {
        const nlohmann::json stored = nlohmann::json::parse(support::read_file(file));
        if (stored.at("fingerprint") != fingerprint) {
            return start;
        }
        ConstructionProgress progress = start;
        for (const nlohmann::json& row : stored.at("iterations")) {
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
    const nlohmann::json stored = {{"schema", "tessera-construction-1"},
                                   {"fingerprint", fingerprint},
                                   {"complete", progress.complete},
                                   {"iterations", progress.iterations}};
    support::write_atomically(context.run / progress_file, stored.dump(2) + "\n");
}

} // namespace tessera::nas
