// The regressions of which the accuracy predictor is made.
#pragma once

#include <span>
#include <vector>

#include "predictors/accuracy_predictor.h"

namespace tessera::predictors {

/// Everything about a predictor but its interval.
struct Fitted {
    double ceiling = 1;
    std::vector<Regression> regressions;
};

/// Throws RunError as AccuracyPredictor::fit does, with fewer than `least` samples too.
void check_samples(std::span<const Sample> samples, std::size_t least);
/// The ceiling with the largest evidence among a few above the best sample, and under it the regressions of
/// all scales that the qualities allow weighted by theirs (additive) or the best one (second_order). Needs
/// two samples.
Fitted fit_regressions(std::span<const Sample> samples, Form form);

/// A block's quality in a scale. Throws RunError for Scale::combined without the rise of the loss.
double scaled(Scale scale, const Quality& quality);
/// What the score stands for: log(ceiling - accuracy), not below that of a hundredth of a point.
double score_of(double accuracy, double ceiling);

} // namespace tessera::predictors
