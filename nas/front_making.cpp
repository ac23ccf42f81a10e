#include "nas/front_making.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "nas/cost_columns.h"
#include "nas/search/preference.h"
#include "nas/search/search_progress.h"
#include "support/error.h"
#include "support/files.h"
#include "support/seed.h"
#include "support/table.h"
#include "training/task.h"

namespace tessera::nas {
namespace {

using search_spaces::Architecture;

/// Architectures with the same choice text in every block: the reference scaled in depth, width or kernel
/// throughout.
std::vector<std::vector<int>> uniform_genomes(const search_spaces::SearchSpace& space) {
    std::vector<std::vector<int>> genomes;
    for (const auto& choice : space.blocks().front().choices) {
        if (choice.family() != space.blocks().front().choices.front().family()) {
            continue;
        }
        std::vector<int> genome;
        for (const auto& block : space.blocks()) {
            const auto found = std::find(block.choices.begin(), block.choices.end(), choice);
            if (found == block.choices.end()) {
                break;
            }
            genome.push_back(static_cast<int>(found - block.choices.begin()));
        }
        if (genome.size() == space.blocks().size()) {
            genomes.push_back(std::move(genome));
        }
    }
    return genomes;
}

/// The objectives, then what else is known.
std::vector<std::string> columns_of(const ObjectiveTables& tables, const std::vector<Objective>& objectives) {
    std::vector<std::string> columns;
    for (const Objective& o : objectives) {
        columns.push_back(o.name);
    }
    for (const std::string& name : tables.names()) {
        if (std::find(columns.begin(), columns.end(), name) == columns.end()) {
            columns.push_back(name);
        }
    }
    return columns;
}

std::vector<double> values_of(const ObjectiveTables& tables, const std::vector<std::string>& columns,
                              const std::vector<int>& genome) {
    std::vector<double> values;
    for (const auto& column : columns) {
        values.push_back(tables.value(column, genome));
    }
    return values;
}

/// What both searches found, and the references beside it.
FrontFile front_file(const search_spaces::SearchSpace& space, const ObjectiveTables& tables,
                     const std::vector<Objective>& objectives, const SearchResult& found,
                     const SearchResult& random) {
    FrontFile file;
    file.objectives = objectives;
    file.columns = columns_of(tables, objectives);
    const auto point = [&](const std::vector<int>& genome) {
        Point p{space.architecture(genome), values_of(tables, file.columns, genome), tables.accuracy(genome),
                true};
        for (std::size_t k = 0; k < objectives.size(); ++k) {
            p.feasible = p.feasible && objectives[k].violation(p.values[k]) == 0;
        }
        return p;
    };
    for (const Candidate& c : found.front) {
        file.front.push_back(point(tables.genome(c.genome)));
    }
    for (const Candidate& c : random.front) {
        file.random.push_back(point(tables.genome(c.genome)));
    }
    file.reference.push_back(point(std::vector<int>(space.blocks().size(), 0)));
    for (const auto& genome : uniform_genomes(space)) {
        if (tables.usable(genome)) {
            file.scaled.push_back(point(genome));
        }
    }
    file.evaluations = static_cast<std::int64_t>(random.evaluated.size());
    file.ended = found.ended;
    file.gap = found.gap;
    return file;
}

/// Hypervolumes of both searches by generation; those of their fronts go into `file`.
support::CsvTable compare_searches(const Problem& problem, const SearchResult& found,
                                   const SearchResult& random, FrontFile& file) {
    std::vector<Candidate> both = found.front;
    both.insert(both.end(), random.front.begin(), random.front.end());
    const Scaling scaling = Scaling::of(non_dominated(both, problem.objectives), problem.objectives);
    const auto curve = hypervolume_curve(found, problem, scaling),
               baseline = hypervolume_curve(random, problem, scaling);
    file.hypervolume = hypervolume(found.front, problem.objectives, scaling);
    file.random_hypervolume = hypervolume(random.front, problem.objectives, scaling);
    support::CsvTable progress;
    progress.header = {"generation", "hypervolume", "random_hypervolume"};
    const std::size_t generations = curve.empty() ? baseline.size() : curve.size();
    for (std::size_t g = 0; g < generations;
         ++g) { // a search without generations has its front from the start
        progress.add({std::to_string(g), support::number(g < curve.size() ? curve[g] : file.hypervolume),
                      support::number(g < baseline.size() ? baseline[g] : file.random_hypervolume)});
    }
    return progress;
}

[[noreturn]] void refuse_bounds(const TableModel& model, const SearchResult& found) {
    std::string closest;
    if (!found.evaluated.empty()) {
        const auto& c = *std::ranges::min_element(found.evaluated, {}, &Candidate::violation);
        for (std::size_t k = 0; k < model.columns.size(); ++k) {
            closest += fmt::format("{} {} = {:.6g}", k == 0 ? "; the closest found has" : ",",
                                   model.columns[k].objective.name, c.values[k]);
        }
    }
    throw support::InfeasibleError(
        fmt::format("search.objectives: no architecture{} meets all bounds together{}; {}",
                    found.gap == 0.0 ? "" : " that was found", closest, reachable_text(model)));
}

std::string cell(const std::string& column, double value) {
    if (column == "accuracy") {
        return fmt::format("{:.2f} %", 100 * value);
    }
    if (column.starts_with("latency")) {
        return fmt::format("{:.3f}", value);
    }
    return support::si(value);
}

} // namespace

ObjectiveTables load_tables(const Configuration& configuration, const std::filesystem::path& run,
                            const std::vector<std::string>& latency_tables) {
    const auto& space = configuration.space;
    ObjectiveTables tables(space);
    for (const auto& table : latency_tables) {
        tables.add(latency::LatencyTable::load(run / table), space, configuration.latency.table.missing);
    }
    std::vector<Objective> named = configuration.search.objectives;
    named.insert(named.end(), configuration.search.prefer.begin(), configuration.search.prefer.end());
    for (auto& [name, column] : sought_cost_columns(configuration.search.columns, named, space)) {
        tables.add(name, std::move(column));
    }
    const auto file = run / "predictor/predictor.json";
    const bool others = !configuration.fit.qualities.empty();
    tables.add(predictors::AccuracyPredictor::from_json(support::read_file(file), file.string()),
               predictors::read_qualities(run / (others ? fit_qualities : "library/library.csv"), space,
                                          configuration.fit.columns),
               space);
    return tables;
}

std::vector<std::pair<Architecture, double>> obtained_accuracies(const std::filesystem::path& file) {
    const auto csv = support::read_csv(file);
    const auto text = csv.column("architecture", file.string()),
               accuracy = csv.column("accuracy", file.string());
    std::vector<std::pair<Architecture, double>> samples;
    for (const auto& row : csv.rows) {
        samples.emplace_back(Architecture::parse(row[text]),
                             support::parse_number(row[accuracy], "accuracy"));
    }
    return samples;
}

MadeFront make_front(const search_spaces::SearchSpace& space, const ObjectiveTables& tables,
                     const SearchStageOptions& options, std::uint64_t seed) {
    tables.check_reachable(options.objectives);
    const TableModel model = tables.model(options.objectives);
    const Problem problem = model.problem();
    StrategyOptions strategy = options.strategy;
    strategy.progress = search_progress(strategy.steps);
    if (!options.prefer.empty()) {
        strategy.preference = preference_of(tables.model(options.prefer));
    }
    const SearchResult found = solve(model, strategy, support::derive_seed(seed, {"search"}));
    if (found.front.empty()) {
        refuse_bounds(model, found);
    }
    const SearchOptions& budget = options.strategy.search;
    const std::int64_t evaluations =
        found.evaluated.empty() ? budget.population * budget.generations : std::ssize(found.evaluated);
    const SearchResult random =
        random_search(problem, evaluations, support::derive_seed(seed, {"random search"}));
    MadeFront made{front_file(space, tables, options.objectives, found, random), {}};
    made.file.strategy = to_text(options.strategy.strategy);
    made.hypervolume = compare_searches(problem, found, random, made.file);
    return made;
}

void write_front(const std::filesystem::path& folder, const MadeFront& made, const std::string& title,
                 const search_spaces::SearchSpace& space, const ObjectiveTables& tables,
                 std::vector<std::pair<Architecture, double>> samples) {
    std::erase_if(samples, [&](const auto& s) { return !tables.usable(space.genome(s.first)); });
    const FrontFile& file = made.file;
    support::write_atomically(folder / "front.csv", file.csv());
    support::write_atomically(folder / "front.json", file.json());
    support::write_atomically(
        folder / "front.svg",
        file.svg(title, training::task_of(space.head()).accuracy_name(), samples,
                 [&](const Architecture& a) { return values_of(tables, file.columns, space.genome(a)); }));
    support::write_atomically(folder / "hypervolume.csv", made.hypervolume.text());
}

std::string front_text(const FrontFile& file, const std::filesystem::path& folder) {
    std::vector<std::string> header = {"id"};
    header.insert(header.end(), file.columns.begin(), file.columns.end());
    header.insert(header.end(), {"interval", "same as"});
    support::TextTable table(header);
    constexpr std::size_t kShown = 20;
    const std::size_t step = std::max<std::size_t>(1, (file.front.size() + kShown - 1) / kShown);
    const auto same = file.same_as();
    for (std::size_t i = 0; i < file.front.size(); i += step) {
        const Point& p = file.front[i];
        std::vector<std::string> row = {p.architecture.id()};
        for (std::size_t k = 0; k < file.columns.size(); ++k) {
            row.push_back(cell(file.columns[k], p.values[k]));
        }
        row.push_back(
            p.accuracy ? fmt::format("{:.1f}..{:.1f} %", 100 * p.accuracy->low, 100 * p.accuracy->high) : "");
        row.push_back(same[i] == i ? "" : file.front[same[i]].architecture.id());
        table.add(row);
    }
    const bool marked = std::ranges::any_of(file.front, [&](const Point& p) {
        const auto i = static_cast<std::size_t>(&p - file.front.data());
        return same[i] != i;
    });
    return fmt::format(
        "Front: {} ({}); hypervolume {:.4f}, {} random networks {:.4f}\n{}{}{}"
        "  table    {}\n  plot     {}\n",
        support::counted(std::ssize(file.front), "network"), file.ended, file.hypervolume, file.evaluations,
        file.random_hypervolume, table.text(), step > 1 ? fmt::format("  (1 of {} shown)\n", step) : "",
        marked ? "  (same as: a network predicted to be worse that the intervals cannot tell from it)\n" : "",
        (folder / "front.csv").string(), (folder / "front.svg").string());
}

} // namespace tessera::nas
