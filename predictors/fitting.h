// The regressions that the accuracy predictor averages.
#pragma once

#include <span>
#include <vector>

#include "predictors/accuracy_predictor.h"

namespace tessera::predictors {

/// One combination of form and target with its own lambda.
struct Fitted {
    Regression regression;
    std::vector<double> left_out; ///< each sample's accuracy as predicted by the fit without it
    double rmse = 0;              ///< of left_out
};

/// Throws RunError as AccuracyPredictor::fit does, with fewer than `least` samples too.
void check_samples(std::span<const Sample> samples, std::size_t least);
/// Every combination that the options leave open, with its weight, simplest form first. Needs two samples.
std::vector<Fitted> fit_each(std::span<const Sample> samples, const FitOptions& options);
/// Weighted mean of the regressions' predictions.
double average(std::span<const Regression> regressions, std::span<const double> qualities);
std::vector<Sample> without(std::span<const Sample> samples, std::size_t index);

} // namespace tessera::predictors
