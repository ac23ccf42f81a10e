#include "predictors/fitting.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "predictors/bayesian_ridge.h"
#include "support/error.h"

namespace tessera::predictors {
namespace {

/// Natural logs of how much of the target's deviation a group of features explains, a priori: most of it the
/// noise summed over all blocks, less what sets blocks and choices apart, little their products, some
/// nothing.
constexpr double common_centre = 0, block_centre = -1, choice_centre = -1.5, product_centre = -2,
                 noise_centre = -1.5;

/// Ceilings that are tried: by how many times the distance from the median to the best sample they exceed it.
/// Far above, the log is as good as linear in the accuracy.
constexpr double ceiling_steps[] = {0.2, 0.4, 1.0, 2.5, 10};
/// Samples of all the same accuracy still leave room above them.
constexpr double least_spread = 0.002;

std::vector<double> candidate_ceilings(std::span<const Sample> samples) {
    std::vector<double> accuracies;
    for (const Sample& s : samples) {
        accuracies.push_back(s.accuracy);
    }
    std::ranges::sort(accuracies);
    const std::size_t middle = accuracies.size() / 2;
    const double median =
        accuracies.size() % 2 == 1 ? accuracies[middle] : (accuracies[middle - 1] + accuracies[middle]) / 2;
    const double best = accuracies.back(), spread = std::max(best - median, least_spread);
    std::vector<double> ceilings;
    for (const double step : ceiling_steps) {
        ceilings.push_back(best + step * spread);
    }
    return ceilings;
}

/// Features of all samples in one scale.
class Design {
public:
    Design(std::span<const Sample> samples, Scale scale, Form form) : samples_(samples), scale_(scale) {
        blocks_ = samples[0].qualities.size();
        for (const Sample& s : samples) {
            std::vector<double> row;
            for (const Quality& quality : s.qualities) {
                row.push_back(scaled(scale, quality));
            }
            noise_.push_back(std::move(row));
        }
        add(1, common_centre, [&](std::size_t r, std::size_t) {
            double sum = 0;
            for (const double x : noise_[r]) {
                sum += x;
            }
            return sum;
        });
        add(blocks_, block_centre, [&](std::size_t r, std::size_t b) { return noise_[r][b]; });
        find_choices();
        add(choices_.size(), choice_centre, [&](std::size_t r, std::size_t c) {
            const auto& [block, text] = choices_[c];
            return samples_[r].choices[block] == text ? noise_[r][block] : 0.0;
        });
        if (form == Form::second_order) {
            add(blocks_ * (blocks_ - 1) / 2, product_centre, [&](std::size_t r, std::size_t pair) {
                std::size_t i = 0;
                for (; pair >= blocks_ - 1 - i; ++i) {
                    pair -= blocks_ - 1 - i;
                }
                return noise_[r][i] * noise_[r][i + 1 + pair];
            });
        }
    }

    const std::vector<FeatureGroup>& groups() const { return groups_; }

    Regression regression(const BayesianFit& fit, double weight) const {
        Regression r{scale_, weight, fit.intercept, {}, {}, {}};
        for (std::size_t b = 0; b < blocks_; ++b) {
            r.slopes.push_back(fit.weights[0] + fit.weights[1 + b]);
        }
        r.extra.resize(blocks_);
        for (std::size_t c = 0; c < choices_.size(); ++c) {
            r.extra[choices_[c].first][choices_[c].second] = fit.weights[1 + blocks_ + c];
        }
        const auto rest = static_cast<std::ptrdiff_t>(1 + blocks_ + choices_.size());
        r.products.assign(fit.weights.begin() + rest, fit.weights.end());
        return r;
    }

private:
    template <class Value>
    void add(std::size_t columns, double centre, Value value) {
        Matrix x{samples_.size(), columns, {}};
        for (std::size_t r = 0; r < x.rows; ++r) {
            for (std::size_t c = 0; c < columns; ++c) {
                x.values.push_back(value(r, c));
            }
        }
        groups_.push_back({std::move(x), centre});
    }

    /// Those that some sample has and that are not without noise (as the reference's own is).
    void find_choices() {
        std::map<std::pair<std::size_t, std::string>, bool> seen;
        for (std::size_t r = 0; r < samples_.size(); ++r) {
            for (std::size_t b = 0; b < samples_[r].choices.size(); ++b) {
                if (noise_[r][b] > 0) {
                    seen[{b, samples_[r].choices[b]}] = true;
                }
            }
        }
        for (const auto& entry : seen) {
            choices_.push_back(entry.first);
        }
    }

