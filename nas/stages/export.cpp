// export: the fine-tuned networks as files that others open.
#include <set>

#include <fmt/format.h>

#include "nas/export.h"
#include "nas/leftovers.h"
#include "nas/stage.h"
#include "support/csv.h"
#include "support/files.h"
#include "support/table.h"
#include "training/layout.h"
#include "training/state.h"

namespace tessera::nas {

namespace {

/// Part of the fingerprint: what an earlier version exported is exported again.
constexpr const char* exported_form =
    "with preprocessing, its largest image, and an example; every file counts";

/// The first image of the test set (of a set too small for one, of another): what the network will see, in
/// form and in kind.
Deployment deployment_of(const training::Datasets& data) {
    const training::Dataset& images = data.test.size() > 0         ? data.test
                                      : data.validation.size() > 0 ? data.validation
                                                                   : data.train;
    const auto label = images.labels[0].item<std::int64_t>();
    const torch::Tensor kept = images.images[0];
    const torch::Tensor centre = kept.narrow(1, (kept.size(1) - images.height()) / 2, images.height())
                                     .narrow(2, (kept.size(2) - images.width()) / 2, images.width());
    return {data.preprocessing(), centre.contiguous(), data.classes.at(static_cast<std::size_t>(label))};
}

std::vector<std::string> export_work(StageContext& context, const std::string&) {
    const auto models = context.run / "models/models.csv";
    const auto csv = support::read_csv(models);
    support::CsvTable table;
    table.header = {"id", "folder", "torchscript_difference", "weights_difference"};
    std::vector<std::string> artefacts = {"export/exports.csv"};
    std::set<std::string> ids;
    const Deployment deployment = deployment_of(context.data());
    for (const auto& row : csv.rows) {
        const std::string id = row[csv.column("id", models.string())];
        const auto architecture =
            search_spaces::Architecture::parse(row[csv.column("architecture", models.string())]);
        search_spaces::Network network(context.config.space, architecture);
        const auto weights = context.run / ("models/" + id + "/weights.safetensors");
        training::load_state(*network, training::read_safetensors(weights).tensors, weights.string());
        training::to_channels_last(*network);
        network->eval();
        const auto result =
            export_network(network, context.config.space, deployment, context.run / ("export/" + id));
        table.add({id, "export/" + id, support::number(result.torchscript_difference),
                   support::number(result.weights_difference)});
        ids.insert(id);
        for (const std::string& file : exported_files()) {
            artefacts.push_back(fmt::format("export/{}/{}", id, file));
        }
    }
    support::write_atomically(context.run / "export/exports.csv", table.text());
    remove_leftovers(context.run / "export", ids, exported_files());
    return artefacts;
}

Outcome export_outcome(StageContext& context) {
    const auto path = context.run / "export/exports.csv";
    const auto csv = support::read_csv(path);
    const auto id = csv.column("id", path.string()), folder = csv.column("folder", path.string()),
               script = csv.column("torchscript_difference", path.string()),
               weights = csv.column("weights_difference", path.string());
    support::TextTable table({"id", "TorchScript: max abs difference", "rebuilt from weights", "folder"});
    nlohmann::json json = nlohmann::json::array();
    for (const auto& row : csv.rows) {
        table.add({row[id], fmt::format("{:.1e}", support::parse_number(row[script], "difference")),
                   fmt::format("{:.1e}", support::parse_number(row[weights], "difference")),
                   (context.run / row[folder]).string()});
        json.push_back({{"id", row[id]}, {"folder", (context.run / row[folder]).string()}});
    }
    return {"Exported: model.pt, weights.safetensors and what goes with them, each reloaded and compared\n" +
                table.text(),
            json};
}

} // namespace

Stage export_stage() {
    return {"export",     "writes the fine-tuned networks as TorchScript, safetensors and YAML",
            {"finetune"}, [](const Configuration&) { return Inputs{{"form of the files", exported_form}}; },
            export_work,  export_outcome};
}

} // namespace tessera::nas
