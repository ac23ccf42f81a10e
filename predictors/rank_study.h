// How well a predictor fitted to a few networks ranks the others, over many draws of the few.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "predictors/accuracy_predictor.h"

namespace tessera::predictors {

struct RankOptions {
    std::vector<std::size_t> sizes; ///< samples fitted on; 0: qualities alone
    std::size_t draws = 50;         ///< of each size
    std::uint64_t seed = 1;
    FitOptions fit;
};

struct Spread {
    double mean = 0, deviation = 0; ///< over the draws in which it is defined; NaN where in none
};

/// Accuracy lost by trusting the predictor: the best network's less the best among the k predicted best,
/// among the networks of at most `macs`.
struct Regret {
    std::optional<double> macs; ///< empty: all networks
    std::size_t networks = 0;   ///< within the budget, those fitted on included
    double best = 0;            ///< accuracy of the best of them
    std::vector<Spread> of_top; ///< for each of regret_tops, fraction
};
inline constexpr std::size_t regret_tops[] = {1, 5, 10};
inline constexpr std::size_t precision_tops[] = {10, 50, 100};

struct RankRow {
    std::size_t samples = 0, draws = 0;
    Spread tau, rho, top_tau, rmse; ///< top_tau: within the truly best tenth; rmse: fraction
    std::vector<Spread> precision;  ///< at each of precision_tops
    std::vector<Regret> regret;     ///< no budget, then the quartiles of MACs, the largest first
    std::vector<double> predicted;  ///< of each network: the mean over the draws that did not fit on it
};

/// One row per size. In every draw the networks are shuffled (the same for all sizes), the first fitted on
/// and the others ranked; the fit sees nothing of them. `macs` has one value a network, or none. Throws
/// UsageError for a size of 1 to 3 or one that leaves fewer than 2 networks.
std::vector<RankRow> study_ranking(std::span<const Sample> networks, std::span<const double> macs,
                                   const RankOptions& options);

} // namespace tessera::predictors
