// An exported network tried on labelled images, as it will be used: from files, with the preprocessing that
// it brings along.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "latency/latency_table.h"
#include "nas/exported_model.h"
#include "training/confusion_matrix.h"
#include "training/datasets/damaged_files.h"

namespace tessera::nas {

/// Labelled image files for a network's classes.
struct LabelledImages {
    std::filesystem::path folder;                            ///< that holds the class folders
    std::vector<std::pair<std::string, std::int64_t>> files; ///< relative to it; the network's class
    std::vector<std::string> missing;                        ///< classes of the network that have no folder
};

/// Class folders are matched by their names with `classes`. `root` holds them itself or in a folder called
/// `split` (empty: "test" or "testing" in any case, where there is one). Throws UsageError where a split is
/// named that is not there, RunError for a missing folder, no class folder, one without images, and folders
/// that are no class of the network (all of them are named).
LabelledImages find_images(const std::filesystem::path& root, const std::string& split,
                           const std::vector<std::string>& classes);

struct Prediction {
    std::string file; ///< relative to the folder
    std::int64_t truth = 0, predicted = 0;
    double probability = 0; ///< of the predicted class
};

struct ModelEvaluation {
    training::ConfusionMatrix confusion;
    std::vector<Prediction> predictions; ///< one for each image that could be read, in the order of the files
    std::vector<training::DamagedFile> damaged; ///< left out
};

/// Decodes and classifies all images, few at a time. Every batch has 32 images, so that the result does not
/// depend on the number of threads. Images that cannot be read are left out with a warning. Throws RunError
/// where that leaves none. Calls check_interrupt().
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
