#include "training/datasets/split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include <fmt/format.h>

#include "support/error.h"
#include "support/seed.h"

namespace tessera::training {
namespace {

using Rows = std::vector<std::int64_t>;

std::vector<Rows> rows_of_classes(const torch::Tensor& labels) {
    std::vector<Rows> classes;
    const auto* values = labels.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < labels.size(0); ++i) {
        const auto label = static_cast<std::size_t>(values[i]);
        if (label >= classes.size()) {
            classes.resize(label + 1);
        }
        classes[label].push_back(i);
    }
    return classes;
}

/// Each class shuffled by a seed of its own: adding images to one class leaves the others' order alone.
std::vector<Rows> shuffled_classes(const torch::Tensor& labels, std::uint64_t seed,
                                   std::string_view purpose) {
    auto classes = rows_of_classes(labels);
    for (std::size_t c = 0; c < classes.size(); ++c) {
        support::Rng(support::derive_seed(seed, {purpose, std::to_string(c)})).shuffle(classes[c]);
    }
    return classes;
}

/// Of each class the first held_out_of() it.
std::pair<Rows, Rows> hold_out_first(const std::vector<Rows>& classes, double share, std::int64_t enough) {
    Rows kept, held_out;
    for (const auto& members : classes) {
        const auto taken = held_out_of(std::ssize(members), share, enough);
        held_out.insert(held_out.end(), members.begin(), members.begin() + taken);
        kept.insert(kept.end(), members.begin() + taken, members.end());
    }
    std::sort(kept.begin(), kept.end());
    std::sort(held_out.begin(), held_out.end());
    return {kept, held_out};
}

} // namespace

std::int64_t held_out_of(std::int64_t count, double share, std::int64_t enough) {
    const auto wanted = static_cast<std::int64_t>(std::floor(share * static_cast<double>(count) + 0.5));
    const auto most = std::max<std::int64_t>(count - 1, 0);
    const auto least = count >= enough ? std::min<std::int64_t>(1, most) : 0;
    return std::clamp(wanted, least, most);
}

void refuse_empty_split(const char* purpose, double share, std::int64_t images) {
    throw support::UsageError(fmt::format(
        "data.{0} {1} of {2} training images leaves none for {0} in any class", purpose, share, images));
}

std::vector<std::int64_t> balanced_rows(const torch::Tensor& labels, std::int64_t limit, std::uint64_t seed) {
    std::vector<std::int64_t> rows;
    if (limit <= 0 || limit >= labels.size(0)) {
        rows.resize(static_cast<std::size_t>(labels.size(0)));
        std::iota(rows.begin(), rows.end(), 0);
        return rows;
    }
    const auto classes = shuffled_classes(labels, seed, "limit");
    for (std::size_t turn = 0; static_cast<std::int64_t>(rows.size()) < limit; ++turn) {
        for (const auto& members : classes) {
            if (turn < members.size() && static_cast<std::int64_t>(rows.size()) < limit) {
                rows.push_back(members[turn]);
            }
        }
    }
    std::sort(rows.begin(), rows.end());
    return rows;
}

std::pair<Rows, Rows> stratified_split(const torch::Tensor& labels, double share, std::uint64_t seed) {
    return hold_out_first(shuffled_classes(labels, seed, "split"), share, never_enough);
}

std::pair<Rows, Rows> split_by_name(const torch::Tensor& labels, const std::vector<std::uint64_t>& names,
                                    double share, std::uint64_t seed, std::int64_t enough) {
    const auto base = support::derive_seed(seed, {"split by name"});
    std::vector<std::uint64_t> order;
    for (const auto name : names) {
        order.push_back(support::Rng(base ^ name).next());
    }
    auto classes = rows_of_classes(labels);
    for (auto& members : classes) {
        std::stable_sort(members.begin(), members.end(), [&](std::int64_t a, std::int64_t b) {
            return order.at(static_cast<std::size_t>(a)) < order.at(static_cast<std::size_t>(b));
        });
    }
    return hold_out_first(classes, share, enough);
}

Normalisation measure_normalisation(const torch::Tensor& images) {
    const auto count = images.size(0), channels = images.size(1), area = images.size(2) * images.size(3);
    const auto* in = images.data_ptr<std::uint8_t>();
    std::vector<std::array<std::int64_t, 256>> histograms(static_cast<std::size_t>(channels));
    for (auto& histogram : histograms) {
        histogram.fill(0);
    }
    for (std::int64_t i = 0; i < count; ++i) {
        for (auto& histogram : histograms) {
            for (std::int64_t p = 0; p < area; ++p) {
                ++histogram[*in++];
            }
        }
    }
    Normalisation result;
    for (const auto& histogram : histograms) {
        double sum = 0, squares = 0;
        for (std::size_t v = 0; v < 256; ++v) {
            const auto value = static_cast<double>(v), times = static_cast<double>(histogram[v]);
            sum += value * times; // whole numbers below 2^53: exact
            squares += value * value * times;
        }
        const auto pixels = static_cast<double>(count * area);
        const double mean = sum / pixels, variance = squares / pixels - mean * mean;
        result.mean.push_back(mean / 255);
        result.deviation.push_back(std::sqrt(std::max(variance, 1.0)) / 255);
    }
    return result;
}

} // namespace tessera::training
