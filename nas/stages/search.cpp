// search: the Pareto front, in seconds, from tables alone.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "nas/front_files.h"
#include "nas/stage.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/seed.h"
#include "support/table.h"

namespace tessera::nas {

namespace {

using search_spaces::Architecture;

ObjectiveTables load_tables(const StageContext& context) {
    const auto& space = context.config.space;
    ObjectiveTables tables(space);
    const auto measured = context.run.record("measure");
    for (const auto& artefact : measured->artefacts) {
        tables.add(latency::LatencyTable::load(context.run / artefact.first), space,
                   context.config.latency.table.missing);
    }
    const auto file = context.run / "predictor/predictor.json";
    tables.add(predictors::AccuracyPredictor::from_json(support::read_file(file), file.string()),
               predictors::read_qualities(context.run / "library/library.csv", space), space);
    return tables;
}

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

std::vector<std::pair<Architecture, double>> read_samples(const std::filesystem::path& file) {
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

[[noreturn]] void refuse_bounds(const SearchResult& found, const std::vector<Objective>& objectives) {
    const auto& closest =
        *std::min_element(found.evaluated.begin(), found.evaluated.end(),
                          [](const auto& a, const auto& b) { return a.violation < b.violation; });
    std::string values;
    for (std::size_t k = 0; k < objectives.size(); ++k) {
        values += fmt::format("{}{} = {:.6g}", k == 0 ? "" : ", ", objectives[k].name, closest.values[k]);
    }
    throw support::InfeasibleError(fmt::format(
        "search.objectives: none of {} architectures meets all bounds together; the closest has {}",
        found.evaluated.size(), values));
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
    file.evaluations = static_cast<std::int64_t>(found.evaluated.size());
    file.ended = found.ended;
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
    for (std::size_t g = 0; g < curve.size(); ++g) {
        progress.add({std::to_string(g), support::number(curve[g]),
                      support::number(g < baseline.size() ? baseline[g] : file.random_hypervolume)});
    }
    return progress;
}

std::vector<std::string> search_work(StageContext& context, const std::string&) {
    const auto& space = context.config.space;
    const auto& options = context.config.search;
    const ObjectiveTables tables = load_tables(context);
    tables.check_reachable(options.objectives);
    const TableModel model = tables.model(options.objectives);
    const Problem problem = model.problem();
    const SearchResult found = nsga2(problem, options.search, support::derive_seed(context.seed, {"search"}));
    const SearchResult random = random_search(problem, static_cast<std::int64_t>(found.evaluated.size()),
                                              support::derive_seed(context.seed, {"random search"}));
    if (found.front.empty()) {
        refuse_bounds(found, options.objectives);
    }
    FrontFile file = front_file(space, tables, options.objectives, found, random);
    const support::CsvTable progress = compare_searches(problem, found, random, file);
    auto samples = read_samples(context.run / "samples/samples.csv");
    std::erase_if(samples, [&](const auto& s) { return !tables.usable(space.genome(s.first)); });
    support::write_atomically(context.run / "search/front.csv", file.csv());
    support::write_atomically(context.run / "search/front.json", file.json());
    support::write_atomically(
        context.run / "search/front.svg",
        file.svg(context.config.name + ": predicted front", samples,
                 [&](const Architecture& a) { return values_of(tables, file.columns, space.genome(a)); }));
    support::write_atomically(context.run / "search/hypervolume.csv", progress.text());
    return {"search/front.csv", "search/front.json", "search/hypervolume.csv", "search/front.svg"};
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

Outcome search_outcome(StageContext& context) {
    const auto path = context.run / "search/front.json";
    const FrontFile file = FrontFile::load(path);
    std::vector<std::string> header = {"id"};
    header.insert(header.end(), file.columns.begin(), file.columns.end());
    header.emplace_back("interval");
    support::TextTable table(header);
    constexpr std::size_t kShown = 20;
    const std::size_t step = std::max<std::size_t>(1, (file.front.size() + kShown - 1) / kShown);
    for (std::size_t i = 0; i < file.front.size(); i += step) {
        const Point& p = file.front[i];
        std::vector<std::string> row = {p.architecture.id()};
        for (std::size_t k = 0; k < file.columns.size(); ++k) {
            row.push_back(cell(file.columns[k], p.values[k]));
        }
        row.push_back(
            p.accuracy ? fmt::format("{:.1f}..{:.1f} %", 100 * p.accuracy->low, 100 * p.accuracy->high) : "");
        table.add(row);
    }
    return {fmt::format("Front: {} from {} evaluated ({}); hypervolume {:.4f}, random search {:.4f}\n{}{}"
                        "  table    {}\n  plot     {}\n",
                        support::counted(static_cast<std::int64_t>(file.front.size()), "network"),
                        file.evaluations, file.ended, file.hypervolume, file.random_hypervolume, table.text(),
                        step > 1 ? fmt::format("  (1 of {} shown)\n", step) : "",
                        (context.run / "search/front.csv").string(),
                        (context.run / "search/front.svg").string()),
            nlohmann::json::parse(support::read_file(path, 256ULL << 20))};
}

} // namespace

Stage search_stage() {
    return {"search",
            "searches the front",
            {"distil", "measure", "sample", "fit"},
            [](const Configuration& c) {
                return Inputs{{"space", c.texts.space}, {"search", c.texts.search}};
            },
            search_work,
            search_outcome};
}

} // namespace tessera::nas
