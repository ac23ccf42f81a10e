// The learning rate over a training.
#pragma once

#include <cstdint>
#include <string>

#include "support/config.h"

namespace tessera::training {

/// A linear rise, then cosines; lengths are in epochs. The defaults are one cosine to 0.
struct Schedule {
    double warmup = 1;     ///< epochs of linear rise
    double final_rate = 0; ///< at the end of each cosine; at most the rate at its top
    double restarts = 0; ///< epochs of the first cosine, each next one being twice as long (SGDR, Loshchilov
                         ///< and Hutter, arXiv 1608.03983); 0: one to the end

    /// Declares warmup, final_rate and restarts.
    void read(support::Section& section);
    /// What differs from one cosine to 0, as YAML, and the warm-up.
    std::string essence() const;
    /// In the step after `done` steps of `total`, an epoch having `epoch` of them; `top`: the highest rate.
    double rate(double top, std::int64_t done, std::int64_t total, std::int64_t epoch) const;
};

/// For trainings whose end is not known: the rate stays, but for a factor every so many epochs.
struct SteadySchedule {
    double factor = 1; ///< 0..1
    double epochs = 2; ///< between two factors

    double rate(double top, std::int64_t done, std::int64_t epoch) const;
};

/// Cosine from 1 to 0 over `total` steps after a linear rise over the first `warmup`; `step` counts from 0.
double cosine_factor(std::int64_t step, std::int64_t total, std::int64_t warmup);

} // namespace tessera::training
