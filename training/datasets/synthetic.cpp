#include "training/datasets/synthetic.h"

#include <array>
#include <string>

#include <fmt/format.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include "support/error.h"
#include "support/seed.h"
#include "training/datasets/scene.h"

namespace tessera::training {
namespace {

Dataset draw_split(const SyntheticOptions& options, const std::string& split, std::int64_t count) {
    const auto bytes = options.channels * options.size * options.size;
    Dataset data{torch::empty({count, options.channels, options.size, options.size}, torch::kUInt8),
                 torch::empty({count}, torch::kInt64)};
    auto* pixels = data.images.data_ptr<std::uint8_t>();
    auto* labels = data.labels.data_ptr<std::int64_t>();
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, count, 64), [&](const auto& range) {
        for (auto i = range.begin(); i < range.end(); ++i) {
            support::Rng rng(support::derive_seed(options.seed, {"synthetic", split, std::to_string(i)}));
            labels[i] = i % options.classes;
            paint_scene(compose_scene(labels[i], rng), options.channels, options.size, rng,
                        pixels + i * bytes);
        }
    });
    return data;
}

} // namespace

RawDatasets synthesize(const SyntheticOptions& options) {
    if (options.classes < 2 || options.classes > shape_kinds * fill_kinds || options.size < 8 ||
        options.size > 64) {
        throw support::UsageError(
            fmt::format("synthetic images have 2..{} classes and sides of 8..64 pixels, not {} and {}",
                        shape_kinds * fill_kinds, options.classes, options.size));
    }
    constexpr std::array<const char*, shape_kinds> shapes{"disk", "square", "triangle", "cross", "ring"};
    constexpr std::array<const char*, fill_kinds> fills{"plain", "rows", "columns", "checks"};
    RawDatasets raw{
        draw_split(options, "train", options.train), {}, draw_split(options, "test", options.test), {}};
    for (std::int64_t c = 0; c < options.classes; ++c) {
        raw.classes.push_back(fmt::format("{} {}", fills[static_cast<std::size_t>(c / shape_kinds)],
                                          shapes[static_cast<std::size_t>(c % shape_kinds)]));
    }
    return raw;
}

} // namespace tessera::training
