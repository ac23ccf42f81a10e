// Filter statistics of a network while it trains or is only looked at.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "predictors/filter_statistics.h"
#include "search_spaces/filter_source.h"
#include "training/safetensors.h"

namespace tessera::predictors {

/// Moments of one batch of maps, B x C x H x W or B x L x C; the channels are the filters.
FilterMoments moments_of(const torch::Tensor& maps, int threads = 1);
/// The same by LibTorch's operators where the maps are, so that not all of them are copied: what moments_of()
/// does on other devices than the CPU.
FilterMoments moments_by_operators(const torch::Tensor& maps);

/// Watches FilterSources of a module as long as it lives.
class StatisticsCollector {
public:
    /// The module must outlive the collector. `threads` may be at work on one map; `watches` says of a
    /// source's dotted name whether it is watched (none: all are).
    explicit StatisticsCollector(torch::nn::Module& module, int threads = 1,
                                 const std::function<bool(const std::string&)>& watches = {});
    ~StatisticsCollector();
    StatisticsCollector(const StatisticsCollector&) = delete;
    StatisticsCollector& operator=(const StatisticsCollector&) = delete;

    /// Whether the maps to come count. They do at first.
    void look(bool looking) { looking_ = looking; }

    struct Layer {
        std::string name; ///< of the module, dotted
        std::vector<search_spaces::FilterGroup> groups;
        FilterMoments moments;  ///< empty before the first image
        std::int64_t order = 0; ///< among the layers, by their first map; 0 before it
    };
    /// In the order of the module's children.
    std::vector<Layer> layers() const;
    /// By branch of one layer; throws std::out_of_range for an unknown name, returns zeros before the first
    /// image.
    std::vector<BranchStatistic> branches(const std::string& layer) const;
    /// That a layer's statistics are of; throws as branches() does.
    std::int64_t images(const std::string& layer) const;

    /// What has been seen, as tensors for a checkpoint; load() throws RunError naming `source` where they do
    /// not fit.
    training::TensorMap state() const;
    void load(const training::TensorMap& state, const std::string& source);

private:
    class Watcher;
    const Layer& layer(const std::string& name) const;
    std::vector<std::unique_ptr<Watcher>> watchers_;
    bool looking_ = true;
    int threads_;
    std::int64_t seen_ = 0; ///< layers
};

} // namespace tessera::predictors
