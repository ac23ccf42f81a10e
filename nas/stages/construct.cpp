// construct: the reference's architecture, grown from filter statistics.
#include <fmt/format.h>

#include "nas/construction/baselines.h"
#include "nas/construction/network_picture.h"
#include "nas/construction/network_text.h"
#include "nas/construction_progress.h"
#include "nas/construction_training.h"
#include "nas/export.h"
#include "nas/stage.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"
#include "support/log.h"
#include "support/seed.h"
#include "support/table.h"

namespace tessera::nas {
namespace {

constexpr const char* reference_input = "construct.reference";

using construction::EnvelopeNetwork;
using construction::Growth;

support::CsvTable settling_csv(const std::vector<SettlingCurve>& curves) {
    support::CsvTable csv;
    const auto correlation = [](double r) { return std::isnan(r) ? "" : support::number(r); };
    csv.header = {"stage", "step", "rank_correlation", "with_last"};
    for (const SettlingCurve& curve : curves) {
        for (const auto& point : curve.points) {
            csv.add({std::to_string(curve.stage), std::to_string(point.step),
                     correlation(point.with_previous), correlation(point.with_last)});
        }
    }
    return csv;
}

/// `space` is the network's.
std::string picture(const EnvelopeNetwork& network, const search_spaces::SearchSpace& space,
                    const StageContext& context, const std::string& title) {
    const auto costs = space.costs(space.reference());
    const std::string head = space.head().dense()
                                 ? "a depth for every pixel"
                                 : fmt::format("mean over the map, {} classes", space.classes());
    return construction::network_picture(
        network,
        {title, context.config.construct->growth.image, space.input(), {costs.parameters, costs.macs}, head});
}

nlohmann::json stages_json(const std::vector<construction::StageGrowth>& stages) {
    nlohmann::json rows = nlohmann::json::array();
    for (const auto& stage : stages) {
        rows.push_back({{"layers", stage.layers}, {"branches", stage.branches}, {"pruned", stage.pruned}});
    }
    return rows;
}

/// Files of one iteration; `network` is the one that was trained.
std::vector<std::string> write_iteration(const StageContext& context, int number,
                                         const EnvelopeNetwork& network,
                                         const ConstructionTraining& trained) {
    const std::string folder = fmt::format("construct/iteration-{}/", number);
    std::vector<std::string> written;
    const auto write = [&](const std::string& name, const std::string& text) {
        support::write_atomically(context.run / (folder + name), text);
        written.push_back(folder + name);
    };
    const auto space = space_around(network, context);
    write("architecture.yaml", architecture_yaml(space, space.reference()));
    write("network.txt", construction::network_text(network) + "\n");
    write("statistics.csv", construction::statistics_csv(trained.statistics).text());
    write("skips.csv", construction::skips_csv(network, trained.skips).text());
    write("settling.csv", settling_csv(trained.settling).text());
    write("network.svg",
          picture(network, space, context, fmt::format("{}: iteration {}", context.config.name, number)));
    support::write_atomically(context.run / (folder + "metrics.csv"), // holds seconds
                              training::history_csv(trained.history));
    return written;
}

std::string place_text(const construction::BranchPlace& place) {
    return fmt::format("s{}c{} {}", place.stage, place.cell, construction::operator_name(place.branch));
}

nlohmann::json told(int number, const ConstructionTraining& trained, const Growth& growth) {
    nlohmann::json pruned = nlohmann::json::array(), unusable = nlohmann::json::array();
    for (const auto& place : growth.pruned) {
        pruned.push_back(place_text(place));
    }
    for (const auto& place : growth.unusable) {
        unusable.push_back(place_text(place));
    }
    return {{"iteration", number},
            {"steps", trained.steps},
            {"stages", stages_json(growth.stages)},
            {"pruned", pruned},
            {"unusable", unusable},
            {"parameters", growth.costs.parameters},
            {"macs", growth.costs.macs},
            {"summary", growth.summary},
            {"network", construction::network_text(growth.network)}};
}

/// What becomes the reference: as wide as the space's stem, and the constructed one or a baseline of it.
EnvelopeNetwork reference_of(EnvelopeNetwork network, const StageContext& context) {
    const auto& stem = context.config.construct->around.stem;
    network.width = static_cast<int>(stem.channels);
    network.initial_kernel = static_cast<int>(stem.kernel);
    const construction::BaselineEnds ends{context.config.space.input().channels,
                                          context.config.space.classes()};
    switch (context.config.construct->reference) {
    case ConstructedReference::random:
        return construction::random_placement(
            network, support::derive_seed(context.seed, {"construct", "random"}), ends);
    case ConstructedReference::hand_built:
        return construction::hand_built(network, ends);
    case ConstructedReference::constructed:
        break;
    }
    return network;
}

/// The options with the costs of this configuration's stem and head. Throws UsageError where the start is
/// beyond the target with them.
construction::GrowthOptions counted_with_ends(const StageContext& context) {
    construction::GrowthOptions growth = context.config.construct->growth;
    EnvelopeNetwork start = construction::start_network(growth);
    start.width = growth.target_width;
    start.initial_kernel = growth.target_kernel;
    const auto space = space_around(start, context);
    const auto whole = space.costs(space.reference());
    const auto counted = construction::counted_costs(start, growth);
    growth.around = {whole.parameters - counted.parameters, whole.macs - counted.macs};
    construction::growth_plan(growth);
    return growth;
}

/// A construction of other options may have left more than this one will have.
void remove_iterations_after(std::size_t last, const RunFolder& run) {
    for (std::size_t number = last + 1;; ++number) {
        std::error_code ignored;
        if (std::filesystem::remove_all(run / fmt::format("construct/iteration-{}", number), ignored) == 0 ||
            ignored) {
            return;
        }
    }
}

void construct_all(ConstructionProgress& c, StageContext& context, const std::string& fingerprint) {
    const ConstructOptions& options = *context.config.construct;
    const construction::GrowthOptions growing = counted_with_ends(context);
    // Once every stage is at its maximum nothing is left to be learnt.
    const std::size_t iterations = construction::growth_plan(growing).size();
    const std::int64_t each = options.steps * options.train.batch;
    support::Progress progress("construct", static_cast<std::int64_t>(iterations) * each, "images",
                               static_cast<std::int64_t>(c.iterations.size()) * each);
    const auto checkpoint = context.run / "construct/checkpoint.safetensors";
    while (!c.complete && c.iterations.size() < iterations) {
        const int number = static_cast<int>(c.iterations.size()) + 1;
        progress.note(fmt::format("iteration {}/{}", number, iterations));
        const EnvelopeNetwork& network = c.networks.back();
        const auto trained = train_and_look(network, number, context, fingerprint, checkpoint, progress);
        const Growth growth = construction::grow(network, trained.statistics, trained.skips, growing);
        for (const auto& place : growth.unusable) {
            support::warn("construct: the statistic of {} is not a finite number; it counts as the worst",
                          place_text(place));
        }
        const auto names = construction::entry_names(network);
        for (const auto& skip : growth.unusable_skips) {
            support::warn("construct: the factor of the skip from {} to {} is not a finite number; it counts "
                          "as the smallest",
                          names.at(static_cast<std::size_t>(skip.source) - 1),
                          names.at(static_cast<std::size_t>(skip.entry) - 1));
        }
        const auto files = write_iteration(context, number, network, trained);
        c.iterations.push_back(told(number, trained, growth));
        for (const std::string& file : files) {
            c.iterations.back()["files"][file] = support::file_hash(context.run / file);
        }
        c.networks.push_back(growth.network);
        c.complete = growth.outcome != Growth::Outcome::grown;
        keep_construction(c, context, fingerprint);
        progress.advance(std::max<std::int64_t>(0, each - trained.steps * options.train.batch));
        support::info("construct: {}", growth.summary);
        std::error_code ignored;
        std::filesystem::remove(checkpoint, ignored);
    }
    c.complete = true;
    keep_construction(c, context, fingerprint);
    remove_iterations_after(c.iterations.size(), context.run);
}

std::vector<std::string> artefacts_of(const ConstructionProgress& c) {
    std::vector<std::string> files;
    for (const nlohmann::json& iteration : c.iterations) {
        for (const auto& [name, hash] : iteration.at("files").items()) {
            files.push_back(name);
        }
    }
    return files;
}

std::vector<std::string> construct_work(StageContext& context, const std::string&) {
    const ConstructOptions& options = *context.config.construct;
    Inputs grown_from = made_from(construct_stage(), context);
    grown_from.erase(reference_input); // a baseline of what has grown needs no other growth
    const std::string fingerprint = fingerprint_of("construct", grown_from);
    ConstructionProgress c = construction_progress(context, fingerprint);
    construct_all(c, context, fingerprint);

    const EnvelopeNetwork network = reference_of(c.networks.back(), context);
    const auto write = [&](const std::string& name, const std::string& text) {
        support::write_atomically(context.run / name, text);
    };
    write("construct/network.txt", construction::network_text(network) + "\n");
    write(constructed_space, space_document(context, network.width, network.initial_kernel,
                                            blocks_yaml(network, options.dropout)));
    const auto space = space_around(network, context);
    write("construct/network.svg", picture(network, space, context, context.config.name));
    const auto total = space.costs(space.reference());
    nlohmann::json told = c.iterations;
    for (nlohmann::json& iteration : told) {
        iteration.erase("files");
    }
    nlohmann::json result = {{"schema", "tessera-construct-1"},
                             {"network", construction::network_text(network)},
                             {"parameters", total.parameters},
                             {"macs", total.macs},
                             {"iterations", told}};
    write("construct/result.json", result.dump(2) + "\n");
    auto files = artefacts_of(c);
    for (const char* name :
         {"construct/network.txt", "construct/network.svg", constructed_space, "construct/result.json"}) {
        files.emplace_back(name);
    }
    return files;
}

std::string layers_text(const nlohmann::json& stages, const char* key) {
    std::string text;
    for (const nlohmann::json& stage : stages) {
        text += (text.empty() ? "" : ", ") + std::to_string(stage.at(key).get<int>());
    }
    return text;
}

Outcome construct_outcome(StageContext& context) {
    const nlohmann::json result =
        nlohmann::json::parse(support::read_file(context.run / "construct/result.json"));
    support::TextTable table({"iteration", "steps", "layers", "branches", "parameters", "MACs"});
    std::string last;
    for (const nlohmann::json& row : result.at("iterations")) {
        table.add({std::to_string(row.at("iteration").get<int>()),
                   std::to_string(row.at("steps").get<std::int64_t>()),
                   layers_text(row.at("stages"), "layers"), layers_text(row.at("stages"), "branches"),
                   support::si(row.at("parameters").get<double>()),
                   support::si(row.at("macs").get<double>())});
        last = row.at("summary").get<std::string>();
    }
    return {fmt::format(
                "Constructed: {} parameters, {} MACs\n  {}\n{}  network  {}\n  picture  {}\n  blocks   {}\n",
                support::si(result.at("parameters").get<double>()),
                support::si(result.at("macs").get<double>()), last, table.text(),
                (context.run / "construct/network.txt").string(),
                (context.run / "construct/network.svg").string(), (context.run / constructed_space).string()),
            result};
}

Inputs construct_inputs(const Configuration& config) {
    const auto& [input, classes, stem] = config.construct->around;
    return {{"space.input", fmt::format("{} {} {}", input.channels, input.height, input.width)},
            {"space.classes", std::to_string(classes)},
            {"space.stem", stem.skeleton()},
            {"space.head", config.space.head().yaml()},
            {"data", config.texts.data},
            {"construct", config.construct->grown_from},
            {reference_input, std::string(to_text(config.construct->reference))}};
}

} // namespace

Stage construct_stage() {
    Stage stage{"construct",
                "grows the reference's architecture from filter statistics",
                {},
                construct_inputs,
                construct_work,
                construct_outcome};
    stage.sees_images = true;
    stage.trains = true;
    stage.applies = [](const Configuration& config) { return config.construct.has_value(); };
    return stage;
}

} // namespace tessera::nas
