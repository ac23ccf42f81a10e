#pragma once

#include <functional>
#include <span>
#include <vector>

#include "predictors/accuracy_predictor.h"

namespace tessera::predictors {

/// Calls `body` (from several threads) with the samples that are left and the places of those left out: each
/// of up to 40 samples alone, more in 20 parts (every 20th sample).
void leave_out(
    std::span<const Sample> samples,
    const std::function<void(std::span<const Sample> others, std::span<const std::size_t> left_out)>& body);

/// Each sample's accuracy as predicted by a fit that never saw it.
std::vector<double> predict_held_out(std::span<const Sample> samples, const FitOptions& options);

} // namespace tessera::predictors
