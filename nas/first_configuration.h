// From a folder of images to a configuration that fits them, this machine and the user's time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "training/preprocessing.h"

namespace tessera::nas {

/// What a look at a folder tells; see survey_folder().
struct FolderSurvey {
    std::vector<std::string> classes;
    std::int64_t train = 0, validation = 0, test = 0; ///< image files; without splits all of them are `train`
    bool split = false;                               ///< train/ is there
    std::int64_t fewest = 0, most = 0;       ///< training images of the smallest and the largest class
    std::int64_t looked_at = 0, damaged = 0; ///< of a seeded sample that was decoded
    std::vector<std::string> examples;       ///< messages of the first damaged ones
    std::int64_t shortest = 0, median = 0, longest = 0;     ///< shorter sides of the sample's images, pixels
    double grey = 0;                                        ///< share of the sample without colour
    std::int64_t max_pixels = training::default_max_pixels; ///< of an image that is decoded
};

/// Lists the folder as data.kind image_folder does and decodes a sample of `sample` images; one of more than
/// `max_pixels` counts as damaged. Throws as loading
/// the folder would, RunError also where not one image of the sample can be decoded.
FolderSurvey survey_folder(const std::filesystem::path& folder,
                           std::int64_t max_pixels = training::default_max_pixels, std::int64_t sample = 200);

struct FirstOptions {
    double hours = 2;            ///< that the whole run may take on this machine
    std::filesystem::path table; ///< latency table to bring along; empty: this machine is measured
    std::filesystem::path
        reference;   ///< safetensors of a trained network that says what it is; empty: one is taught
    int threads = 0; ///< 0: all
};

/// A commented configuration as YAML. Measures the machine for some seconds to fit budgets to options.hours.
/// Warns where they cannot be met, naming the least. Throws UsageError where the reference's weights do not
/// say which network they belong to.
std::string first_configuration(const std::filesystem::path& folder, const FolderSurvey& survey,
                                const FirstOptions& options);

} // namespace tessera::nas
