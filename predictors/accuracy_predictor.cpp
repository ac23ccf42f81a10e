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

/// Up to here the held-out predictions behind the interval come from whole fits, form, target and lambda
/// chosen anew: choosing among the very residuals that the interval is read from makes them too small.
/// Beyond, that effect is lost among the samples.
constexpr std::size_t refit_up_to = 40;

/// Half-width of the interval: the ceil(coverage (n + 1))-th smallest left-one-out error (the jackknife with
/// the finite-sample rank of conformal prediction; Barber et al., arXiv 1905.02928). Infinite where n is too
/// small to support the coverage.
double half_width(std::span<const Sample> samples, const FitOptions& options, const Fitted& chosen) {
    std::vector<double> errors(samples.size());
    tbb::parallel_for(std::size_t{0}, samples.size(), [&](std::size_t i) {
        double held_out = chosen.left_out[i];
        if (samples.size() <= refit_up_to) {
            const auto others = without(samples, i);
            const auto fits = fit_each(others, options);
            held_out = best_of(fits).predict(samples[i].qualities);
        }
        errors[i] =
            std::abs(to_target(chosen.target, samples[i].accuracy) - to_target(chosen.target, held_out));
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
    const Fitted& best = best_of(fits);
    AccuracyPredictor predictor;
    predictor.form_ = best.form;
    predictor.target_ = best.target;
    predictor.blocks_ = samples[0].qualities.size();
    predictor.model_ = best.model;
    predictor.half_width_ = half_width(samples, options, best);
    return predictor;
}

Prediction AccuracyPredictor::predict(std::span<const double> qualities) const {
    if (qualities.size() != blocks_) {
        throw std::invalid_argument("one quality a block is needed");
    }
    const double middle = model_.predict(expand(form_, qualities));
    // The log error falls while the accuracy rises.
    const double a = from_target(target_, middle - half_width_),
                 b = from_target(target_, middle + half_width_);
    return {from_target(target_, middle), std::min(a, b), std::max(a, b)};
}

std::vector<std::string> AccuracyPredictor::features() const { return feature_names(form_, blocks_); }

} // namespace tessera::predictors
