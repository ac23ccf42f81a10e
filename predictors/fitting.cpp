#include "predictors/fitting.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "predictors/features.h"
#include "predictors/monotone_ridge.h"
#include "predictors/ranking.h"
#include "predictors/ridge_path.h"
#include "support/error.h"

namespace tessera::predictors {

namespace {

/// Inverse squares of the leave-one-out mean squared errors, relative to the smallest; errors of less than a
/// ten-thousandth of a point are equally good.
void weigh(std::vector<Fitted>& fits) {
    constexpr double kNothing = 1e-6;
    double least = std::numeric_limits<double>::infinity(), sum = 0;
    for (const Fitted& f : fits) {
        least = std::min(least, f.rmse);
    }
    for (Fitted& f : fits) {
        f.regression.weight = std::pow((least + kNothing) / (f.rmse + kNothing), 4);
        sum += f.regression.weight;
    }
    for (Fitted& f : fits) {
        f.regression.weight /= sum;
    }
}

} // namespace

double Regression::predict(std::span<const double> qualities) const {
    return from_target(target, model.predict(expand(form, qualities)));
}

double average(std::span<const Regression> regressions, std::span<const double> qualities) {
    double sum = 0;
    for (const Regression& r : regressions) {
        sum += r.weight * r.predict(qualities);
    }
    return std::clamp(sum, 0.0, 1.0); // weights sum to 1 but for rounding
}

void check_samples(std::span<const Sample> samples, std::size_t least) {
    if (samples.size() < least) {
        throw support::RunError(
            fmt::format("the accuracy predictor needs at least {} fine-tuned samples, there are {}: "
                        "raise the number of samples",
                        least, samples.size()));
    }
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto& [qualities, accuracy] = samples[i];
        const auto refuse = [&](const std::string& why) {
            throw support::RunError(fmt::format("sample {}: {}", i + 1, why));
        };
        if (qualities.empty() || qualities.size() != samples[0].qualities.size()) {
            refuse(fmt::format("has {} block qualities, the first sample has {}", qualities.size(),
                               samples[0].qualities.size()));
        }
        for (std::size_t b = 0; b < qualities.size(); ++b) {
            if (!std::isfinite(qualities[b])) {
                refuse(fmt::format("the quality of block {} is not finite", b + 1));
            }
        }
        if (!(accuracy >= 0 && accuracy <= 1)) {
            refuse(fmt::format("accuracy {} is outside 0..1", accuracy));
        }
    }
}

std::vector<Fitted> fit_each(std::span<const Sample> samples, const FitOptions& options) {
    std::vector<double> truth;
    for (const Sample& s : samples) {
        truth.push_back(s.accuracy);
    }
    std::vector<Fitted> fits;
    for (const Form form : {Form::linear, Form::additive, Form::second_order}) {
        if (options.form != Form::automatic && options.form != form) {
            continue;
        }
        Matrix x{samples.size(), feature_count(form, samples[0].qualities.size()), {}};
        for (const Sample& s : samples) {
            const auto features = expand(form, s.qualities);
            x.values.insert(x.values.end(), features.begin(), features.end());
        }
        std::optional<RidgePath>
            path; // its decomposition serves both targets; the monotone fit has no use for it
        if (!options.monotone) {
            path.emplace(x);
        }
        for (const Target target : {Target::accuracy, Target::log_error}) {
            if (options.target != Target::automatic && options.target != target) {
                continue;
            }
            std::vector<double> y;
            for (const double accuracy : truth) {
                y.push_back(to_target(target, accuracy));
            }
            const Trend trend = target == Target::accuracy ? Trend::falling : Trend::rising;
            RidgeFit fit = options.monotone ? fit_monotone(x, y, trend) : path->fit(y);
            for (double& v : fit.leave_one_out) {
                v = from_target(target, v);
            }
            const double error = rmse(fit.leave_one_out, truth);
            fits.push_back({{form, target, 1, std::move(fit.model)}, std::move(fit.leave_one_out), error});
        }
    }
    weigh(fits);
    return fits;
}

std::vector<Sample> without(std::span<const Sample> samples, std::size_t index) {
    std::vector<Sample> others(samples.begin(), samples.end());
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(index));
    return others;
}

} // namespace tessera::predictors
