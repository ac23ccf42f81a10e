// From block qualities to the accuracy after fine-tuning (following DONNA, arXiv 2012.08859).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "predictors/ridge.h"
#include "support/config.h"

namespace tessera::predictors {

/// Features of x_1..x_N, besides the constant: linear x_i; additive x_i and x_i^2 (no cross terms: what an
/// exact solver can certify); second_order x_i and x_i x_j for i <= j. `automatic` averages all three.
enum class Form { automatic, linear, additive, second_order };
/// What is regressed: the accuracy itself or log(1 - accuracy + 0.001), whose prediction is turned back into
/// an accuracy. `automatic` averages both.
enum class Target { automatic, accuracy, log_error };

struct FitOptions {
    Form form = Form::automatic;
    Target target = Target::automatic;
    double coverage = 0.9; ///< of the prediction interval
    bool monotone = true; ///< more noise in a block never raises the prediction (predictors/monotone_ridge.h)
    static FitOptions read(support::Section section);
};

/// One fine-tuned network: its blocks' qualities and its accuracy (fraction).
struct Sample {
    std::vector<double> qualities;
    double accuracy = 0;
};

struct Prediction {
    double accuracy = 0, low = 0, high = 0; ///< fraction, 0..1
};

/// One ridge regression and its share in the prediction.
struct Regression {
    Form form = Form::linear;
    Target target = Target::accuracy;
    double weight = 1; ///< of all that are averaged, sum 1
    RidgeModel model;
    /// Accuracy, 0..1.
    double predict(std::span<const double> qualities) const;
};

/// The mean of every regression that the options leave open, weighted by the inverse fourth power of its
/// leave-one-out error. A dozen samples cannot tell which of six is right: on synthetic truths the one with
/// the smallest error predicts networks that it was not chosen on worse than their mean, as does the simplest
/// within a standard error.
class AccuracyPredictor {
public:
    /// Throws RunError with fewer than 4 samples, ragged or non-finite qualities, accuracies outside 0..1.
    static AccuracyPredictor fit(std::span<const Sample> samples, const FitOptions& options);

    Prediction predict(std::span<const double> qualities) const;
    /// The largest weight first.
    const std::vector<Regression>& regressions() const { return regressions_; }
    std::size_t blocks() const { return blocks_; }

    /// JSON object with schema version, interval, and each regression's form, target, weight and coefficients
    /// in the order of feature_names(); and back. Throws RunError naming `source` when it is damaged.
    std::string json() const;
    static AccuracyPredictor from_json(const std::string& text, const std::string& source);

private:
    std::size_t blocks_ = 0;
    std::vector<Regression> regressions_;
    double half_width_ = 0; ///< of the interval, in the scale of the first regression's target
};

/// Every combination of form and target that is averaged, and how honest the average is on networks it was
/// not fitted on: each sample predicted by a predictor fitted (weights and lambdas anew) on the others.
struct HonestyReport {
    struct Compared {
        Form form;
        Target target;
        double weight = 0, lambda = 0;
        double rmse = 0, tau = 0; ///< leave-one-out, in accuracy
    };
    std::vector<Compared> compared;
    std::vector<Prediction> held_out; ///< one per sample, nested leave-one-out
    double tau = 0, rho = 0, rmse = 0, covered = 0;
    double baseline_rmse = 0; ///< of predicting the mean of the others
    std::size_t top_k = 0;    ///< top_count() of the samples: how many are "the best" in the next two
    double top_tau = 0, top_precision = 0;
    std::string json() const;
};
HonestyReport assess(std::span<const Sample> samples, const FitOptions& options);

std::string_view to_text(Form form);
std::string_view to_text(Target target);

} // namespace tessera::predictors
