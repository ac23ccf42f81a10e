#include "cli/probes.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/overrides.h"
#include "latency/probe_files.h"
#include "support/error.h"
#include "support/seed.h"
#include "support/table.h"

namespace tessera::cli {
namespace {

/// `tessera measure` with the results, for the same configuration and run.
std::string command_that_reads(Arguments arguments, const std::filesystem::path& results) {
    arguments.program = "tessera";
    arguments.own = {{"from", {results.string()}}};
    return to_command_line(arguments);
}

} // namespace

std::vector<Option> probe_options() {
    return {{"emit", "DIR", "write what is to be timed on another machine, and how, into a new folder"},
            {"from", "FILE", "take latencies from there (RESULTS.csv, or any table) instead of measuring"},
            {"device-name", "NAME", "name of that machine: the objective is latency_NAME_ms"}};
}

Arguments with_table(Arguments arguments) {
    override_with(arguments, "from", "latency.table", true);
    override_with(arguments, "device-name", "latency.device");
    return arguments;
}

int emit_probes(const Arguments& arguments) {
    for (const char* other : {"from", "device-name", "redo", "dry-run"}) {
        if (arguments.has(other)) {
            throw support::UsageError(
                fmt::format("--emit only writes files: --{} does not go with it", other));
        }
    }
    const support::Document document = load_document(arguments);
    const nas::Configuration configuration = load_configuration(arguments, document);
    const std::filesystem::path folder = arguments.value("emit");
    const auto seed = support::derive_seed(static_cast<std::uint64_t>(configuration.seed), {"measure"});
    const latency::ProbeFiles written =
        latency::write_probe_files(configuration.space, configuration.latency.probe, seed, folder);
    const std::string text =
        fmt::format("{}: {} modules ({}B) for {} rows, {} of them whole networks\n"
                    "  on the other machine   python3 measure.py --device-name NAME\n"
                    "  then here              {}\n",
                    folder.string(), written.modules, support::si(static_cast<double>(written.bytes)),
                    written.rows, written.networks, command_that_reads(arguments, folder / "RESULTS.csv"));
    const nlohmann::json json = {{"folder", folder.string()},
                                 {"modules", written.modules},
                                 {"rows", written.rows},
                                 {"networks", written.networks},
                                 {"bytes", written.bytes}};
    print(arguments, text, json.dump(1));
    return 0;
}

} // namespace tessera::cli
