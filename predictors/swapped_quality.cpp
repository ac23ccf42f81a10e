#include "predictors/swapped_quality.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "predictors/run_tasks.h"
#include "predictors/statistics_collector.h"
#include "support/interrupt.h"
#include "support/progress.h"
#include "training/batches.h"
#include "training/device.h"
#include "training/layout.h"
#include "training/losses.h"
#include "training/state.h"
#include "training/task.h"

namespace tessera::predictors {
namespace {

using torch::Tensor;

constexpr std::int64_t images_a_batch = 128;
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// Sum over images and positions, per channel.
Tensor per_channel(const Tensor& map) { return map.sum({0, 2, 3}, false, torch::kDouble); }

struct Outcomes {
    double loss = 0, hits = 0;
    void add(const training::Task& task, const Tensor& outputs, const Tensor& truth) {
        loss += task.loss(outputs.to(torch::kDouble), truth, at::Reduction::Sum).item<double>();
        hits += task.hits(outputs, truth).item<double>();
    }
};

void add(FilterMoments& to, FilterMoments more) {
    if (to.images == 0) {
        to = std::move(more);
    } else {
        to.merge(more);
    }
}

double mean_variance(const FilterMoments& moments) {
    double sum = 0;
    for (const FilterStatistic& filter : moments.per_filter()) {
        sum += filter.variance / static_cast<double>(moments.filters);
    }
    return sum;
}

double dead_share(const StatisticsCollector& collector) {
    double dead = 0, all = 0;
    for (const auto& layer : collector.layers()) {
        for (const FilterStatistic& filter : layer.moments.per_filter()) {
            dead += filter.dead ? 1 : 0;
            ++all;
        }
    }
    return all > 0 ? dead / all : 0;
}

/// One choice in its block's place, and what has been added up of it.
struct Swapped {
    std::size_t block = 0, choice = 0;
    std::shared_ptr<search_spaces::BlockImpl> module;
    Tensor error, last_error; ///< squared, per channel
    Outcomes outcomes;
    std::unique_ptr<StatisticsCollector> filters; ///< where statistics are asked for
    FilterMoments output;

