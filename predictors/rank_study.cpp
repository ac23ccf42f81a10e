#include "predictors/rank_study.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include "predictors/ranking.h"
#include "support/error.h"
#include "support/seed.h"

namespace tessera::predictors {
namespace {

/// What one draw says.
struct DrawResult {
    double tau = 0, rho = 0, top_tau = 0, rmse = 0;
    std::vector<double> precision;
    std::vector<std::vector<double>> regret; ///< [budget][top]
    std::vector<double> predicted;           ///< of each network; NaN for those fitted on
};

Spread spread(const std::vector<double>& values) {
    double sum = 0, squares = 0, count = 0;
    for (const double v : values) {
        if (std::isfinite(v)) {
            sum += v;
            ++count;
        }
    }
    const double mean = sum / count; // NaN where there is none
    for (const double v : values) {
        squares += std::isfinite(v) ? (v - mean) * (v - mean) : 0;
    }
    return {mean, count > 1 ? std::sqrt(squares / (count - 1)) : 0};
}

/// No budget, then the quartiles of the networks' MACs from the largest.
std::vector<std::optional<double>> budgets_of(std::span<const double> macs) {
    std::vector<std::optional<double>> budgets = {std::nullopt};
    if (macs.empty()) {
        return budgets;
    }
    std::vector<double> sorted(macs.begin(), macs.end());
    std::ranges::sort(sorted);
    for (const std::size_t quarter : {3U, 2U, 1U}) {
        budgets.emplace_back(sorted[(sorted.size() - 1) * quarter / 4]);
    }
    return budgets;
}

class Study {
public:
    Study(std::span<const Sample> networks, std::span<const double> macs, const RankOptions& options)
        : networks_(networks), macs_(macs), options_(options), budgets_(budgets_of(macs)) {}

    RankRow row(std::size_t size) const {
        const std::size_t draws = size == 0 ? 1 : options_.draws; // no draw without samples
        std::vector<DrawResult> results(draws);
        tbb::parallel_for(std::size_t{0}, draws, [&](std::size_t d) { results[d] = draw(size, d); });

        const auto over = [&](auto value) {
            std::vector<double> values;
            for (const DrawResult& result : results) {
                values.push_back(value(result));
            }
            return spread(values);
        };
        RankRow row;
        row.samples = size;
        row.draws = draws;
        row.tau = over([](const DrawResult& r) { return r.tau; });
        row.rho = over([](const DrawResult& r) { return r.rho; });
        row.top_tau = over([](const DrawResult& r) { return r.top_tau; });
        row.rmse = over([](const DrawResult& r) { return r.rmse; });
        for (std::size_t k = 0; k < std::size(precision_tops); ++k) {
            row.precision.push_back(over([&](const DrawResult& r) { return r.precision[k]; }));
        }
        for (std::size_t b = 0; b < budgets_.size(); ++b) {
            Regret regret{budgets_[b], 0, 0, {}};
            for (const std::size_t i : within(budgets_[b], {})) {
                ++regret.networks;
                regret.best = std::max(regret.best, networks_[i].accuracy);
            }
            for (std::size_t k = 0; k < std::size(regret_tops); ++k) {
                regret.of_top.push_back(over([&](const DrawResult& r) { return r.regret[b][k]; }));
            }
            row.regret.push_back(std::move(regret));
        }
        for (std::size_t i = 0; i < networks_.size(); ++i) {
            row.predicted.push_back(over([&](const DrawResult& r) { return r.predicted[i]; }).mean);
        }
        return row;
    }

private:
    /// Places of the networks within a budget that `predicted` has a value for (empty: all).
    std::vector<std::size_t> within(std::optional<double> budget, std::span<const double> predicted) const {
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < networks_.size(); ++i) {
            if ((!budget || macs_[i] <= *budget) && (predicted.empty() || std::isfinite(predicted[i]))) {
                places.push_back(i);
            }
        }
        return places;
    }

    DrawResult draw(std::size_t size, std::size_t number) const {
        std::vector<std::size_t> order(networks_.size());
        std::iota(order.begin(), order.end(), 0);
        support::Rng(support::derive_seed(options_.seed, {"rank", std::to_string(number)})).shuffle(order);
        std::vector<Sample> fitted;
        for (std::size_t i = 0; i < size; ++i) {
            fitted.push_back(networks_[order[i]]);
        }
        DrawResult result;
        result.predicted.assign(networks_.size(), std::nan(""));
        std::optional<AccuracyPredictor> predictor;
        if (size > 0) {
            predictor = AccuracyPredictor::fit_mean(fitted, options_.fit);
        }
        std::vector<double> predicted, truth;
        for (std::size_t i = size; i < order.size(); ++i) {
            const Sample& s = networks_[order[i]];
            predicted.push_back(predictor ? predictor->predict(s.qualities, s.choices).accuracy
                                          : AccuracyPredictor::expected_order(s.qualities));
            truth.push_back(s.accuracy);
            result.predicted[order[i]] = predicted.back();
        }
        result.tau = kendall_tau_b(predicted, truth);
        result.rho = spearman_rho(predicted, truth);
        result.top_tau = top_tau(predicted, truth, top_count(truth.size()));
        result.rmse = predictor ? rmse(predicted, truth) : std::nan("");
        for (const std::size_t k : precision_tops) {
            result.precision.push_back(k <= truth.size() ? precision_at(predicted, truth, k) : std::nan(""));
        }
        for (const auto& budget : budgets_) {
            result.regret.push_back(regrets(within(budget, result.predicted), result.predicted));
        }
        return result;
    }

    std::vector<double> regrets(std::vector<std::size_t> places, std::span<const double> predicted) const {
        std::ranges::stable_sort(places, [&](auto a, auto b) { return predicted[a] > predicted[b]; });
        double best = 0;
        for (const std::size_t i : places) {
            best = std::max(best, networks_[i].accuracy);
        }
        std::vector<double> regrets;
        for (const std::size_t top : regret_tops) {
            double picked = 0;
            for (std::size_t i = 0; i < std::min(top, places.size()); ++i) {
                picked = std::max(picked, networks_[places[i]].accuracy);
            }
            regrets.push_back(places.empty() ? std::nan("") : best - picked);
        }
        return regrets;
    }

    std::span<const Sample> networks_;
    std::span<const double> macs_;
    const RankOptions& options_;
    std::vector<std::optional<double>> budgets_;
};

} // namespace

std::vector<RankRow> study_ranking(std::span<const Sample> networks, std::span<const double> macs,
                                   const RankOptions& options) {
    for (const std::size_t size : options.sizes) {
        if (size >= 1 && size < 4) {
            throw support::UsageError(
                fmt::format("--samples {}: a fit needs at least 4; 0 ranks by quality alone", size));
        }
        if (size + 2 > networks.size()) {
            throw support::UsageError(fmt::format("--samples {}: the table has {} networks of the space, of "
                                                  "which at least 2 have to be left to rank",
                                                  size, networks.size()));
        }
    }
    const Study study(networks, macs, options);
    std::vector<RankRow> rows;
    for (const std::size_t size : options.sizes) {
        rows.push_back(study.row(size));
    }
    return rows;
}

} // namespace tessera::predictors
