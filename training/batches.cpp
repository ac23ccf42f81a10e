#include "training/batches.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

#include "support/seed.h"

namespace tessera::training {
namespace {

/// Sizes of the images as they are kept and as a batch wants them.
struct Geometry {
    std::int64_t channels, height, width; ///< kept
    std::int64_t crop_height, crop_width; ///< wanted
};

/// What happens to one image: output (y, x) comes from input (y + dy, x + dx), or from the box scaled to the
/// output's size; then it is mirrored and a rectangle of it is cut out.
struct Change {
    std::int64_t dy = 0, dx = 0;
    std::optional<CropBox> box;
    bool mirrored = false;
    std::int64_t cut_top = 0, cut_bottom = 0, cut_left = 0, cut_right = 0;
};

Change centre(const Geometry& g) {
    Change change;
    change.dy = (g.height - g.crop_height) / 2;
    change.dx = (g.width - g.crop_width) / 2;
    return change;
}

Change draw_change(const AugmentOptions& options, std::uint64_t seed, std::int64_t row, const Geometry& g) {
    // An odd multiplier other than the one that spreads Rng's own seed keeps neighbouring rows' sequences
    // apart.
    support::Rng rng(seed + 0xd1342543de82ef95ULL * (static_cast<std::uint64_t>(row) + 1));
    Change change;
    if (options.random_resized_crop) {
        change.box = draw_crop_box(rng, g.height, g.width, options.crop);
    } else if (const auto free_y = g.height - g.crop_height, free_x = g.width - g.crop_width;
               options.pad > 0 || free_y > 0 || free_x > 0) {
        const auto draw = [&](std::int64_t free) {
            const auto places = static_cast<std::uint64_t>(2 * options.pad + free + 1);
            return static_cast<std::int64_t>(rng.below(places)) - options.pad;
        };
        change.dy = draw(free_y);
        change.dx = draw(free_x);
    }
    if (options.flip) {
        change.mirrored = rng.below(2) == 1;
    }
    if (options.cutout > 0) {
        // The centre is anywhere in the image, so that the square may stick out (DeVries and Taylor, arXiv
        // 1708.04552).
        const auto first = [&](std::int64_t side) {
            return static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(side))) -
                   options.cutout / 2;
        };
        const auto top = first(g.crop_height), left = first(g.crop_width);
        change.cut_top = std::max<std::int64_t>(top, 0);
        change.cut_bottom = std::min(top + options.cutout, g.crop_height);
        change.cut_left = std::max<std::int64_t>(left, 0);
        change.cut_right = std::min(left + options.cutout, g.crop_width);
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
void write_shifted(const std::uint8_t* planes, const std::vector<float>& table, const Change& change,
                   const Geometry& g, float* out) {
    const auto channels = g.channels, width = g.crop_width;
    const auto first = std::max<std::int64_t>(0, -change.dx), last = std::min(width, g.width - change.dx);
    const std::int64_t step = change.mirrored ? -channels : channels;
    for (std::int64_t y = 0; y < g.crop_height; ++y, out += width * channels) {
        const auto from = y + change.dy;
        if (from < 0 || from >= g.height || last - first < width) {
            std::fill_n(out, width * channels, 0.0F);
        }
        if (from < 0 || from >= g.height) {
            continue;
        }
        for (std::int64_t c = 0; c < channels; ++c) {
            const auto* values = table.data() + 256 * c;
            const auto* in = planes + (c * g.height + from) * g.width + change.dx;
            auto* target = out + (change.mirrored ? (width - 1 - first) * channels : first * channels) + c;
            for (auto x = first; x < last; ++x, target += step) {
                *target = values[in[x]];
            }
        }
    }
}

/// The targets of one image; a square that is cut out of the image leaves them.
void write_targets(const float* in, const Change& change, const Geometry& g, float* out) {
    constexpr float none = std::numeric_limits<float>::quiet_NaN();
    for (std::int64_t y = 0; y < g.crop_height; ++y) {
        const auto from_y = y + change.dy;
        for (std::int64_t x = 0; x < g.crop_width; ++x) {
            const auto from_x = (change.mirrored ? g.crop_width - 1 - x : x) + change.dx;
            const bool inside = from_y >= 0 && from_y < g.height && from_x >= 0 && from_x < g.width;
            *out++ = inside && !change.box ? in[from_y * g.width + from_x] : none;
        }
    }
}

void cut_out(const Change& change, const Geometry& g, float* out) {
    for (auto y = change.cut_top; y < change.cut_bottom && change.cut_left < change.cut_right; ++y) {
        std::fill_n(out + (y * g.crop_width + change.cut_left) * g.channels,
                    (change.cut_right - change.cut_left) * g.channels, 0.0F);
    }
}

/// Writes images one after another.
class Writer {
public:
    Writer(const Normalisation& normalisation, const Geometry& geometry)
        : geometry_(geometry), table_(value_table(normalisation)) {
        for (std::size_t c = 0; c < normalisation.mean.size(); ++c) {
            gain_.push_back(static_cast<float>(1 / (255 * normalisation.deviation[c])));
            shift_.push_back(static_cast<float>(-normalisation.mean[c] / normalisation.deviation[c]));
        }
    }
    void write(const std::uint8_t* planes, const Change& change, float* out) {
        const auto& g = geometry_;
        if (change.box) {
            resampler_.write(planes, g.height, g.width, *change.box, g.crop_height, g.crop_width,
                             change.mirrored, gain_, shift_, out);
        } else {
            write_shifted(planes, table_, change, g, out);
        }
        cut_out(change, g, out);
    }

private:
    Geometry geometry_;
    std::vector<float> table_, gain_, shift_;
    BoxResampler resampler_;
};

} // namespace

void AugmentOptions::read(support::Section section) {
    section.read("flip", flip, "Mirror each training image left-right with probability 1/2.");
    section.read(
        "pad", pad, {0, 64},
        "Pixels of padding (with the mean) on each side before a random crop of the input's size; where "
        "pixels have depths 0 unless set, and for training no other.");
    section.read("cutout", cutout, {0, 512},
                 "Side in pixels of a square set to the mean at a random place; 0: none.");
    section.read(
        "random_resized_crop", random_resized_crop,
        "Scale a part of random area, proportions and place to the input's size, instead of the padded "
        "crop.");
    const auto read_range = [&](const char* key, double& low, double& high, double highest,
                                const char* meaning) {
        std::vector<double> bounds{low, high};
        section.read(key, bounds, {0, highest, true}, meaning);
        if (bounds.size() != 2 || bounds[0] > bounds[1]) {
            section.fail(key, "expected two numbers, the smaller one first");
        }
        low = bounds[0];
        high = bounds[1];
    };
    read_range("crop_scale", crop.lowest_scale, crop.highest_scale, 1,
               "Smallest and largest share of the image's area that random_resized_crop takes.");
    read_range("crop_ratio", crop.lowest_ratio, crop.highest_ratio, 100,
               "Smallest and largest width divided by height that random_resized_crop takes.");
    section.finish();
}

std::string AugmentOptions::essence() const {
    const auto resized =
        random_resized_crop
            ? fmt::format(", random_resized_crop: true, crop_scale: [{}, {}], crop_ratio: [{}, {}]",
                          crop.lowest_scale, crop.highest_scale, crop.lowest_ratio, crop.highest_ratio)
            : "";
    return fmt::format("{{flip: {}, pad: {}, cutout: {}{}}}", flip, pad, cutout, resized);
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
    const Geometry g{data.images.size(1), data.images.size(2), data.images.size(3), data.height(),
                     data.width()};
    if (static_cast<std::int64_t>(normalisation.mean.size()) != g.channels ||
        static_cast<std::int64_t>(normalisation.deviation.size()) != g.channels) {
        throw std::invalid_argument(
            "make_batch: normalisation of another number of channels than the images");
    }
    if (g.crop_height > g.height || g.crop_width > g.width) {
        throw std::invalid_argument("make_batch: the crop is larger than the images");
    }
    // Strides are spelled out: for one channel or pixel "channels-last" alone leaves them open.
    Batch batch{torch::empty_strided(
                    {count, g.channels, g.crop_height, g.crop_width},
                    {g.crop_height * g.crop_width * g.channels, 1, g.crop_width * g.channels, g.channels},
                    torch::kFloat32),
                torch::empty({count}, torch::kInt64)};
    const auto* images = data.images.data_ptr<std::uint8_t>();
    const auto* labels = data.labels.data_ptr<std::int64_t>();
    auto* out = batch.images.data_ptr<float>();
    auto* out_labels = batch.labels.data_ptr<std::int64_t>();
    const bool has_targets = data.targets.defined();
    if (has_targets) {
        batch.targets = torch::empty({count, 1, g.crop_height, g.crop_width}, torch::kFloat32);
    }
    const auto* targets = has_targets ? data.targets.data_ptr<float>() : nullptr;
    auto* out_targets = has_targets ? batch.targets.data_ptr<float>() : nullptr;
    Writer writer(normalisation, g);
    for (const auto row : rows) {
        if (row < 0 || row >= data.size()) {
            throw std::out_of_range("make_batch: row " + std::to_string(row) + " of " +
                                    std::to_string(data.size()));
        }
        const Change change = augment != nullptr ? draw_change(*augment, seed, row, g) : centre(g);
        writer.write(images + row * g.channels * g.height * g.width, change, out);
        if (has_targets) {
            write_targets(targets + row * g.height * g.width, change, g, out_targets);
            out_targets += g.crop_height * g.crop_width;
        }
        out += g.channels * g.crop_height * g.crop_width;
        *out_labels++ = labels[row];
    }
    return batch;
}

} // namespace tessera::training
