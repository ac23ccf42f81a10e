#include "predictors/accuracy_predictor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <tbb/parallel_for.h>

#include "predictors/fitting.h"
#include "predictors/held_out.h"

namespace tessera::predictors {

double Regression::additive(std::size_t block, const Quality& quality, const std::string& choice) const {
    double slope = slopes[block];
    if (!extra.empty()) {
        const auto found = extra[block].find(choice);
        slope += found == extra[block].end() ? 0 : found->second;
    }
    return std::max(slope, 0.0) * scaled(scale, quality);
}

AccuracyPredictor AccuracyPredictor::fit_mean(std::span<const Sample> samples, const FitOptions& options) {
    check_samples(samples, 3); // one less than fit(), which leaves one out
    Fitted fitted = fit_regressions(samples, options.form);
    AccuracyPredictor predictor;
    predictor.blocks_ = samples[0].qualities.size();
    predictor.ceiling_ = fitted.ceiling;
    predictor.regressions_ = std::move(fitted.regressions);
    predictor.half_width_ = std::numeric_limits<double>::infinity();
    return predictor;
}

/// The interval's half-width is the ceil(coverage (n + 1))-th smallest held-out error in the score (the
/// jackknife with the finite-sample rank of conformal prediction; Barber et al., arXiv 1905.02928), infinite
/// where n is too small to support the coverage.
AccuracyPredictor AccuracyPredictor::fit(std::span<const Sample> samples, const FitOptions& options) {
    check_samples(samples, 4);
    AccuracyPredictor predictor = fit_mean(samples, options);
    const std::vector<double> held_out = predict_held_out(samples, options);
    std::vector<double> errors;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        errors.push_back(std::abs(score_of(samples[i].accuracy, predictor.ceiling_) -
                                  score_of(held_out[i], predictor.ceiling_)));
    }
    std::ranges::sort(errors);
    const double rank = std::ceil(options.coverage * static_cast<double>(errors.size() + 1) - 1e-9);
    const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    if (index < errors.size()) {
        predictor.half_width_ = errors[index];
    }
    return predictor;
}

double AccuracyPredictor::expected_order(std::span<const Quality> qualities) {
    const bool known =
        std::ranges::all_of(qualities, [](const Quality& q) { return q.loss_rise.has_value(); });
    double sum = 0;
    for (const Quality& q : qualities) {
        sum += scaled(known ? Scale::combined : Scale::noise, q);
    }
    return -sum;
}

Term AccuracyPredictor::term(std::size_t block, const Quality& quality, const std::string& choice) const {
    Term term;
    for (const Regression& r : regressions_) {
        term.additive += r.weight * r.additive(block, quality, choice);
        if (!r.products.empty()) {
            term.noise = scaled(r.scale, quality);
        }
    }
    return term;
}

double AccuracyPredictor::intercept() const {
    double sum = 0;
    for (const Regression& r : regressions_) {
        sum += r.weight * r.intercept;
    }
    return sum;
}

std::vector<double> AccuracyPredictor::products() const {
    for (const Regression& r : regressions_) { // one regression where there are products
        if (!r.products.empty()) {
            return r.products;
        }
    }
    return {};
}

Prediction AccuracyPredictor::predict(std::span<const Term> terms) const {
    if (terms.size() != blocks_) {
        throw std::invalid_argument("one term a block is needed");
    }
    double score = intercept();
    const std::vector<double> weights = products();
    std::size_t pair = 0;
    for (std::size_t i = 0; i < blocks_ && !weights.empty(); ++i) {
        for (std::size_t j = i + 1; j < blocks_; ++j) {
            score += weights[pair++] * terms[i].noise * terms[j].noise;
        }
    }
    for (const Term& term : terms) {
        score += term.additive;
    }
    return at_score(score);
}

Prediction AccuracyPredictor::predict(std::span<const Quality> qualities,
                                      std::span<const std::string> choices) const {
    if (qualities.size() != blocks_ || (!choices.empty() && choices.size() != blocks_)) {
        throw std::invalid_argument("one quality a block is needed");
    }
    std::vector<Term> terms;
    for (std::size_t b = 0; b < blocks_; ++b) {
        terms.push_back(term(b, qualities[b], choices.empty() ? std::string() : choices[b]));
    }
    return predict(terms);
}

Prediction AccuracyPredictor::at_score(double score) const {
    const auto accuracy = [&](double s) { return std::clamp(ceiling_ - std::exp(s), 0.0, 1.0); };
    if (!std::isfinite(half_width_)) {
        return {accuracy(score), 0, 1};
    }
    return {accuracy(score), accuracy(score + half_width_), accuracy(score - half_width_)};
}

} // namespace tessera::predictors
