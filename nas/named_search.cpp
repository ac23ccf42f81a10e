#include "nas/named_search.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nas/cost_columns.h"
#include "nas/front_making.h"
#include "nas/run_folder.h"
#include "nas/stage.h"
#include "support/error.h"
#include "support/files.h"

namespace tessera::nas {
namespace {

/// "latency_cpu_ms-max-5-nsga2".
std::string name_of(const SearchRequest& request) {
    std::string name;
    const auto add = [&](const std::string& part) { name += (name.empty() ? "" : "-") + part; };
    for (const Objective& o : request.sought) {
        add(o.name);
    }
    for (const Bound& bound : request.bounds) {
        add(bound.name);
        if (bound.low) {
            add(fmt::format("min-{}", *bound.low));
        }
        if (bound.high) {
            add(fmt::format("max-{}", *bound.high));
        }
    }
    if (request.strategy) {
        add(std::string(to_text(*request.strategy)));
    }
    std::ranges::replace_if(
        name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_' && c != '.'; }, '_');
    return name.empty() ? "search" : name.substr(0, 100);
}

/// What can be bounded or sought in this run.
std::vector<std::string> known_names(const ObjectiveTables& tables, const Configuration& configuration) {
    std::vector<std::string> names = tables.names();
    for (std::string& name : cost_column_names(configuration.search.columns)) {
        if (std::ranges::find(names, name) == names.end()) {
            names.push_back(std::move(name));
        }
    }
    return names;
}

void check_known(const std::string& name, const std::vector<std::string>& known) {
    if (std::ranges::find(known, name) == known.end()) {
        const std::string near = support::nearest(name, known);
        throw support::UsageError(
            near.empty()
                ? fmt::format("'{}' is no objective of this run; there are {}", name, fmt::join(known, ", "))
                : fmt::format("'{}' is no objective of this run; did you mean '{}'?", name, near));
    }
}

/// Throws UsageError where the run does not hold what this configuration is searched with.
std::vector<std::string> stored_latency_tables(const Configuration& configuration,
                                               const std::filesystem::path& run) {
    const RunFolder folder(run, /*read_only=*/true);
    for (const char* name : {"distil", "measure", "sample", "fit"}) {
        const auto record = folder.stored(name);
        if (!record) {
            throw support::UsageError(
                fmt::format("{} has not been through {} yet; run `tessera run --run {}` first", run.string(),
                            name, run.string()));
        }
        // Contents are not hashed (a library can be large), but what was made from another configuration is
        // known.
        for (const auto& [input, text] : stage(name).inputs(configuration)) {
            const auto made_from = record->made_from.find(input);
            if (made_from == record->made_from.end() || made_from->second != text) {
                throw support::UsageError(fmt::format(
                    "{} was made with another `{}` than the configuration has; run `tessera run --run {}` "
                    "first, or leave the change out",
                    name, input, run.string()));
            }
        }
    }
    std::vector<std::string> tables;
    const auto measured = folder.stored("measure");
    for (const auto& artefact : measured->artefacts) {
        tables.push_back(artefact.first);
    }
    return tables;
}

} // namespace

std::filesystem::path fresh_folder(const std::filesystem::path& parent, const std::string& name) {
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    for (int number = 1; !error && number < 100000; ++number) {
        const auto folder = parent / (number == 1 ? name : fmt::format("{}-{}", name, number));
        if (std::filesystem::create_directory(folder, error)) {
            return folder;
        }
    }
    throw support::RunError(
        fmt::format("{}: cannot create a folder there: {}", parent.string(), error.message()));
}

NamedSearch search_beside(const Configuration& configuration, const std::filesystem::path& run,
                          const SearchRequest& request) {
    const auto begin = std::chrono::steady_clock::now();
    const auto latency_tables = stored_latency_tables(configuration, run);
    Configuration changed = configuration;
    SearchStageOptions& options = changed.search;
    const auto known = known_names(load_tables(configuration, run, latency_tables), configuration);
    if (!request.sought.empty()) {
        options.objectives = request.sought;
    }
    for (const Bound& bound : request.bounds) {
        apply(bound, options.objectives, known);
    }
    for (const Objective& o : options.objectives) {
        check_known(o.name, known);
    }
    options.strategy.strategy = request.strategy.value_or(options.strategy.strategy);
    const ObjectiveTables tables = load_tables(changed, run, latency_tables);
    const MadeFront made =
        make_front(changed.space, tables, options, static_cast<std::uint64_t>(configuration.seed));
    NamedSearch done;
    done.folder = fresh_folder(run / "searches", request.name.empty() ? name_of(request) : request.name);
    done.file = made.file;
    write_front(done.folder, made, configuration.name + ": predicted front", changed.space, tables,
                obtained_accuracies(run / "samples/samples.csv"));
    support::write_atomically(done.folder / "command.txt", request.command + "\n");
    done.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return done;
}

} // namespace tessera::nas
