// Fine-tuning of networks that start from the library, several side by side.
#pragma once

#include <string>
#include <vector>

#include "nas/stage.h"

namespace tessera::nas {

struct FineTuned {
    search_spaces::Architecture architecture;
    double initial_accuracy = 0;    ///< on the validation images, before the first step
    double validation_accuracy = 0; ///< after the last epoch
};

/// Fine-tunes each architecture from the library (stem and head from the reference), with the reference as
/// teacher. On the CPU as many at once as there are threads, one thread each, so that no result depends on
/// their number; on a GPU one after the other. <folder>/<id>/ receives result.json, metrics.csv and, with
/// `keep_weights`, weights.safetensors; a network that was trained from the same library entries, images and
/// options is not trained again, whatever else has changed; one that was interrupted goes on, and one that
/// was set aside is taken back.
std::vector<FineTuned> fine_tune(StageContext& context,
                                 const std::vector<search_spaces::Architecture>& architectures,
                                 const training::TrainOptions& options, const std::string& folder,
                                 bool keep_weights);
/// How far fine_tune() has come with these networks; what was set aside and will be taken back counts.
struct TuningProgress {
    std::int64_t networks = 0; ///< in all
    std::int64_t stored = 0;   ///< of them that will not be trained again
    double begun = 0;          ///< of the others, the sum of the shares that their checkpoints hold
};
TuningProgress tuning_progress(const StageContext& context,
                               const std::vector<search_spaces::Architecture>& architectures,
                               const training::TrainOptions& options, const std::string& folder,
                               bool keep_weights);

/// What the stages sample and finetune train; the library's table and the front have to be there.
std::vector<search_spaces::Architecture> sampled_architectures(const StageContext& context);
std::vector<search_spaces::Architecture> picked_architectures(const StageContext& context);

/// Moves the networks in <folder> that are none of these to <folder>/earlier: they hold hours of training and
/// may be wanted again.
void set_others_aside(const StageContext& context,
                      const std::vector<search_spaces::Architecture>& architectures,
                      const std::string& folder);

} // namespace tessera::nas
