// From block qualities to the accuracy after fine-tuning (after DONNA, arXiv 2012.08859, whose ridge
// regression on the accuracy itself it replaces: docs/experiments/nas-bench-macro.md).
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "predictors/quality.h"
#include "support/config.h"

namespace tessera::predictors {

/// additive: every (block, choice) adds its own number to the score, which exact solvers can work with;
/// second_order: products of two blocks' noise besides.
enum class Form { additive, second_order };
/// In what measure of a block's quality the score is linear: the noise (NSR) itself, its root, its power 1.5
/// (which of them depends on how well the choices are trained: docs/experiments/nas-bench-macro.md), or,
/// where the rise of the loss is known, that power and the root of the rise together. The two err in
/// different ways: NSR does not know what later blocks make of the noise, and the loss exaggerates what hits
/// early ones.
enum class Scale { noise, root, power, combined };

struct FitOptions {
    Form form = Form::additive;
    double coverage = 0.9; ///< of the prediction interval
    /// CSV (block, choice and columns) with the qualities to go by, e.g. filter statistics of `inspect`, and
    /// its columns as read_qualities() takes them; empty: the library's.
    std::filesystem::path qualities = {};
    std::vector<std::string> columns = {};
    static FitOptions read(support::Section section);
};

/// One network with its accuracy (fraction).
struct Sample {
    std::vector<Quality> qualities; ///< of each block's choice; all or none with the rise of the loss
    double accuracy = 0;
    /// Canonical text of each block's choice; may be empty: then nothing is learnt about choices besides what
    /// their quality says.
    std::vector<std::string> choices = {};
};

struct Prediction {
    double accuracy = 0, low = 0, high = 0; ///< fraction, 0..1
};

/// What one block's choice brings to the score.
struct Term {
    double additive = 0;
    double noise = 0; ///< in the regression's scale: what products are made of; 0 where there are none
};

/// score = intercept + sum_i (slope_i + extra_i(choice)) x_i + sum_{i<j} product_ij x_i x_j, with x_i the
/// quality of block i in its scale.
struct Regression {
    Scale scale = Scale::noise;
    double weight = 1; ///< in the mean of the regressions, sum 1
    double intercept = 0;
    std::vector<double> slopes;                       ///< one a block
    std::vector<std::map<std::string, double>> extra; ///< per block, of the choices that samples had
    std::vector<double> products;                     ///< second_order: pairs i < j, row by row

    /// Noise never helps: where slope and extra sum to less than 0, they count as 0.
    double additive(std::size_t block, const Quality& quality, const std::string& choice) const;
};

/// accuracy = ceiling - exp(score), clamped to 0..1. The ceiling is estimated: near it networks differ by
/// little accuracy and much in rank; where nothing saturates it lies far above 1. One score is shared by all
/// blocks, so that a dozen samples are enough to say how much noise costs; how far each block, and each
/// choice of it, deviates from that is what more samples tell.
class AccuracyPredictor {
public:
    /// Throws RunError with fewer than 4 samples, ragged, negative or non-finite qualities, accuracies
    /// outside 0..1.
    static AccuracyPredictor fit(std::span<const Sample> samples, const FitOptions& options);
    /// The same without the interval (0..1 instead), which costs a fit a sample.
    static AccuracyPredictor fit_mean(std::span<const Sample> samples, const FitOptions& options);

    /// Order of networks that is expected before any accuracy is known, the larger the better: less the sum
    /// over blocks of the combined measure where the rise of the loss is known, of the noise where it is not.
    static double expected_order(std::span<const Quality> qualities);

    /// Throws RunError where the predictor was fitted with the rise of the loss and a quality is without it.
    Prediction predict(std::span<const Quality> qualities, std::span<const std::string> choices = {}) const;
    /// For searches: a choice's term once, then sums of terms. Throws as predict() does.
    Term term(std::size_t block, const Quality& quality, const std::string& choice) const;
    Prediction predict(std::span<const Term> terms) const;

    double ceiling() const { return ceiling_; }
    /// What the score is besides terms and products.
    double intercept() const;
    /// Weights of the products of two terms' noise, pairs i < j row by row; empty where there are none.
    std::vector<double> products() const;
    const std::vector<Regression>& regressions() const { return regressions_; }
    std::size_t blocks() const { return blocks_; }

    /// JSON object with schema version; and back. Throws RunError naming `source` when it is damaged.
    std::string json() const;
    static AccuracyPredictor from_json(const std::string& text, const std::string& source);

private:
    Prediction at_score(double score) const;
    std::size_t blocks_ = 0;
    double ceiling_ = 1;
    std::vector<Regression> regressions_; ///< one, or one a scale where the form is additive
    double half_width_ = 0;               ///< of the interval, in the score
};

/// How honest the predictor is on networks that it was not fitted on: each sample predicted by a predictor
/// fitted on the others.
struct HonestyReport {
    std::vector<Prediction> held_out; ///< one per sample
    double tau = 0, rho = 0, rmse = 0, covered = 0;
    double baseline_rmse = 0; ///< of predicting the mean of the others
    double unfitted_tau = 0;  ///< of expected_order(): what qualities say alone
    std::size_t top_k = 0;    ///< top_count() of the samples: how many are "the best" in the next two
    double top_tau = 0, top_precision = 0;
    std::string json() const;
};
HonestyReport assess(std::span<const Sample> samples, const FitOptions& options);

std::string_view to_text(Form form);
std::string_view to_text(Scale scale);

} // namespace tessera::predictors
