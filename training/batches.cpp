#include "training/batches.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "support/seed.h"

namespace tessera::training {
namespace {

/// What happens to one image; output (y, x) comes from input (y + dy, x + dx), mirrored afterwards.
struct Change {
    std::int64_t dy = 0, dx = 0;
    bool mirrored = false;
    std::int64_t cut_top = 0, cut_bottom = 0, cut_left = 0, cut_right = 0;
};

Change draw_change(const AugmentOptions& options, std::uint64_t seed, std::int64_t row, std::int64_t height,
                   std::int64_t width) {
    // An odd multiplier other than the one that spreads Rng's own seed keeps neighbouring rows' sequences
    // apart.
    support::Rng rng(seed + 0xd1342543de82ef95ULL * (static_cast<std::uint64_t>(row) + 1));
    Change change;
    if (options.pad > 0) {
        const auto range = static_cast<std::uint64_t>(2 * options.pad + 1);
        change.dy = static_cast<std::int64_t>(rng.below(range)) - options.pad;
        change.dx = static_cast<std::int64_t>(rng.below(range)) - options.pad;
    }
    if (options.flip) {
        change.mirrored = rng.below(2) == 1;
    }
    if (options.cutout > 0) {
        // The centre is anywhere in the image, so that the square may stick out (DeVries and Taylor, arXiv
        // 1708.04552).
        const auto top =
            static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(height))) - options.cutout / 2;
        const auto left =
            static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(width))) - options.cutout / 2;
        change.cut_top = std::max<std::int64_t>(top, 0);
        change.cut_bottom = std::min(top + options.cutout, height);
        change.cut_left = std::max<std::int64_t>(left, 0);
        change.cut_right = std::min(left + options.cutout, width);
    }
    return change;
}

/// Value of each byte in each channel after normalisation: channels x 256.
std::vector<float> value_table(const Normalisation& normalisation) {
    std::vector<float> table;
    for (std::size_t c = 0; c < normalisation.mean.size(); ++c) {
        for (int v = 0; v < 256; ++v) {
            table.push_back(
                static_cast<float>((v / 255.0 - normalisation.mean[c]) / normalisation.deviation[c]));
        }
    }
    return table;
}

/// One image from planes of bytes to interleaved normalised values; what lies outside the image is 0, the
/// mean.
void write_image(const std::uint8_t* planes, const std::vector<float>& table, const Change& change,
                 std::int64_t channels, std::int64_t height, std::int64_t width, float* out) {
    const auto first = std::max<std::int64_t>(0, -change.dx), last = std::min(width, width - change.dx);
    const std::int64_t step = change.mirrored ? -channels : channels;
    for (std::int64_t y = 0; y < height; ++y, out += width * channels) {
        const auto from = y + change.dy;
        if (from < 0 || from >= height || last - first < width) {
            std::fill_n(out, width * channels, 0.0F);
        }
        if (from < 0 || from >= height) {
            continue;
        }
        for (std::int64_t c = 0; c < channels; ++c) {
            const auto* values = table.data() + 256 * c;
            const auto* in = planes + (c * height + from) * width + change.dx;
            auto* target = out + (change.mirrored ? (width - 1 - first) * channels : first * channels) + c;
            for (auto x = first; x < last; ++x, target += step) {
                *target = values[in[x]];
            }
        }
        if (y >= change.cut_top && y < change.cut_bottom && change.cut_left < change.cut_right) {
            std::fill_n(out + change.cut_left * channels, (change.cut_right - change.cut_left) * channels,
                        0.0F);
        }
    }
}

} // namespace

void AugmentOptions::read(support::Section section) {
    section.read("flip", flip, "Mirror each training image left-right with probability 1/2.");
    section.read("pad", pad, {0, 64},
                 "Pixels of padding (with the mean) on each side before a random crop of the original size.");
    section.read("cutout", cutout, {0, 512},
                 "Side in pixels of a square set to the mean at a random place; 0: none.");
    section.finish();
}

std::string AugmentOptions::essence() const {
    return fmt::format("{{flip: {}, pad: {}, cutout: {}}}", flip, pad, cutout);
}

std::vector<std::int64_t> epoch_order(std::int64_t count, std::uint64_t seed, std::int64_t epoch) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    support::Rng(support::derive_seed(seed, {"order", std::to_string(epoch)})).shuffle(order);
    return order;
}

Batch make_batch(const Dataset& data, std::span<const std::int64_t> rows, const Normalisation& normalisation,
                 const AugmentOptions* augment, std::uint64_t seed) {
    const auto count = static_cast<std::int64_t>(rows.size());
    const auto channels = data.images.size(1), height = data.images.size(2), width = data.images.size(3);
    if (static_cast<std::int64_t>(normalisation.mean.size()) != channels ||
        static_cast<std::int64_t>(normalisation.deviation.size()) != channels) {
        throw std::invalid_argument(
            "make_batch: normalisation of another number of channels than the images");
    }
    const auto table = value_table(normalisation);
    // Strides are spelled out: for one channel or pixel "channels-last" alone leaves them open.
    Batch batch{torch::empty_strided({count, channels, height, width},
                                     {height * width * channels, 1, width * channels, channels},
                                     torch::kFloat32),
                torch::empty({count}, torch::kInt64)};
    const auto* images = data.images.data_ptr<std::uint8_t>();
    const auto* labels = data.labels.data_ptr<std::int64_t>();
    auto* out = batch.images.data_ptr<float>();
    auto* out_labels = batch.labels.data_ptr<std::int64_t>();
    const auto bytes = channels * height * width;
    for (const auto row : rows) {
        if (row < 0 || row >= data.size()) {
            throw std::out_of_range("make_batch: row " + std::to_string(row) + " of " +
                                    std::to_string(data.size()));
        }
        const auto change = augment != nullptr ? draw_change(*augment, seed, row, height, width) : Change{};
        write_image(images + row * bytes, table, change, channels, height, width, out);
        out += bytes;
        *out_labels++ = labels[row];
    }
    return batch;
}

} // namespace tessera::training
