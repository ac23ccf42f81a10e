#include "latency/whole_network_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "support/seed.h"

namespace tessera::latency {
namespace {

using Rows = std::vector<std::size_t>;
constexpr std::size_t folds = 10;
/// Of the prior, as a number of networks that would tell the same.
constexpr std::array strengths = {1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0};
constexpr std::size_t patience = 2; ///< weaker priors tried after one that was better
constexpr int most_sweeps = 500;
/// Sweeps end where none changes a prediction by more than this share of the mean latency.
constexpr double settled = 1e-5;

/// constant + share * MACs, neither negative, with the smallest relative squared error.
struct MacsLine {
    double constant = 0, share = 0;
};

MacsLine fit_macs(const std::vector<TimedGenome>& networks, const std::vector<double>& macs,
                  const Rows& rows) {
    double uu = 0, uv = 0, vv = 0, u1 = 0, v1 = 0; // u = 1 / ms, v = MACs / ms
    for (const std::size_t i : rows) {
        const double u = 1 / networks[i].ms, v = macs[i] / networks[i].ms;
        uu += u * u;
        uv += u * v;
        vv += v * v;
        u1 += u;
        v1 += v;
    }
    const double determinant = uu * vv - uv * uv;
    if (determinant > 1e-9 * uu * vv) {
        const MacsLine line{(u1 * vv - v1 * uv) / determinant, (v1 * uu - u1 * uv) / determinant};
        if (line.constant >= 0 && line.share >= 0) {
            return line;
        }
    }
    // The better of the two ends of the admissible lines: 1 - u1^2 / uu and 1 - v1^2 / vv are their errors.
    const bool proportional = vv > 0 && v1 * v1 / vv > u1 * u1 / uu;
    return proportional ? MacsLine{0, v1 / vv} : MacsLine{u1 / uu, 0};
}

/// Coordinate descent on the residuals: a column of the design is the list of networks that have the choice.
class Descent {
public:
    Descent(const std::vector<TimedGenome>& networks, const std::vector<std::vector<double>>& macs,
            const std::vector<double>& network_macs, const Rows& rows)
        : networks_(networks), rows_(rows), line_(fit_macs(networks, network_macs, rows)) {
        for (const auto& block : macs) {
            auto& prior = prior_.emplace_back();
            for (const double m : block) {
                prior.push_back(line_.share * m);
            }
            members_.emplace_back(block.size());
        }
        for (const std::size_t i : rows) {
            mean_ms_ += networks[i].ms / static_cast<double>(rows.size());
            for (std::size_t b = 0; b < members_.size(); ++b) {
                members_[b][static_cast<std::size_t>(networks[i].genome[b])].push_back(i);
            }
        }
        fit_.choices_ms = prior_;
        fit_.constant_ms = 0;
    }

    /// From where the last call ended. `rest`: MACs of what all networks share.
    void solve(double strength, double rest) {
        const double constant_prior = line_.constant + line_.share * rest;
        const double weight = strength / (mean_ms_ * mean_ms_);
        if (residual_.empty()) {
            fit_.constant_ms = constant_prior;
            residual_.resize(networks_.size());
            for (const std::size_t i : rows_) {
                residual_[i] = networks_[i].ms - fit_.of(networks_[i].genome);
            }
        }
        for (int sweep = 0; sweep < most_sweeps; ++sweep) {
            double moved = step(fit_.constant_ms, rows_, constant_prior, weight);
            for (std::size_t b = 0; b < members_.size(); ++b) {
                for (std::size_t m = 0; m < members_[b].size(); ++m) {
                    moved =
                        std::max(moved, step(fit_.choices_ms[b][m], members_[b][m], prior_[b][m], weight));
                }
            }
            if (moved < settled * mean_ms_) {
                break;
            }
        }
    }
    const WholeNetworkFit& fit() const { return fit_; }
    const MacsLine& line() const { return line_; }

private:
    /// Moves one cost to its best value; by how much.
    double step(double& cost, const Rows& members, double prior, double weight) {
        double sum = weight * prior, norm = weight;
        for (const std::size_t i : members) {
            const double w = 1 / (networks_[i].ms * networks_[i].ms);
            sum += w * (residual_[i] + cost);
            norm += w;
        }
        const double best = std::max(0.0, sum / norm), change = best - cost;
        for (const std::size_t i : members) {
            residual_[i] -= change;
        }
        cost = best;
        return std::abs(change);
    }

