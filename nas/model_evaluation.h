// An exported network tried on labelled images, as it will be used: from files, with the preprocessing that
// it brings along.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "latency/latency_table.h"
#include "nas/exported_model.h"
#include "nas/stage.h"
#include "training/confusion_matrix.h"
#include "training/datasets/damaged_files.h"
#include "training/task.h"

namespace tessera::nas {

/// Labelled images for a network's classes: files, or what a data set of another kind holds.
struct LabelledImages {
    std::filesystem::path folder; ///< that holds the class folders; empty where the images are no files
    std::vector<std::pair<std::string, std::int64_t>>
        files;                        ///< relative to it, or names; the network's class
    torch::Tensor pixels;             ///< where the images are no files: N x C x H x W uint8, scaled and cut
    torch::Tensor targets{};          ///< of these, where they have depths: N x 1 x H x W float32
    std::vector<std::string> missing; ///< classes of the network of which there are no images
};

/// Class folders are matched by their names with `classes`. `root` holds them itself or in a folder called
/// `split` (empty: "test" or "testing" in any case, where there is one). Throws UsageError for a
/// missing folder and where a split is named that is not there, RunError for no class folder, one without
/// images, and folders that are no class of the network (all of them are named).
LabelledImages find_images(const std::filesystem::path& root, const std::string& split,
                           const std::vector<std::string>& classes);

/// The test images of a run, its own split or those that it held out; damaged ones are not among them. Loads
/// the run's data. Throws as loading does, and RunError where the files are no longer those that the run was
/// trained on (which of them it has not seen would be a guess), for images of another size than the network's
/// that are no files, and for classes that are none of the network's.
LabelledImages test_images_of(StageContext& run, const training::Preprocessing& preprocessing);

struct Prediction {
    std::string file; ///< relative to the folder
    std::int64_t truth = 0, predicted = 0;
    double probability = 0; ///< of the predicted class
};

struct ModelEvaluation {
    training::ConfusionMatrix confusion;
    std::vector<Prediction> predictions; ///< one for each image that could be read, in the order of the files
    std::vector<training::DamagedFile> damaged; ///< left out
    /// Of a network that tells depths, which has none of the above.
    std::optional<training::Evaluation> depths{};
};

/// Decodes and classifies all images, few at a time. Every batch has 32 images, so that the result does not
/// depend on the number of threads. Images that cannot be read are left out with a warning. Throws RunError
/// where that leaves none. Calls check_interrupt(). A network that tells depths needs images with targets.
ModelEvaluation evaluate_model(ExportedModel& model, const LabelledImages& images, int threads);

/// How fast the network is: batch 1 as one image after the other is answered, and batch 32 for throughput. On
/// noise, which takes as long as images.
struct ModelSpeed {
    static constexpr std::int64_t batch = 32;
    latency::Timing one, many;
    double images_per_second() const { return 1000 * static_cast<double>(batch) / many.p50_ms; }
};
ModelSpeed time_model(ExportedModel& model, int threads);

} // namespace tessera::nas
