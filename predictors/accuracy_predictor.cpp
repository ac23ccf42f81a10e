#include "predictors/accuracy_predictor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <tbb/parallel_for.h>

#include "predictors/features.h"
#include "predictors/fitting.h"

namespace tessera::predictors {
namespace {

/// Up to here the held-out predictions behind the interval come from whole fits, weights and lambdas chosen
/// anew: choosing by the very residuals that the interval is read from makes them too small. Beyond, that
/// effect is lost among the samples.
constexpr std::size_t refit_up_to = 40;

std::vector<Regression> regressions_of(const std::vector<Fitted>& fits) {
    std::vector<Regression> regressions;
    for (const Fitted& f : fits) {
        regressions.push_back(f.regression);
    }
    std::stable_sort(regressions.begin(), regressions.end(),
                     [](const Regression& a, const Regression& b) { return a.weight > b.weight; });
    return regressions;
}

/// Half-width of the interval in the scale of `target`: the ceil(coverage (n + 1))-th smallest left-one-out
/// error (the jackknife with the finite-sample rank of conformal prediction; Barber et al., arXiv
/// 1905.02928). Infinite where n is too small to support the coverage.
double half_width(std::span<const Sample> samples, const FitOptions& options, const std::vector<Fitted>& fits,
                  Target target) {
    std::vector<double> errors(samples.size());
    tbb::parallel_for(std::size_t{0}, samples.size(), [&](std::size_t i) {
        double held_out = 0;
        if (samples.size() <= refit_up_to) {
            const auto others = without(samples, i);
            held_out = average(regressions_of(fit_each(others, options)), samples[i].qualities);
        } else {
            for (const Fitted& f : fits) {
                held_out += f.regression.weight * f.left_out[i];
            }
        }
        errors[i] = std::abs(to_target(target, samples[i].accuracy) - to_target(target, held_out));
    });
    std::sort(errors.begin(), errors.end());
    const double rank = std::ceil(options.coverage * static_cast<double>(errors.size() + 1) - 1e-9);
    const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    return index < errors.size() ? errors[index] : std::numeric_limits<double>::infinity();
}

} // namespace

AccuracyPredictor AccuracyPredictor::fit(std::span<const Sample> samples, const FitOptions& options) {
    check_samples(samples, 4);
    const auto fits = fit_each(samples, options);
    AccuracyPredictor predictor;
    predictor.regressions_ = regressions_of(fits);
    predictor.blocks_ = samples[0].qualities.size();
    predictor.half_width_ = half_width(samples, options, fits, predictor.regressions_.front().target);
    return predictor;
}

Prediction AccuracyPredictor::predict(std::span<const double> qualities) const {
    if (qualities.size() != blocks_) {
        throw std::invalid_argument("one quality a block is needed");
    }
    const Target scale = regressions_.front().target;
    const double accuracy = average(regressions_, qualities), middle = to_target(scale, accuracy);
    // The log error falls while the accuracy rises.
    const double a = from_target(scale, middle - half_width_), b = from_target(scale, middle + half_width_);
    return {accuracy, std::min({a, b, accuracy}), std::max({a, b, accuracy})};
}

} // namespace tessera::predictors