    std::span<const Sample> samples_;
    Scale scale_;
    std::size_t blocks_ = 0;
    std::vector<std::vector<double>> noise_;
    std::vector<std::pair<std::size_t, std::string>> choices_;
    std::vector<FeatureGroup> groups_;
};

/// Evidence of the accuracies rather than of their scores: those of different ceilings compare by it.
double log_jacobian(std::span<const Sample> samples, double ceiling) {
    double sum = 0;
    for (const Sample& s : samples) {
        sum -= score_of(s.accuracy, ceiling);
    }
    return sum;
}

/// A priori the noise alone is believed as much, its scales taken together, as the noise with the loss's
/// rise.
double log_belief(Scale scale) { return scale == Scale::combined ? std::log(3) : 0; }

} // namespace

double scaled(Scale scale, const Quality& quality) {
    switch (scale) {
    case Scale::root:
        return std::sqrt(quality.nsr);
    case Scale::power:
        return quality.nsr * std::sqrt(quality.nsr);
    case Scale::combined:
        if (!quality.loss_rise) {
            throw support::RunError(
                "the accuracy predictor was fitted with the rise of the loss, which these "
                "qualities lack; fit it again or run `tessera distil` again");
        }
        return quality.nsr * std::sqrt(quality.nsr) + std::sqrt(*quality.loss_rise);
    case Scale::noise:
        break;
    }
    return quality.nsr;
}

double score_of(double accuracy, double ceiling) { return std::log(std::max(ceiling - accuracy, 1e-4)); }

Fitted fit_regressions(std::span<const Sample> samples, Form form) {
    const std::vector<double> ceilings = candidate_ceilings(samples);
    std::vector<std::vector<double>> targets;
    for (const double ceiling : ceilings) {
        std::vector<double> target;
        for (const Sample& s : samples) {
            target.push_back(score_of(s.accuracy, ceiling));
        }
        targets.push_back(std::move(target));
    }
    std::vector<Scale> scales = {Scale::noise, Scale::root, Scale::power};
    if (samples[0].qualities[0].loss_rise) {
        scales.push_back(Scale::combined);
    }
    std::vector<std::vector<Regression>> regressions(ceilings.size()); // weight: the log of the evidence
    for (const Scale scale : scales) {
        const Design design(samples, scale, form);
        const auto fits = fit_bayesian(design.groups(), noise_centre, targets);
        for (std::size_t c = 0; c < ceilings.size(); ++c) {
            regressions[c].push_back(design.regression(
                fits[c], fits[c].log_evidence + log_jacobian(samples, ceilings[c]) + log_belief(scale)));
        }
    }

    double most = -std::numeric_limits<double>::infinity();
    for (const auto& of_ceiling : regressions) {
        for (const Regression& r : of_ceiling) {
            most = std::max(most, r.weight);
        }
    }
    Fitted best;
    double best_sum = -1;
    for (std::size_t c = 0; c < ceilings.size(); ++c) {
        double sum = 0;
        for (Regression& r : regressions[c]) {
            r.weight = std::exp(r.weight - most);
            sum += r.weight;
        }
        if (sum > best_sum) {
            best_sum = sum;
            best = {ceilings[c], regressions[c]};
        }
    }
    std::ranges::stable_sort(best.regressions, std::greater{}, &Regression::weight);
    if (form == Form::second_order) {
        best.regressions.resize(1);
        best_sum = best.regressions[0].weight;
    }
    for (Regression& r : best.regressions) {
        r.weight /= best_sum;
    }
    return best;
}

void check_samples(std::span<const Sample> samples, std::size_t least) {
    if (samples.size() < least) {
        throw support::RunError(fmt::format("the accuracy predictor needs at least {} samples, there are {}: "
                                            "raise the number of samples",
                                            least, samples.size()));
    }
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const Sample& s = samples[i];
        const auto refuse = [&](const std::string& why) {
            throw support::RunError(fmt::format("sample {}: {}", i + 1, why));
        };
        if (s.qualities.empty() || s.qualities.size() != samples[0].qualities.size()) {
            refuse(fmt::format("has {} block qualities, the first sample has {}", s.qualities.size(),
                               samples[0].qualities.size()));
        }
        if (!s.choices.empty() && s.choices.size() != s.qualities.size()) {
            refuse(
                fmt::format("has {} choices and {} block qualities", s.choices.size(), s.qualities.size()));
        }
        for (std::size_t b = 0; b < s.qualities.size(); ++b) {
            const Quality& q = s.qualities[b];
            if (!q.finite() || q.nsr < 0 || q.loss_rise.value_or(0) < 0) {
                refuse(fmt::format("the quality of block {} is {}", b + 1,
                                   q.finite() ? "negative" : "not finite"));
            }
            if (q.loss_rise.has_value() != samples[0].qualities[0].loss_rise.has_value()) {
                refuse("the rise of the loss is known of some blocks and not of others");
            }
        }
        if (!(s.accuracy >= 0 && s.accuracy <= 1)) {
            refuse(fmt::format("accuracy {} is outside 0..1", s.accuracy));
        }
    }
}

} // namespace tessera::predictors
