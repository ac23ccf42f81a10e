// search: the Pareto front, in seconds, from tables alone.
#include "nas/front_making.h"
#include "nas/stage.h"
#include "support/files.h"

namespace tessera::nas {

namespace {

std::vector<std::string> search_work(StageContext& context, const std::string&) {
    const auto measured = context.run.record("measure");
    std::vector<std::string> latency_tables;
    for (const auto& artefact : measured->artefacts) {
        latency_tables.push_back(artefact.first);
    }
    const ObjectiveTables tables = load_tables(context.config, context.run.path(), latency_tables);
    const MadeFront made = make_front(context.config.space, tables, context.config.search, context.seed);
    write_front(context.run / "search", made, context.config.name + ": predicted front", context.config.space,
                tables, obtained_accuracies(context.run / "samples/samples.csv"));
    return {"search/front.csv", "search/front.json", "search/hypervolume.csv", "search/front.svg"};
}

Outcome search_outcome(StageContext& context) {
    const auto path = context.run / "search/front.json";
    return {front_text(FrontFile::load(path), context.run / "search"),
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
            search_outcome,
            [](const Configuration& c) {
                std::map<std::string, std::filesystem::path> files;
                if (!c.search.columns.empty()) {
                    files["content of search.columns"] = c.search.columns;
                }
                return files;
            }};
}

} // namespace tessera::nas
