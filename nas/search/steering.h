// Which choices a search tries: those that nobody knows yet, and those that promise most.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "nas/search/surrogate.h"
#include "support/seed.h"

namespace tessera::nas {

/// Per block the choices whose learnt effects no other known choice of the block dominates, and the order in
/// which the unknown ones are tried.
class Steering {
public:
    Steering(const Problem& problem, const Surrogate& surrogate, support::Rng& rng);

    /// Follows what the surrogate has learnt.
    void update();
    /// Another choice of the block than `current`: often a near one of the block's front, sometimes any of
    /// it, now and then any choice that is known; none where the block has no other known choice.
    std::optional<int> draw(std::size_t block, int current) const;
    /// The next choice that nobody knows, those of larger preference earlier on average.
    std::optional<Surrogate::Choice> next_unknown();
    std::size_t unknown() const { return queue_.size() - taken_; }

private:
    void add(std::size_t block, int choice);
    bool covers(std::size_t block, int a, int b) const;

    const Surrogate& surrogate_;
    support::Rng& rng_;
    std::vector<std::pair<std::size_t, double>> directions_; ///< objective, sign: smaller products are better
    std::vector<Surrogate::Choice> queue_;
    std::size_t taken_ = 0, followed_ = 0;
    std::uint64_t fits_ = 0;
    std::vector<std::vector<int>> fronts_, known_;
    std::vector<std::vector<std::int32_t>> places_; ///< of a choice in its block's front, -1: not in it
};

} // namespace tessera::nas
