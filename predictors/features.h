// What the accuracy predictor regresses on, and the scale it regresses in.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "predictors/accuracy_predictor.h"

namespace tessera::predictors {

/// Number of features of N blocks: N, 2 N or N + N (N + 1) / 2.
std::size_t feature_count(Form form, std::size_t blocks);
std::vector<std::string> feature_names(Form form, std::size_t blocks);
std::vector<double> expand(Form form, std::span<const double> qualities);

/// Accuracy into the target's scale and back; the way back ends in 0..1.
double to_target(Target target, double accuracy);
double from_target(Target target, double value);

} // namespace tessera::predictors