    const std::vector<TimedGenome>& networks_;
    Rows rows_;
    MacsLine line_;
    double mean_ms_ = 0;
    std::vector<std::vector<double>> prior_;
    std::vector<std::vector<Rows>> members_;
    std::vector<double> residual_;
    WholeNetworkFit fit_;
};

/// Which tenth each network belongs to: equal parts, drawn once.
std::vector<std::size_t> draw_folds(std::size_t count) {
    std::vector<std::size_t> fold(count);
    for (std::size_t i = 0; i < count; ++i) {
        fold[i] = i % folds;
    }
    support::Rng rng(support::derive_seed(count, {"whole networks"}));
    rng.shuffle(fold);
    return fold;
}

/// What fits without them say of networks.
struct HeldOut {
    std::size_t strength = strengths.size() - 1; ///< index of the best
    double error = std::numeric_limits<double>::infinity(), prior_error = 0;
    std::vector<double> ms;
};

HeldOut hold_out(const std::vector<TimedGenome>& networks, const std::vector<std::vector<double>>& macs,
                 const std::vector<double>& network_macs, double rest_macs) {
    const std::size_t n = networks.size();
    const std::vector<std::size_t> fold = draw_folds(n);
    std::vector<Descent> descents;
    for (std::size_t f = 0; f < folds; ++f) {
        Rows rows;
        for (std::size_t i = 0; i < n; ++i) {
            if (fold[i] != f) {
                rows.push_back(i);
            }
        }
        descents.emplace_back(networks, macs, network_macs, rows);
    }
    const auto miss = [&](std::size_t i, double ms) {
        return std::abs(ms / networks[i].ms - 1) / static_cast<double>(n);
    };
    HeldOut best;
    for (std::size_t i = 0; i < n; ++i) {
        const MacsLine& line = descents[fold[i]].line();
        best.prior_error += miss(i, line.constant + line.share * network_macs[i]);
    }
    // From the strongest prior, nearest to where the descents start, until weaker ones are no better.
    std::size_t worse = 0;
    std::vector<double> ms(n);
    for (std::size_t s = strengths.size(); s-- > 0 && worse < patience;) {
        for (Descent& descent : descents) {
            descent.solve(strengths[s], rest_macs);
        }
        double error = 0;
        for (std::size_t i = 0; i < n; ++i) {
            ms[i] = descents[fold[i]].fit().of(networks[i].genome);
            error += miss(i, ms[i]);
        }
        worse = error < best.error ? 0 : worse + 1;
        if (error < best.error) {
            best.strength = s;
            best.error = error;
            best.ms = ms;
        }
    }
    return best;
}

} // namespace

double WholeNetworkFit::of(const std::vector<int>& genome) const {
    double sum = constant_ms;
    for (std::size_t b = 0; b < genome.size(); ++b) {
        sum += choices_ms[b][static_cast<std::size_t>(genome[b])];
    }
    return sum;
}

std::size_t fewest_networks(std::size_t blocks) { return std::max<std::size_t>(10, 2 * blocks); }

WholeNetworkFit fit_whole_networks(const std::vector<TimedGenome>& networks,
                                   const std::vector<std::vector<double>>& macs, double rest_macs) {
    const std::size_t n = networks.size();
    if (n < fewest_networks(macs.size())) {
        throw std::invalid_argument("too few networks to fit costs of choices");
    }
    std::vector<double> network_macs;
    for (const TimedGenome& network : networks) {
        network_macs.push_back(rest_macs);
        for (std::size_t b = 0; b < macs.size(); ++b) {
            network_macs.back() += macs[b][static_cast<std::size_t>(network.genome[b])];
        }
    }

    const HeldOut held_out = hold_out(networks, macs, network_macs, rest_macs);
    Rows all(n);
    std::iota(all.begin(), all.end(), std::size_t{0});
    Descent descent(networks, macs, network_macs, all);
    for (std::size_t s = strengths.size(); s-- > held_out.strength;) { // the same way
        descent.solve(strengths[s], rest_macs);
    }
    WholeNetworkFit fit = descent.fit();
    fit.strength = strengths[held_out.strength];
    fit.held_out_ms = held_out.ms;
    fit.held_out_error = held_out.error;
    fit.prior_error = held_out.prior_error;
    for (const auto& block : macs) {
        fit.seen.emplace_back(block.size());
    }
    for (const TimedGenome& network : networks) {
        for (std::size_t b = 0; b < network.genome.size(); ++b) {
            ++fit.seen[b][static_cast<std::size_t>(network.genome[b])];
        }
    }
    return fit;
}

} // namespace tessera::latency
