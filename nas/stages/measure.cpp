// measure: the latency tables, of this machine or as the user brings them.
#include <algorithm>

#include <fmt/format.h>

#include "nas/stage.h"
#include "support/files.h"
#include "support/log.h"
#include "support/seed.h"
#include "support/table.h"

namespace tessera::nas {

namespace {

std::string file_of(const latency::LatencyTable& table) {
    return "latency/" + table.context.device + ".yaml";
}

std::vector<std::string> measure_work(StageContext& context, const std::string&) {
    const auto& options = context.config.latency;
    std::vector<std::string> files;
    if (!options.table.file.empty()) {
        const auto brought = latency::load_tables(options.table, context.config.space);
        for (const std::string& note : brought.notes) {
            support::info("{}", note);
        }
        for (const std::string& warning : brought.warnings) {
            support::warn("{}", warning);
        }
        for (const auto& table : brought.tables) {
            support::write_atomically(context.run / file_of(table), table.yaml());
            files.push_back(file_of(table));
        }
        return files;
    }
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

std::string additivity_text(const latency::LatencyTable& table) {
    if (table.additivity.empty()) {
        return "  sum of blocks: not checked against whole networks\n";
    }
    const bool corrected = table.offset_ms != 0 || table.scale != 1;
    return fmt::format("  sum of blocks against {} whole networks: mean error {:.1f} %{}\n",
                       table.additivity.size(), 100 * table.additivity_error(),
                       corrected ? fmt::format("; after correction {:.1f} % on networks left out",
                                               100 * table.corrected_error())
                                 : std::string());
}

/// Rows that stand for no measurement.
std::string estimated_text(const latency::LatencyTable& table) {
    const auto estimated =
        std::ranges::count_if(table.rows(), [](const auto& row) { return row.second.count == 0; });
    return estimated == 0 ? "" : fmt::format(", {} of them estimated", estimated);
}

Outcome measure_outcome(StageContext& context) {
    Outcome result;
    const auto record = context.run.record("measure");
    for (const auto& [file, hash] : record->artefacts) {
        const auto table = latency::LatencyTable::load(context.run / file);
        result.text += fmt::format("Latency on {} ({}, {} threads, batch {}): {} (block, choice) pairs{}\n{}"
                                   "  table    {}\n",
                                   table.context.device, table.context.hardware, table.context.threads,
                                   table.context.batch, table.rows().size(), estimated_text(table),
                                   additivity_text(table), (context.run / file).string());
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
            {"construct"},
            [](const Configuration& c) {
                return Inputs{{"space", c.texts.space}, {"latency", c.texts.latency}};
            },
            measure_work,
            measure_outcome,
            [](const Configuration& c) {
                std::map<std::string, std::filesystem::path> files;
                if (!c.latency.table.file.empty()) {
                    files["content of latency.table"] = c.latency.table.file;
                }
                return files;
            }};
}

} // namespace tessera::nas
