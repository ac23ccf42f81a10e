// search --table, search --candidates: tables of others, without a run.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/numbers.h"
#include "cli/search_options.h"
#include "nas/named_search.h"
#include "nas/search/choice_table.h"
#include "nas/search/exact.h"
#include "nas/search/front.h"
#include "nas/search/named_front.h"
#include "nas/search/score_program.h"
#include "nas/search/search_progress.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/log.h"

namespace tessera::cli {
namespace {

using support::UsageError;

constexpr std::int64_t most = 1'000'000'000;

/// What a run's search takes and a table's does not, and the other way round.
void check_options(const Arguments& arguments) {
    const bool table = arguments.has("table"), candidates = arguments.has("candidates");
    if (table && candidates) {
        throw UsageError("--table and --candidates are two different problems; give one of them");
    }
    if (!arguments.operand.empty() || !arguments.run.empty()) {
        throw UsageError(
            "a table is searched without a configuration or a run; leave out --table (or --candidates) "
            "to search those");
    }
    check_plain_name(arguments);
    if (arguments.has("out") && arguments.has("name")) {
        throw UsageError("--name is of a folder in searches/; --out writes one file alone: give one of them");
    }
    for (const char* input : {"table", "pairs", "candidates"}) {
        std::error_code ignored;
        if (arguments.has("out") && arguments.has(input) &&
            std::filesystem::equivalent(arguments.value("out"), arguments.value(input), ignored)) {
            throw UsageError(
                fmt::format("--out {}: that is the table that is searched", arguments.value("out")));
        }
    }
    if (arguments.has("score")) {
        for (const char* option : {"pairs", "maximum", "allow-negative", "best", "gap", "steps"}) {
            if (arguments.has(option)) {
                throw UsageError(
                    fmt::format("--{} is for tables; --score has a program say all values", option));
            }
        }
    } else if (arguments.has("score-timeout")) {
        throw UsageError("--score-timeout goes with --score");
    }
    for (const char* option : {"gap", "steps"}) {
        if (arguments.has(option) && !arguments.has("pairs")) {
            throw UsageError(
                fmt::format("--{} goes with --pairs; without them the front is exact at once", option));
        }
        if (arguments.has(option) && arguments.has("strategy") && arguments.value("strategy") != "exact") {
            throw UsageError(fmt::format("--{} is for the strategy exact", option));
        }
    }
    for (const char* option : {"dry-run", "redo"}) {
        if (arguments.has(option)) {
            throw UsageError(fmt::format("--{} is for runs; a table is searched at once", option));
        }
    }
    for (const std::string& set : arguments.set) {
        if (!set.starts_with("seed=") && !set.starts_with("threads=")) {
            throw UsageError(fmt::format("--set {}: a table is searched without a configuration", set));
        }
    }
    if (candidates && (arguments.has("pairs") || arguments.has("maximum"))) {
        throw UsageError("--pairs and --maximum go with --table");
    }
}

std::uint64_t seed_of(const Arguments& arguments) {
    std::uint64_t seed = 1;
    for (const std::string& set : arguments.set) {
        if (set.starts_with("seed=")) {
            seed = static_cast<std::uint64_t>(whole_number(set.substr(5), "seed", 0, 1'000'000'000'000));
        }
    }
    return seed;
}

nas::StrategyOptions strategy_of(const Arguments& arguments) {
    nas::StrategyOptions options;
    if (arguments.has("strategy")) {
        options.strategy = nas::strategy_of(arguments.value("strategy"));
    }
    if (arguments.has("evaluations")) {
        const std::int64_t evaluations = whole_number(arguments.value("evaluations"), "evaluations", 1, most);
        options.evaluations = evaluations;
        options.search.population = std::clamp<std::int64_t>(evaluations / 10, 2, 100);
        options.search.generations = std::max<std::int64_t>(1, evaluations / options.search.population);
    }
    if (arguments.has("gap")) {
        try {
            options.gap = support::parse_number(arguments.value("gap"), "gap");
        } catch (const support::Error&) { options.gap = std::nan(""); }
        if (!(options.gap >= 0 && options.gap < 1)) {
            throw UsageError(fmt::format("--gap: '{}' is no share from 0 to 1", arguments.value("gap")));
        }
    }
    if (arguments.has("steps")) {
        options.steps = whole_number(arguments.value("steps"), "steps", 1, 1'000'000'000'000'000);
    }
    options.progress = nas::search_progress(options.steps);
    return options;
}

std::vector<nas::Objective> objectives_of(const Arguments& arguments, const std::filesystem::path& file) {
    auto known = nas::columns_of_table(file);
    auto objectives = sought_objectives(arguments);
    if (objectives.empty()) {
        throw UsageError(fmt::format(
            "say what to seek: --minimize COLUMN or --maximize COLUMN{}",
            known.empty() ? "" : fmt::format("; {} has {}", file.string(), fmt::join(known, ", "))));
    }
    for (const nas::Bound& bound : asked_bounds(arguments)) {
        if (arguments.has("score")) {
            known.push_back(bound.name); // what a program's answers hold is not known yet
        }
        nas::apply(bound, objectives, known);
    }
    return objectives;
}

std::vector<std::string> names_of(const std::vector<nas::Objective>& objectives) {
    std::vector<std::string> names;
    for (const nas::Objective& o : objectives) {
        names.push_back(o.name);
    }
    return names;
}

nas::ChoiceTable load_table(const Arguments& arguments, const std::vector<nas::Objective>& objectives) {
    // With a program, the table is there for its names alone.
    const auto columns = arguments.has("score") ? std::vector<std::string>() : names_of(objectives);
    const bool negative = arguments.has("allow-negative");
    if (arguments.has("candidates")) {
        return nas::ChoiceTable::load_candidates(arguments.value("candidates"), columns, negative);
    }
    nas::ChoiceTable table = nas::ChoiceTable::load(arguments.value("table"), columns, negative);
    if (arguments.has("pairs")) {
        table.add_pairs(arguments.value("pairs"));
    }
    return table;
}

nas::TableModel model_of(const Arguments& arguments, const nas::ChoiceTable& table,
                         const std::vector<nas::Objective>& objectives) {
    const auto maxima = arguments.values("maximum");
    for (const std::string& name : maxima) {
        if (std::ranges::find(objectives, name, &nas::Objective::name) == objectives.end()) {
            throw UsageError(fmt::format("--maximum {}: it is neither sought nor bounded", name));
        }
    }
    nas::TableModel model = table.model(objectives, maxima);
    try {
        model.check();
    } catch (const std::invalid_argument& error) {
        throw support::RunError(fmt::format("{}: {}", arguments.value("table"), error.what()));
    }
    model.check_reachable();
    return model;
}

nas::SearchResult best_of(const Arguments& arguments, const nas::TableModel& model) {
    if (!model.additive()) {
        throw UsageError("--best needs an additive table; with --pairs search the front");
    }
    if (arguments.has("strategy") && arguments.value("strategy") != "exact") {
        throw UsageError("--best is exact; leave --strategy out");
    }
    const auto count = static_cast<std::size_t>(whole_number(arguments.value("best"), "best", 1, 10'000'000));
    std::size_t column = 0;
    while (model.columns[column].objective.bounds_only) {
        ++column;
    }
    if (std::ranges::count(model.columns, false, [](const auto& c) { return c.objective.bounds_only; }) !=
        1) {
        throw UsageError("--best ranks by one objective; give the others bounds instead");
    }
    nas::SearchResult result;
    result.gap = 0;
    result.front = nas::k_best(model, column, count);
    result.ended =
        fmt::format("the {} best by {}", result.front.size(), model.columns[column].objective.name);
    return result;
}

/// Folder or file of the result; what was written.
std::string write(const Arguments& arguments, const nas::NamedFront& front, const nas::Problem& problem) {
    if (arguments.has("out")) {
        const std::filesystem::path out = arguments.value("out");
        support::write_atomically(out, front.csv());
        return fmt::format("  table    {}\n", out.string());
    }
    const std::filesystem::path source = arguments.value(arguments.has("table") ? "table" : "candidates");
    const std::string name = arguments.has("name") ? arguments.value("name") : source.stem().string();
    const auto folder = nas::fresh_folder("searches", name);
    support::write_atomically(folder / "front.csv", front.csv());
    support::write_atomically(folder / "front.json", front.json());
    support::write_atomically(folder / "front.svg", front.svg(source.filename().string() + ": front"));
    if (!front.result.generation_fronts.empty()) {
        support::write_atomically(folder / "hypervolume.csv", front.hypervolume_csv(problem));
    }
    support::write_atomically(folder / "command.txt", to_command_line(arguments) + "\n");
    return fmt::format("  table    {}\n  plot     {}\n", (folder / "front.csv").string(),
                       (folder / "front.svg").string());
}

/// Fills what a front says besides its points' names.
void solve_model(const Arguments& arguments, const nas::StrategyOptions& options,
                 const nas::TableModel& model, nas::NamedFront& front) {
    front.result =
        arguments.has("best") ? best_of(arguments, model) : nas::solve(model, options, seed_of(arguments));
    front.size = model.size();
    if (front.result.front.empty()) {
        throw support::InfeasibleError(fmt::format("nothing{} meets all bounds together: {}",
                                                   front.result.gap == 0.0 ? "" : " that was found",
                                                   nas::reachable_text(model)));
    }
}

support::LineProcessOptions program_of(const Arguments& arguments) {
    support::LineProcessOptions program{{"/bin/sh", "-c", arguments.value("score")}};
    if (arguments.has("score-timeout")) {
        program.seconds =
            static_cast<double>(whole_number(arguments.value("score-timeout"), "score-timeout", 1, 86400));
    }
    return program;
}

void solve_problem(const Arguments& arguments, nas::StrategyOptions options, const nas::Problem& problem,
                   nas::NamedFront& front) {
    if (!arguments.has("strategy")) {
        options.strategy = nas::Strategy::cross_entropy;
    }
    front.result = nas::solve(problem, options, seed_of(arguments));
    front.strategy = nas::to_text(options.strategy);
    front.size = 1;
    for (const int n : problem.choices) {
        front.size *= n;
    }
    if (front.result.front.empty()) {
        throw support::InfeasibleError(fmt::format(
            "none of {} architectures that were scored meets all bounds: {}", front.result.evaluated.size(),
            nas::reached_text(front.result.evaluated, front.objectives)));
    }
}

} // namespace

int search_table(const Arguments& arguments) {
    check_options(arguments);
    const std::filesystem::path file = arguments.value(arguments.has("table") ? "table" : "candidates");
    const nas::StrategyOptions options = strategy_of(arguments);
    nas::NamedFront front;
    front.objectives = objectives_of(arguments, file);
    front.strategy = nas::to_text(options.strategy);
    nas::ChoiceTable table = load_table(arguments, front.objectives);
    std::optional<nas::TableModel> model;
    std::optional<nas::ScoreProgram> program;
    nas::Problem problem;
    const auto begin = std::chrono::steady_clock::now();
    if (arguments.has("score")) {
        nas::GenomeNames names{table.blocks, {}};
        if (!arguments.has("candidates")) {
            names.choices = table.choices;
        }
        program.emplace(program_of(arguments), std::move(names), names_of(front.objectives));
        problem = program->problem(front.objectives);
        solve_problem(arguments, options, problem, front);
    } else {
        model = model_of(arguments, table, front.objectives);
        problem = model->problem();
        solve_model(arguments, options, *model, front);
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    front.seconds = seconds;
    front.blocks = std::move(table.blocks);
    front.choices = std::move(table.choices);
    front.hypervolume = nas::hypervolume(front.result.front, front.objectives,
                                         nas::Scaling::of(front.result.front, front.objectives));
    const std::string written = write(arguments, front, problem);
    print(arguments, fmt::format("{}  solved in {:.4g} ms\n{}", front.text(), 1000 * seconds, written),
          arguments.json ? front.json() : std::string());
    return 0;
}

} // namespace tessera::cli
