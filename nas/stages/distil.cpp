// distil: the block library.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "nas/stage.h"
#include "predictors/distiller.h"
#include "support/csv.h"
#include "support/hash.h"
#include "support/seed.h"
#include "support/table.h"

namespace tessera::nas {

std::string library_fingerprint(const StageContext& context) {
    const auto teach = context.run.record("teach");
    support::Hasher hasher;
    hasher.add("library").add(std::to_string(context.seed)).add(teach ? teach->output_hash() : "");
    hasher.add(context.config.texts.data).add(context.image_names()).add(context.config.distil.essence());
    return hasher.hex();
}

namespace {

std::vector<std::string> distil_work(StageContext& context, const std::string&) {
    const auto& options = context.config.distil;
    int workers = options.workers > 0
                      ? static_cast<int>(std::min<std::int64_t>(options.workers, context.threads))
                      : context.threads;
    if (!context.device().is_cpu()) {
        workers = 1;
    } // one stream of kernels
    const predictors::PassContext pass{context.config.space, context.reference(),
                                       context.data(),       options,
                                       context.device(),     workers,
                                       context.seed,         {}};
    const predictors::BlockLibrary library = context.library();
    predictors::distil(pass, library, context.reference_state());
    std::vector<std::string> artefacts = {"library/library.csv"};
    for (std::size_t b = 0; b < context.config.space.blocks().size(); ++b) {
        for (std::size_t m = 0; m < context.config.space.blocks()[b].choices.size(); ++m) {
            artefacts.push_back(library.file(b, m).lexically_relative(context.run.path()).string());
        }
    }
    return artefacts;
}

/// Per block: how many choices, the best, the median and the worst quality.
Outcome distil_outcome(StageContext& context) {
    const auto file = context.run / "library/library.csv";
    const auto quality = predictors::read_quality(file, context.config.space);
    support::TextTable table({"block", "choices", "best NSR", "median", "worst", "unusable"});
    nlohmann::json blocks = nlohmann::json::array();
    for (std::size_t b = 0; b < quality.size(); ++b) {
        std::vector<double> usable;
        for (std::size_t m = 1; m < quality[b].size(); ++m) {
            if (std::isfinite(quality[b][m])) {
                usable.push_back(quality[b][m]);
            }
        }
        std::sort(usable.begin(), usable.end());
        const auto text = [&](std::size_t i) {
            return usable.empty() ? "-" : fmt::format("{:.4f}", usable[i]);
        };
        const std::string& name = context.config.space.blocks()[b].name;
        const std::size_t unusable = quality[b].size() - 1 - usable.size();
        table.add({name, std::to_string(quality[b].size()), text(0), text(usable.size() / 2),
                   text(usable.empty() ? 0 : usable.size() - 1), std::to_string(unusable)});
        blocks.push_back({{"block", name}, {"choices", quality[b].size()}, {"unusable", unusable}});
    }
    return {"Library: noise-to-signal ratio of the choices (0: the reference itself, 1: no better than the "
            "mean)\n" +
                table.text() + fmt::format("  table    {}\n", file.string()),
            {{"library", file.string()}, {"blocks", blocks}}};
}

} // namespace

Stage distil_stage() {
    return {"distil",
            "trains every choice of every block to imitate the reference's block",
            {"teach"},
            [](const Configuration& c) {
                return Inputs{{"space", c.texts.space},
                              {"data", c.texts.data},
                              {"distil", c.distil.essence()},
                              {"distil.inspect_images", std::to_string(c.distil.inspect_images)}};
            },
            distil_work,
            distil_outcome,
            nullptr,
            true,
            true,
            {"space", "distil.inspect_images"}};
}

} // namespace tessera::nas
