// The regressions that the accuracy predictor chooses from.
#pragma once

#include <span>
#include <vector>

#include "predictors/accuracy_predictor.h"

namespace tessera::predictors {

/// One combination of form and target with its own lambda.
struct Fitted {
    Form form = Form::linear;
    Target target = Target::accuracy;
    RidgeModel model;
    std::vector<double> left_out; ///< each sample's accuracy as predicted by the fit without it
    double rmse = 0;              ///< of left_out
    double predict(std::span<const double> qualities) const;
};

/// Throws RunError as AccuracyPredictor::fit does, with fewer than `least` samples too.
void check_samples(std::span<const Sample> samples, std::size_t least);
/// Every combination that the options leave open, simplest form first. Needs two samples.
std::vector<Fitted> fit_each(std::span<const Sample> samples, const FitOptions& options);
/// The one with the smallest left-one-out error, the first of equals.
const Fitted& best_of(const std::vector<Fitted>& fits);
std::vector<Sample> without(std::span<const Sample> samples, std::size_t index);

} // namespace tessera::predictors
