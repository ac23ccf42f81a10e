#include "training/datasets/image_folder.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

#include "support/error.h"
#include "support/files.h"
#include "support/interrupt.h"
#include "support/log.h"
#include "support/progress.h"
#include "training/datasets/cache_space.h"
#include "training/datasets/damaged_files.h"
#include "training/datasets/folder_splits.h"
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

/// Closes the gaps that skipped images left.
void close_gaps(DecodedImages& images) {
    auto& [data, skipped] = images;
    auto* pixels = data.images.data_ptr<std::uint8_t>();
    auto* labels = data.labels.data_ptr<std::int64_t>();
    const auto count = data.size(), bytes = data.images[0].numel();
    std::int64_t kept = 0;
    auto gap = skipped.begin();
    for (std::int64_t i = 0; i < count; ++i) {
        if (gap != skipped.end() && gap->place == i) {
            ++gap;
            continue;
        }
        if (kept != i) {
            std::memcpy(pixels + kept * bytes, pixels + i * bytes, static_cast<std::size_t>(bytes));
            labels[kept] = labels[i];
        }
        ++kept;
    }
    data = {data.images.narrow(0, 0, kept), data.labels.narrow(0, 0, kept)};
}

/// Loads the splits of one folder one after another and remembers what was wrong with any of them.
class FolderLoader {
public:
    explicit FolderLoader(const ImageFolderOptions& options) : options_(options) {}
    DecodedImages load(const FolderListing& listing);
    std::int64_t report() const; ///< returns the number of damaged files

private:
    DecodedImages from_cache(const FolderListing& listing);

    const ImageFolderOptions& options_;
    std::vector<DamagedFile> damaged_;
    std::int64_t images_ = 0;
    std::set<fs::path> in_use_; ///< of the cache
};

/// Named after the folder, for people; the key tells what it is made from.
std::string cache_name(const fs::path& folder, const std::string& key) {
    std::error_code error;
    auto name = fs::canonical(folder, error).filename().string().substr(0, 100);
    name.erase(0, name.find_first_not_of('.'));
    return fmt::format("{}-{}.images", name, key);
}

DecodedImages FolderLoader::from_cache(const FolderListing& listing) {
    if (options_.cache.empty()) {
        return decode_images(listing, options_);
    }
    const auto key = listing.key(fmt::format("decoded images 4: {}x{}x{} of at most {}", options_.channels,
                                             options_.height, options_.width, options_.max_pixels));
    const auto file = options_.cache / cache_name(listing.folder, key);
    const auto listed = static_cast<std::int64_t>(listing.files.size());
    in_use_.insert(file);
    if (auto cached = read_decoded(file, key,
                                   {listed, options_.channels, options_.height, options_.width,
                                    static_cast<std::int64_t>(listing.classes.size())})) {
        mark_used(file);
        return *cached;
    }
    auto images = decode_images(listing, options_);
    const auto limit = static_cast<std::uint64_t>(options_.cache_limit_mb) * 1'000'000;
    if (limit > 0 && !make_room(options_.cache, decoded_size(images), limit, in_use_)) {
        support::warn(
            "decoded images of {} are not kept: {:.0f} MB and what else this data set keeps are more "
            "than data.cache_limit_mb",
            listing.folder.string(), static_cast<double>(decoded_size(images)) / 1e6);
        return images;
    }
    write_decoded(file, key, images);
    return images;
}

DecodedImages FolderLoader::load(const FolderListing& listing) {
    auto images = from_cache(listing);
    const auto split = listing.folder.lexically_relative(options_.root);
    for (const auto& [place, reason] : images.skipped) {
        const auto& file = listing.files[static_cast<std::size_t>(place)].first;
        damaged_.push_back({(split == "." ? fs::path(file) : split / file).string(), reason});
    }
    images_ += static_cast<std::int64_t>(listing.files.size());
    return images;
}

std::int64_t FolderLoader::report() const {
    report_damage(damaged_, images_, options_.max_damaged, options_.root.string());
    return static_cast<std::int64_t>(damaged_.size());
}

void check_not_empty(const Dataset& data, const std::optional<FolderListing>& listing) {
    if (listing && data.size() == 0) {
        throw support::RunError(fmt::format("{}: none of its images can be read", listing->folder.string()));
    }
}