    void see(search_spaces::Network& reference, const std::vector<Tensor>& maps, const training::Task& task,
             const Tensor& truth) {
        const torch::NoGradGuard no_gradients;
        Tensor map = module->forward(reference->input_of(block, maps));
        if (filters != nullptr) {
            add(output, moments_of(map));
        }
        const Tensor own = per_channel((map - maps[block + 1]).square());
        error = error.defined() ? error + own : own;
        std::vector<Tensor> so_far(maps.begin(), maps.begin() + static_cast<std::ptrdiff_t>(block) + 1);
        so_far.push_back(std::move(map));
        map = reference->last_map(std::move(so_far));
        const Tensor last = per_channel((map - maps.back()).square());
        last_error = last_error.defined() ? last_error + last : last;
        outcomes.add(task, reference->head->forward(map), truth);
    }
};

using Places = std::span<const std::pair<std::size_t, std::size_t>>;

std::vector<Swapped> swaps_of(Places choices, const search_spaces::SearchSpace& space,
                              const BlockLibrary& library, torch::Device device, bool statistics) {
    std::vector<Swapped> swaps;
    for (const auto& [b, m] : choices) {
        Swapped swap{
            b,       m,  search_spaces::build_block(space.blocks()[b].choices[m], space.blocks()[b].site),
            {},      {}, {},
            nullptr, {}};
        training::load_state(*swap.module, library.weights(b, m), library.file(b, m).string());
        training::to_channels_last(*swap.module);
        swap.module->to(device);
        swap.module->eval();
        if (statistics) {
            swap.filters = std::make_unique<StatisticsCollector>(*swap.module);
        }
        swaps.push_back(std::move(swap));
    }
    return swaps;
}

} // namespace

std::vector<SwappedQuality> swapped_qualities(Places choices, const search_spaces::SearchSpace& space,
                                              search_spaces::Network& reference, const BlockLibrary& library,
                                              const training::Dataset& images,
                                              const training::Normalisation& normalisation,
                                              torch::Device device, int workers, bool statistics) {
    const torch::NoGradGuard no_gradients;
    training::use_threads(1);
    reference->eval();
    std::vector<Swapped> swaps = swaps_of(choices, space, library, device, statistics);
    const std::size_t blocks = space.blocks().size();
    std::vector<training::ChannelVariance> variance(blocks);
    std::vector<Tensor> lengths(blocks);
    std::vector<FilterMoments> outputs(blocks);
    const training::Task& task = training::task_of(images);
    Outcomes outcomes;
    const std::int64_t count = images.size();
    support::Progress progress("inspect", count, "images");
    for (std::int64_t begin = 0; begin < count; begin += images_a_batch) {
        support::check_interrupt();
        std::vector<std::int64_t> rows;
        for (std::int64_t i = begin; i < std::min(count, begin + images_a_batch); ++i) {
            rows.push_back(i);
        }
        const auto batch = training::make_batch(images, rows, normalisation);
        const Tensor truth = task.truth(batch).to(device);
        const std::vector<Tensor> maps = reference->boundaries(batch.images.to(device));
        outcomes.add(task, reference->head->forward(maps.back()), truth);
        for (std::size_t b = 0; b < blocks; ++b) {
            variance[b].add(maps[b + 1]);
            if (statistics) {
                add(outputs[b], moments_of(maps[b + 1], workers));
            }
            const Tensor squares = per_channel(maps[b + 1].square());
            lengths[b] = lengths[b].defined() ? lengths[b] + squares : squares;
        }
        std::vector<std::function<void()>> tasks;
        for (Swapped& swap : swaps) {
            tasks.emplace_back([&] { swap.see(reference, maps, task, truth); });
        }
        run_tasks(device.is_cpu() ? workers : 1, tasks);
        progress.advance(static_cast<std::int64_t>(rows.size()));
    }

    const auto images_seen = static_cast<double>(count);
    const auto nsr = [&](const Tensor& error, std::size_t block) {
        const auto shape = space.blocks()[block].site.output();
        const double positions = images_seen * static_cast<double>(shape.positions());
        return (error.cpu() / positions / variance[block].variance().cpu().to(torch::kDouble))
            .mean()
            .item<double>();
    };
    // In this order std::max keeps a NaN.
    const auto rise = [&](double from, double to, double all) { return std::max((to - from) / all, 0.0); };
    const double places = images_seen * static_cast<double>(task.places(images));
    std::vector<SwappedQuality> result;
    for (const Swapped& s : swaps) {
        result.push_back(
            {nsr(s.error, s.block), s.error.sum().item<double>() / lengths[s.block].sum().item<double>(),
             nsr(s.last_error, blocks - 1), rise(outcomes.loss, s.outcomes.loss, images_seen),
             rise(s.outcomes.hits, outcomes.hits, places), statistics ? dead_share(*s.filters) : unknown,
             statistics ? std::abs(1 - mean_variance(s.output) / mean_variance(outputs[s.block])) : unknown});
    }
    return result;
}

std::vector<std::vector<SwappedQuality>>
swapped_qualities(const search_spaces::SearchSpace& space, search_spaces::Network& reference,
                  const BlockLibrary& library, const training::Dataset& images,
                  const training::Normalisation& normalisation, torch::Device device, int workers,
                  bool statistics) {
    std::vector<std::vector<SwappedQuality>> result;
    std::vector<std::pair<std::size_t, std::size_t>> choices;
    for (std::size_t b = 0; b < space.blocks().size(); ++b) {
        result.emplace_back(space.blocks()[b].choices.size(),
                            SwappedQuality{unknown, unknown, unknown, unknown, unknown, unknown, unknown});
        for (std::size_t m = 0; m < space.blocks()[b].choices.size(); ++m) {
            if (library.entry(b, m).status != EntryStatus::unusable) {
                choices.emplace_back(b, m);
            }
        }
    }
    const auto measured = swapped_qualities(choices, space, reference, library, images, normalisation, device,
                                            workers, statistics);
    for (std::size_t i = 0; i < choices.size(); ++i) {
        result[choices[i].first][choices[i].second] = measured[i];
    }
    return result;
}

} // namespace tessera::predictors
