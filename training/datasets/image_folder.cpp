#include "training/datasets/image_folder.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

#include "support/error.h"
#include "support/files.h"
#include "support/interrupt.h"
#include "support/progress.h"
#include "training/datasets/decoded_cache.h"
#include "training/datasets/image_decoding.h"

namespace tessera::training {
namespace {

namespace fs = std::filesystem;

/// Where it stays below what the machine has, an allocation that is too large fails at once instead of paging
/// for hours.
void check_memory(const fs::path& folder, double bytes) {
    const auto memory =
        static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
    if (bytes > 0.8 * memory) {
        throw support::RunError(
            fmt::format("{}: its images take {:.1f} GB decoded and this machine has {:.1f} GB; use a "
                        "smaller image size or fewer images",
                        folder.string(), bytes / 1e9, memory / 1e9));
    }
}

void check_same_classes(const FolderListing& train, const FolderListing& other) {
    const auto missing = [](const auto& from, const auto& in) {
        std::vector<std::string> names;
        std::set_difference(from.begin(), from.end(), in.begin(), in.end(), std::back_inserter(names));
        return names.empty() ? std::string("none") : fmt::format("{}", fmt::join(names, ", "));
    };
    if (train.classes != other.classes) {
        throw support::RunError(fmt::format("class folders differ: only in {}: {}; only in {}: {}",
                                            train.folder.string(), missing(train.classes, other.classes),
                                            other.folder.string(), missing(other.classes, train.classes)));
    }
}

Dataset load_split(const FolderListing& listing, std::int64_t channels, std::int64_t height,
                   std::int64_t width, const fs::path& cache) {
    if (cache.empty()) {
        return decode_images(listing, channels, height, width);
    }
    const auto key = listing.key(channels, height, width);
    const auto file = cache / fmt::format("{}-{}.images", listing.folder.filename().string(), key);
    const auto classes = static_cast<std::int64_t>(listing.classes.size());
    const auto count = static_cast<std::int64_t>(listing.files.size());
    if (auto cached = read_decoded(file, key, {count, channels, height, width}, classes)) {
        return *cached;
    }
    auto data = decode_images(listing, channels, height, width);
    write_decoded(file, key, data);
    return data;
}

} // namespace

Dataset decode_images(const FolderListing& listing, std::int64_t channels, std::int64_t height,
                      std::int64_t width) {
    const auto count = static_cast<std::int64_t>(listing.files.size()), bytes = channels * height * width;
    check_memory(listing.folder, static_cast<double>(count) * static_cast<double>(bytes));
    Dataset data{torch::empty({count, channels, height, width}, torch::kUInt8),
                 torch::empty({count}, torch::kInt64)};
    auto* pixels = data.images.data_ptr<std::uint8_t>();
    auto* labels = data.labels.data_ptr<std::int64_t>();

    support::Progress progress("decoding " + listing.folder.filename().string(), count, "images");
    std::mutex mutex; // of the progress and of what went wrong
    std::int64_t first_bad = count, bad = 0;
    std::string message;
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, count, 64), [&](const auto& range) {
        support::check_interrupt();
        for (auto i = range.begin(); i < range.end(); ++i) {
            const auto& [file, label] = listing.files[static_cast<std::size_t>(i)];
            const auto path = listing.folder / file;
            labels[i] = label;
            try {
                const auto image = decode_image(support::read_file(path, 256ULL << 20), channels,
                                                std::max(height, width), path.string());
                resize_and_crop(image, height, width, pixels + i * bytes);
            } catch (const support::RunError& error) {
                const std::lock_guard lock(mutex);
                ++bad;
                if (i < first_bad) {
                    first_bad = i;
                    message = error.what();
                }
            }
        }
        const std::lock_guard lock(mutex);
        progress.advance(static_cast<std::int64_t>(range.size()));
    });
    if (bad > 1) {
        message += fmt::format(" (and {} more files of {})", bad - 1, listing.folder.string());
    }
    if (bad > 0) {
        throw support::RunError(message);
    }
    return data;
}

RawDatasets load_image_folder(const fs::path& root, std::int64_t channels, std::int64_t height,
                              std::int64_t width, std::int64_t classes, const fs::path& cache) {
    if (!fs::is_directory(root)) {
        throw support::RunError(fmt::format("{}: no such folder", root.string()));
    }
    for (const char* split : {"train", "test"}) {
        if (!fs::is_directory(root / split)) {
            throw support::UsageError(
                fmt::format("{}: no folder '{}'; expected train/CLASS/*.jpg and test/CLASS/*.jpg (or .png), "
                            "and optionally validation/CLASS/*.jpg",
                            root.string(), split));
        }
    }
    const auto train = list_images(root / "train"), test = list_images(root / "test");
    const auto found = static_cast<std::int64_t>(train.classes.size());
    if (found != classes) {
        throw support::UsageError(fmt::format("{} has {} class folders, but the space has {} classes",
                                              train.folder.string(), found, classes));
    }
    check_same_classes(train, test);
    RawDatasets raw;
    raw.classes = train.classes;
    for (const char* name : {"validation", "val"}) {
        if (!fs::is_directory(root / name)) {
            continue;
        }
        const auto validation = list_images(root / name);
        check_same_classes(train, validation);
        raw.validation = load_split(validation, channels, height, width, cache);
        break;
    }
    raw.train = load_split(train, channels, height, width, cache);
    raw.test = load_split(test, channels, height, width, cache);
    return raw;
}

} // namespace tessera::training
