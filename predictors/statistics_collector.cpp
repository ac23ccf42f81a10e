#include "predictors/statistics_collector.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/format.h>

#include "search_spaces/layers/thread_team.h"
#include "support/error.h"
#include "training/state.h"

namespace tessera::predictors {
namespace {

using search_spaces::FilterSource;
using torch::Tensor;

/// Means and squared deviations over the rows of a batch, columns first .. last, in one pass: sums of what
/// differs from the first image, so that little is lost to cancellation, in single precision over a few
/// images and in double over all.
void column_moments(const float* rows, std::int64_t images, std::int64_t width, std::int64_t first,
                    std::int64_t last, FilterMoments& into) {
    constexpr std::int64_t piece = 256, few = 32;
    std::array<double, piece> sum{}, squares{};
    std::array<float, piece> some{}, some_squares{};
    for (std::int64_t begin = first; begin < last; begin += piece) {
        const auto count = static_cast<std::size_t>(std::min(piece, last - begin));
        const float* const origin = rows + begin;
        sum.fill(0);
        squares.fill(0);
        for (std::int64_t i = 0; i < images; i += few) {
            some.fill(0);
            some_squares.fill(0);
            for (std::int64_t k = i; k < std::min(images, i + few); ++k) {
                const float* const row = rows + k * width + begin;
                for (std::size_t j = 0; j < count; ++j) {
                    const float off = row[j] - origin[j];
                    some[j] += off;
                    some_squares[j] += off * off;
                }
            }
            for (std::size_t j = 0; j < count; ++j) {
                sum[j] += static_cast<double>(some[j]);
                squares[j] += static_cast<double>(some_squares[j]);
            }
        }
        const auto n = static_cast<double>(images);
        for (std::size_t j = 0; j < count; ++j) {
            const auto place = static_cast<std::size_t>(begin) + j;
            into.mean[place] = static_cast<double>(origin[j]) + sum[j] / n;
            // In this order std::max keeps a NaN.
            into.deviations[place] = std::max(squares[j] - sum[j] * sum[j] / n, 0.0);
        }
    }
}

/// As they lie in a channels-last map.
Tensor filters_fastest(const Tensor& map) { return map.dim() == 3 ? map : map.permute({0, 2, 3, 1}); }

FilterMoments empty_moments(const Tensor& rows) {
    const std::int64_t filters = rows.size(-1),
                       width = rows.numel() / std::max<std::int64_t>(1, rows.size(0));
    FilterMoments moments(filters, width / filters);
    moments.images = rows.size(0);
    return moments;
}

} // namespace

FilterMoments moments_by_operators(const Tensor& map) {
    const Tensor rows = filters_fastest(map);
    FilterMoments moments = empty_moments(rows);
    const auto [variance, mean] =
        at::var_mean(rows.reshape({rows.size(0), -1}).to(torch::kDouble), at::IntArrayRef{0}, false);
    const auto copy = [](const Tensor& values, std::vector<double>& to) {
        const Tensor here = values.cpu().contiguous();
        std::copy_n(here.const_data_ptr<double>(), here.numel(), to.begin());
    };
    copy(mean, moments.mean);
    copy(variance * static_cast<double>(moments.images), moments.deviations);
    return moments;
}

FilterMoments moments_of(const Tensor& map, int threads) {
    if (!map.is_cpu()) {
        return moments_by_operators(map);
    }
    const Tensor rows = filters_fastest(map).to(torch::kFloat32).contiguous();
    FilterMoments moments = empty_moments(rows);
    const std::int64_t width = moments.positions * moments.filters;
    const float* const data = rows.const_data_ptr<float>();
    constexpr std::int64_t enough = 1 << 16; // elements that are worth a second thread
    search_spaces::share_out(width, rows.numel() < enough ? 1 : threads,
                             [&](std::int64_t first, std::int64_t last) {
                                 column_moments(data, moments.images, width, first, last, moments);
                             });
    return moments;
}

class StatisticsCollector::Watcher final : public search_spaces::FilterObserver {
public:
    Watcher(StatisticsCollector& owner, std::string name, FilterSource& source)
        : owner_(owner), source_(source), layer_{std::move(name), source.filter_groups(), {}, 0} {
        source.observe_with(this);
    }
    ~Watcher() override { source_.observe_with(nullptr); }
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    void see(const Tensor& map) override {
        if (!owner_.looking_ || map.numel() == 0) {
            return;
        }
        const torch::NoGradGuard no_grad;
        if (layer_.order == 0) {
            layer_.order = ++owner_.seen_;
        }
        FilterMoments seen = moments_of(map.detach(), owner_.threads_);
        if (layer_.moments.images == 0) {
            layer_.moments = std::move(seen);
        } else {
            layer_.moments.merge(seen);
        }
    }

