#include "predictors/held_out.h"

#include <tbb/parallel_for.h>

namespace tessera::predictors {
namespace {

constexpr std::size_t alone_up_to = 40, parts_beyond = 20;

} // namespace

void leave_out(
    std::span<const Sample> samples,
    const std::function<void(std::span<const Sample> others, std::span<const std::size_t> left_out)>& body) {
    const std::size_t parts = samples.size() <= alone_up_to ? samples.size() : parts_beyond;
    tbb::parallel_for(std::size_t{0}, parts, [&](std::size_t part) {
        std::vector<Sample> others;
        std::vector<std::size_t> left_out;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            if (i % parts == part) {
                left_out.push_back(i);
            } else {
                others.push_back(samples[i]);
            }
        }
        body(others, left_out);
    });
}

std::vector<double> predict_held_out(std::span<const Sample> samples, const FitOptions& options) {
    std::vector<double> predicted(samples.size());
    leave_out(samples, [&](std::span<const Sample> others, std::span<const std::size_t> left_out) {
        const auto predictor = AccuracyPredictor::fit_mean(others, options);
        for (const std::size_t i : left_out) {
            predicted[i] = predictor.predict(samples[i].qualities, samples[i].choices).accuracy;
        }
    });
    return predicted;
}

} // namespace tessera::predictors
