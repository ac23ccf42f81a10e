#include "nas/standing.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "nas/construction_progress.h"
#include "nas/stage_estimates.h"
#include "nas/stage_plan.h"
#include "predictors/pass_checkpoints.h"
#include "training/checkpoint.h"

namespace tessera::nas {
namespace {

std::vector<std::vector<double>> distilled_shares(const StageContext& context, std::int64_t train_images) {
    const auto& space = context.config.space;
    const auto& options = context.config.distil;
    const std::int64_t images = std::max<std::int64_t>(1, images_visited(options.train_limit, train_images));
    const std::int64_t batch = std::min(options.batch, images);
    const auto steps = static_cast<double>(options.epochs * std::max<std::int64_t>(1, images / batch));
    const predictors::BlockLibrary library = context.library();
    const predictors::PassCheckpoints checkpoints(library, space);
    std::vector<std::vector<double>> shares;
    for (std::size_t b = 0; b < space.blocks().size(); ++b) {
        shares.emplace_back();
        for (std::size_t m = 0; m < space.blocks()[b].choices.size(); ++m) {
            const auto begun = checkpoints.find(b, m);
            shares.back().push_back(library.has(b, m) ? 1
                                    : begun ? std::min(1.0, static_cast<double>(begun->step) / steps)
                                            : 0);
        }
    }
    return shares;
}

} // namespace

Standing standing_of(const StageContext& context, const training::ImageCounts& images) {
    std::set<std::string> running;
    for (const PlannedStage& step : plan_stages(context)) {
        if (step.runs) {
            running.insert(step.stage->name);
        }
    }
    const auto unfinished = [&](const std::string& name) {
        const auto& needs = stage(name).needs;
        return running.contains(name) && std::none_of(needs.begin(), needs.end(), [&](const auto& above) {
                   return running.contains(above);
               });
    };
    const Configuration& config = context.config;
    Standing standing;
    if (config.construct && unfinished("construct")) {
        standing.constructed = construction_progress(context, fingerprint_of(stage("construct"), context))
                                   .share(*config.construct);
    }
    if (unfinished("teach")) {
        standing.taught = training::checkpoint_share(context.run / "teach/checkpoint.safetensors",
                                                     fingerprint_of(stage("teach"), context));
    }
    if (unfinished("distil")) {
        standing.distilled = distilled_shares(context, images.train);
    }
    if (unfinished("sample")) {
        standing.samples = tuning_progress(context, sampled_architectures(context), config.sample.train,
                                           "samples", /*keep_weights=*/false);
    }
    if (unfinished("finetune")) {
        standing.models = tuning_progress(context, picked_architectures(context), config.finetune.train,
                                          "models", /*keep_weights=*/true);
    }
    return standing;
}

double share_of(const Standing& standing, const std::string& stage) {
    if (stage == "construct") {
        return standing.constructed;
    }
    if (stage == "teach") {
        return standing.taught;
    }
    if (stage == "distil") {
        double sum = 0, count = 0;
        for (const auto& block : standing.distilled) {
            sum = std::accumulate(block.begin(), block.end(), sum);
            count += static_cast<double>(block.size());
        }
        return count > 0 ? sum / count : 0;
    }
    const auto progress = stage == "sample"     ? standing.samples
                          : stage == "finetune" ? standing.models
                                                : std::nullopt;
    return progress && progress->networks > 0 ? (static_cast<double>(progress->stored) + progress->begun) /
                                                    static_cast<double>(progress->networks)
                                              : 0;
}

} // namespace tessera::nas
