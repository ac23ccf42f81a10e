// measure: the latency table of this machine.
#include <fmt/format.h>

#include "nas/stage.h"
#include "support/files.h"
#include "support/hash.h"
#include "support/seed.h"
#include "support/table.h"

namespace tessera::nas {

namespace {

std::string file_of(const latency::LatencyTable& table) {
    return "latency/" + table.context.device + ".yaml";
}

std::vector<std::string> measure_work(StageContext& context, const std::string&) {
    const auto& options = context.config.latency;
    if (!options.table.empty()) {
        const auto table = latency::LatencyTable::load(options.table);
        support::write_atomically(context.run / file_of(table), table.yaml());
        return {file_of(table)};
    }
    std::vector<std::string> files;
    std::vector<torch::Device> devices = {torch::kCPU};
    if (!context.device().is_cpu()) {
        devices.push_back(context.device());
    }
    for (const torch::Device device : devices) {
        const auto table = latency::measure(context.config.space, device, options.probe, context.threads,
                                            support::derive_seed(context.seed, {"measure"}));
        support::write_atomically(context.run / file_of(table), table.yaml());
        files.push_back(file_of(table));
    }
    return files;
}

Outcome measure_outcome(StageContext& context) {
    Outcome result;
    const auto record = context.run.record("measure");
    for (const auto& [file, hash] : record->artefacts) {
        const auto table = latency::LatencyTable::load(context.run / file);
        const bool corrected = table.offset_ms != 0 || table.scale != 1;
        result.text += fmt::format(
            "Latency on {} ({}, {} threads, batch {}): {} (block, choice) pairs\n"
            "  sum of blocks against {} whole networks: mean error {:.1f} %{}\n  table    {}\n",
            table.context.device, table.context.hardware, table.context.threads, table.context.batch,
            table.rows().size(), table.additivity.size(), 100 * table.additivity_error(),
            corrected ? fmt::format("; after correction {:.1f} % on networks left out",
                                    100 * table.corrected_error())
                      : std::string(),
            (context.run / file).string());
        result.json.push_back({{"device", table.context.device},
                               {"hardware", table.context.hardware},
                               {"table", (context.run / file).string()},
                               {"rows", table.rows().size()},
                               {"additivity_error", table.additivity_error()},
                               {"corrected_error", table.corrected_error()}});
    }
    return result;
}

} // namespace

Stage measure_stage() {
    return {"measure",
            "times every choice on this machine",
            {},
            [](const Configuration& c) {
                return Inputs{{"space", c.texts.space}, {"latency", c.texts.latency}};
            },
            measure_work,
            measure_outcome,
            [](const Configuration& c) {
                std::map<std::string, std::filesystem::path> files;
                if (!c.latency.table.empty()) {
                    files["content of latency.table"] = c.latency.table;
                }
                return files;
            }};
}

} // namespace tessera::nas