    const Layer& layer() const { return layer_; }
    FilterMoments& moments() { return layer_.moments; }

private:
    StatisticsCollector& owner_;
    FilterSource& source_;
    Layer layer_;
};

StatisticsCollector::StatisticsCollector(torch::nn::Module& module, int threads,
                                         const std::function<bool(const std::string&)>& watches)
    : threads_(threads) {
    const auto watch = [&](torch::nn::Module& one, const std::string& name) {
        if (auto* source = dynamic_cast<FilterSource*>(&one); source && (!watches || watches(name))) {
            watchers_.push_back(std::make_unique<Watcher>(*this, name, *source));
        }
    };
    watch(module, "");
    for (const auto& item : module.named_modules("", /*include_self=*/false)) {
        watch(*item.value(), item.key());
    }
}

StatisticsCollector::~StatisticsCollector() = default;

std::vector<StatisticsCollector::Layer> StatisticsCollector::layers() const {
    std::vector<Layer> result;
    for (const auto& watcher : watchers_) {
        result.push_back(watcher->layer());
    }
    return result;
}

const StatisticsCollector::Layer& StatisticsCollector::layer(const std::string& name) const {
    for (const auto& watcher : watchers_) {
        if (watcher->layer().name == name) {
            return watcher->layer();
        }
    }
    throw std::out_of_range(fmt::format("no layer '{}' is watched", name));
}

std::vector<BranchStatistic> StatisticsCollector::branches(const std::string& name) const {
    const Layer& watched = layer(name);
    std::vector<std::pair<std::string, std::int64_t>> counts;
    std::int64_t filters = 0;
    for (const auto& group : watched.groups) {
        counts.emplace_back(group.name, group.filters);
        filters += group.filters;
    }
    return per_branch(watched.moments.images > 0
                          ? watched.moments.per_filter()
                          : std::vector<FilterStatistic>(static_cast<std::size_t>(filters)),
                      counts);
}

std::int64_t StatisticsCollector::images(const std::string& name) const { return layer(name).moments.images; }

training::TensorMap StatisticsCollector::state() const {
    training::TensorMap result;
    for (const auto& watcher : watchers_) {
        const auto& [name, groups, moments, order] = watcher->layer();
        const auto tensor = [&](const std::vector<double>& values) {
            return torch::tensor(values, torch::kFloat64).view({moments.positions, moments.filters});
        };
        result[name + ".images"] = torch::tensor(moments.images, torch::kInt64);
        if (moments.images > 0) {
            result[name + ".mean"] = tensor(moments.mean);
            result[name + ".deviations"] = tensor(moments.deviations);
        }
    }
    return result;
}

void StatisticsCollector::load(const training::TensorMap& state, const std::string& source) {
    const auto misfit = [&](const std::string& name) {
        throw support::RunError(
            fmt::format("{}: its filter statistics do not fit the network ({})", source, name));
    };
    std::vector<FilterMoments> loaded;
    for (const auto& watcher : watchers_) {
        const std::string& name = watcher->layer().name;
        const auto images = state.find(name + ".images");
        if (images == state.end() || images->second.numel() != 1 ||
            images->second.scalar_type() != torch::kInt64) {
            misfit(name);
        }
        FilterMoments moments;
        if (const auto count = images->second.item<std::int64_t>(); count > 0) {
            std::int64_t filters = 0;
            for (const auto& group : watcher->layer().groups) {
                filters += group.filters;
            }
            const auto values = [&](const std::string& part) {
                const auto found = state.find(name + part);
                if (found == state.end() || found->second.dim() != 2 || found->second.size(1) != filters ||
                    found->second.scalar_type() != torch::kFloat64) {
                    misfit(name);
                }
                const Tensor flat = found->second.contiguous().view({-1});
                const auto* const data = flat.const_data_ptr<double>();
                return std::vector<double>(data, data + flat.numel());
            };
            moments.mean = values(".mean");
            moments.deviations = values(".deviations");
            moments.filters = filters;
            moments.positions = static_cast<std::int64_t>(moments.mean.size()) / filters;
            moments.images = count;
            if (moments.deviations.size() != moments.mean.size()) {
                misfit(name);
            }
        }
        loaded.push_back(std::move(moments));
    }
    for (std::size_t i = 0; i < watchers_.size(); ++i) {
        watchers_[i]->moments() = std::move(loaded[i]);
    }
}

} // namespace tessera::predictors