void check_every_class(const Dataset& data, const FolderListing& listing) {
    std::vector<bool> present(listing.classes.size());
    const auto* labels = data.labels.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < data.size(); ++i) {
        present[static_cast<std::size_t>(labels[i])] = true;
    }
    const auto missing = std::find(present.begin(), present.end(), false);
    if (missing != present.end()) {
        throw support::RunError(
            fmt::format("{}: no image of class '{}' can be read", listing.folder.string(),
                        listing.classes[static_cast<std::size_t>(missing - present.begin())]));
    }
}

/// Those that were not skipped.
ImageFiles files_read(const FolderListing& listing, const std::vector<SkippedFile>& skipped) {
    ImageFiles files{listing.folder, {}};
    auto gap = skipped.begin();
    for (std::size_t i = 0; i < listing.files.size(); ++i) {
        if (gap != skipped.end() && static_cast<std::size_t>(gap->place) == i) {
            ++gap;
        } else {
            files.names.push_back(listing.files[i].first);
        }
    }
    return files;
}

} // namespace

std::string decode_file(const fs::path& path, const ImageFolderOptions& options, std::uint8_t* planes) {
    std::string content;
    try {
        content = support::read_file(path, 256ULL << 20);
    } catch (const support::RunError& error) {
        const std::string_view message = error.what(); // "cannot read PATH: why"
        return fmt::format("unreadable: {}", message.substr(message.rfind(": ") + 2));
    }
    try {
        const auto image = decode_image(
            content, {options.channels, std::max(options.height, options.width), options.max_pixels}, "");
        resize_and_crop(image, options.height, options.width, planes);
    } catch (const support::RunError& error) {
        std::string reason = error.what();
        reason.erase(0, reason.starts_with(": ") ? 2 : 0); // after the empty name
        std::replace(reason.begin(), reason.end(), '\n', ' ');
        return reason;
    }
    return "";
}

DecodedImages decode_images(const FolderListing& listing, const ImageFolderOptions& options) {
    const auto count = static_cast<std::int64_t>(listing.files.size());
    const auto bytes = options.channels * options.height * options.width;
    check_memory(listing.folder, static_cast<double>(count) * static_cast<double>(bytes));
    DecodedImages images{
        {torch::empty({count, options.channels, options.height, options.width}, torch::kUInt8),
         torch::empty({count}, torch::kInt64)},
        {}};
    auto* pixels = images.data.images.data_ptr<std::uint8_t>();
    auto* labels = images.data.labels.data_ptr<std::int64_t>();

    support::Progress progress("decoding " + listing.folder.filename().string(), count, "images");
    std::mutex mutex; // of the progress and of what went wrong
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, count, 64), [&](const auto& range) {
        support::check_interrupt();
        for (auto i = range.begin(); i < range.end(); ++i) {
            const auto& [file, label] = listing.files[static_cast<std::size_t>(i)];
            labels[i] = label;
            auto reason = decode_file(listing.folder / file, options, pixels + i * bytes);
            if (!reason.empty()) {
                const std::lock_guard lock(mutex);
                images.skipped.push_back({i, std::move(reason)});
            }
        }
        const std::lock_guard lock(mutex);
        progress.advance(static_cast<std::int64_t>(range.size()));
    });
    if (!images.skipped.empty()) {
        std::sort(images.skipped.begin(), images.skipped.end(),
                  [](const auto& a, const auto& b) { return a.place < b.place; });
        close_gaps(images);
    }
    return images;
}

RawDatasets load_image_folder(const ImageFolderOptions& options) {
    // Everything is listed and compared before the first image is decoded.
    const auto [train, validation, test] = list_splits(options.root, options.classes);
    FolderLoader loader(options);
    RawDatasets raw;
    raw.classes = train.classes;
    auto images = loader.load(train);
    raw.validation = validation ? loader.load(*validation).data : Dataset{};
    if (test) {
        auto test_images = loader.load(*test);
        raw.test = std::move(test_images.data);
        raw.test_files = files_read(*test, test_images.skipped);
    }
    raw.damaged = loader.report();
    check_not_empty(raw.validation, validation);
    check_not_empty(raw.test, test);
    check_every_class(images.data, train);
    raw.train = std::move(images.data);
    if (!test) {
        raw.train_files = files_read(train, images.skipped);
    }
    return raw;
}

} // namespace tessera::training
