// Costs of single choices from latencies of whole networks alone. Torch-free.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera::latency {

/// A whole network: the index of a choice per block, and its time.
struct TimedGenome {
    std::vector<int> genome;
    double ms = 0;
};

/// network = constant + sum over blocks of choices[block][genome[block]], nothing negative.
struct WholeNetworkFit {
    double constant_ms = 0;
    std::vector<std::vector<double>> choices_ms; ///< [block][choice]
    std::vector<std::vector<std::int64_t>> seen; ///< [block][choice]: in how many of the networks
    std::vector<double> held_out_ms;             ///< per network, predicted by a fit without it
    double held_out_error = 0;                   ///< mean of |held out / measured - 1|
    double prior_error = 0;                      ///< the same of MACs alone: constant + share * MACs
    double strength = 0; ///< of the prior, in networks; the one with the smallest held-out error

    double of(const std::vector<int>& genome) const;
};

/// As few networks as a fit is made from: two per block, and ten at least.
std::size_t fewest_networks(std::size_t blocks);

/// Non-negative ridge regression on the relative error, towards a prior in which a choice costs in proportion
/// to its multiply-accumulates `macs[block][choice]`: what tells choices apart that always come together, and
/// all that is known of choices that never come. The prior's strength is chosen, and the error reported, by
/// leaving tenths of the networks out. Networks must be distinct and fewest_networks() at least; times
/// positive. Deterministic.
WholeNetworkFit fit_whole_networks(const std::vector<TimedGenome>& networks,
                                   const std::vector<std::vector<double>>& macs, double rest_macs);

} // namespace tessera::latency
