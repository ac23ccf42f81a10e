#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include "nas/first_configuration.h"
#include "support/error.h"
#include "support/files.h"
#include "support/interrupt.h"
#include "support/seed.h"
#include "training/datasets/folder_splits.h"
#include "training/datasets/image_decoding.h"

namespace tessera::nas {
namespace {

namespace fs = std::filesystem;
using training::FolderListing;

/// What one image of the sample tells.
struct Look {
    std::int64_t side = 0; ///< the shorter one; 0: damaged
    bool grey = true;
    std::string problem;
};

Look look_at(const fs::path& file, std::int64_t max_pixels) {
    Look look;
    try {
        const auto image =
            training::decode_image(support::read_file(file, 256ULL << 20), {3, 0, max_pixels}, file.string());
        look.side = std::min(image.width, image.height);
        for (std::size_t i = 0; i + 2 < image.pixels.size() && look.grey; i += 3) {
            // A photograph of something grey is still in colour: compression leaves a difference of a few
            // steps.
            look.grey = std::abs(image.pixels[i] - image.pixels[i + 1]) < 4 &&
                        std::abs(image.pixels[i] - image.pixels[i + 2]) < 4;
        }
    } catch (const support::RunError& error) { look.problem = error.what(); }
    return look;
}

std::vector<fs::path> sample_of(const FolderListing& listing, std::int64_t count) {
    std::vector<fs::path> files;
    for (const auto& [file, label] : listing.files) {
        files.push_back(listing.folder / file);
    }
    support::Rng rng(support::derive_seed(1, {"folder survey"}));
    rng.shuffle(files);
    files.resize(std::min(files.size(), static_cast<std::size_t>(count)));
    return files;
}

void look_at_sample(const FolderListing& listing, std::int64_t count, FolderSurvey& survey) {
    const auto files = sample_of(listing, count);
    std::vector<Look> looks(files.size());
    tbb::parallel_for(std::size_t{0}, files.size(), [&](std::size_t i) {
        support::check_interrupt();
        looks[i] = look_at(files[i], survey.max_pixels);
    });
    std::vector<std::int64_t> shorter;
    std::int64_t grey = 0;
    for (const Look& look : looks) {
        if (look.side == 0) {
            ++survey.damaged;
            if (survey.examples.size() < 3) {
                survey.examples.push_back(look.problem);
            }
            continue;
        }
        shorter.push_back(look.side);
        grey += look.grey ? 1 : 0;
    }
    survey.looked_at = static_cast<std::int64_t>(looks.size());
    if (shorter.empty()) {
        throw support::RunError(fmt::format("{}: none of {} images looked at can be decoded; the first: {}",
                                            listing.folder.string(), looks.size(), survey.examples.front()));
    }
    std::sort(shorter.begin(), shorter.end());
    survey.shortest = shorter.front();
    survey.median = shorter[shorter.size() / 2];
    survey.longest = shorter.back();
    survey.grey = static_cast<double>(grey) / static_cast<double>(shorter.size());
}

} // namespace

FolderSurvey survey_folder(const fs::path& folder, std::int64_t max_pixels, std::int64_t sample) {
    if (const auto problem = training::folder_problem(folder); !problem.empty()) {
        throw support::UsageError(problem);
    }
    const auto splits = training::list_splits(folder, 0);
    const FolderListing& train = splits.train;
    FolderSurvey survey;
    survey.max_pixels = max_pixels;
    survey.split = train.folder != folder;
    if (train.classes.size() < 2) {
        throw support::UsageError(fmt::format("{}: one class folder ({}); a classifier needs two or more",
                                              train.folder.string(), train.classes.front()));
    }
    survey.classes = train.classes;
    survey.train = static_cast<std::int64_t>(train.files.size());
    std::vector<std::int64_t> sizes(train.classes.size());
    for (const auto& [file, label] : train.files) {
        ++sizes[static_cast<std::size_t>(label)];
    }
    survey.fewest = *std::min_element(sizes.begin(), sizes.end());
    survey.most = *std::max_element(sizes.begin(), sizes.end());
    survey.validation = splits.validation ? std::ssize(splits.validation->files) : 0;
    survey.test = splits.test ? std::ssize(splits.test->files) : 0;
    look_at_sample(train, sample, survey);
    return survey;
}

} // namespace tessera::nas
