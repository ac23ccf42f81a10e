#include "training/datasets/synthetic_depth.h"

#include <string>

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include "training/datasets/depth_scene.h"

namespace tessera::training {
namespace {

Dataset render_split(const SyntheticDepthOptions& options, const std::string& split, std::int64_t count) {
    const auto area = options.size * options.size;
    Dataset data;
    data.images = torch::empty({count, options.channels, options.size, options.size}, torch::kUInt8);
    data.labels = torch::zeros({count}, torch::kInt64);
    data.targets = torch::empty({count, 1, options.size, options.size}, torch::kFloat32);
    auto* pixels = data.images.data_ptr<std::uint8_t>();
    auto* depths = data.targets.data_ptr<float>();
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, count, 16), [&](const auto& range) {
        for (auto i = range.begin(); i < range.end(); ++i) {
            support::Rng rng(
                support::derive_seed(options.seed, {"synthetic_depth", split, std::to_string(i)}));
            render_depth_scene(compose_depth_scene(rng), options.channels, options.size, rng,
                               pixels + i * options.channels * area, depths + i * area);
        }
    });
    return data;
}

} // namespace

RawDatasets synthesize_depth(const SyntheticDepthOptions& options) {
    RawDatasets raw;
    raw.train = render_split(options, "train", options.train);
    raw.test = render_split(options, "test", options.test);
    raw.classes = {"depth"};
    return raw;
}

} // namespace tessera::training
