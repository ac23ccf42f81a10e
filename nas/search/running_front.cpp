#include "nas/search/running_front.h"

#include <algorithm>

namespace tessera::nas {

RunningFront::RunningFront(std::span<const Objective> objectives) {
    const auto first = std::ranges::find_if(objectives, [](const Objective& o) { return !o.bounds_only; });
    reversed_ = first != objectives.end() && first->direction == Direction::maximize;
}

bool RunningFront::add(std::span<const Candidate> candidates, const Costs& costs, std::size_t first,
                       std::size_t last) {
    arrivals_.clear();
    for (std::size_t i = first; i < last; ++i) {
        if (candidates[i].feasible()) {
            arrivals_.push_back(i);
        }
    }
    const auto earlier = [&](std::size_t i, std::size_t j) {
        if (costs.before(i, j)) {
            return true;
        }
        return !costs.before(j, i) && candidates[i].genome < candidates[j].genome;
    };
    std::sort(arrivals_.begin(), arrivals_.end(), earlier);
    if (costs.width() > 2 && !admit(candidates, costs)) {
        return false;
    }
    merged_.resize(members_.size() + arrivals_.size());
    std::merge(members_.begin(), members_.end(), arrivals_.begin(), arrivals_.end(), merged_.begin(),
               earlier);
    const bool changed = costs.width() > 2 || merge(costs);
    members_.swap(merged_);
    return changed;
}

/// In two dimensions only the latest member, which has the smallest second value, can cover the next.
bool RunningFront::merge(const Costs& costs) {
    std::size_t kept = 0;
    for (const std::size_t i : merged_) {
        if (kept == 0 || !costs.covers(merged_[kept - 1], i)) {
            merged_[kept++] = i;
        }
    }
    merged_.resize(kept);
    return merged_ != members_;
}

/// Drops arrivals that somebody covers and members that an arrival covers. In this order nobody is covered by
/// somebody later whose first value is larger.
bool RunningFront::admit(std::span<const Candidate> candidates, const Costs& costs) {
    const auto covered_by = [&](std::size_t m, std::size_t i) {
        return costs.covers(m, i) && (!costs.covers(i, m) || candidates[m].genome < candidates[i].genome);
    };
    std::size_t kept = 0;
    for (const std::size_t i : arrivals_) {
        const double first = costs.row(i)[0];
        bool covered = false;
        for (std::size_t m = 0; m < kept && !covered; ++m) {
            covered = covered_by(arrivals_[m], i);
        }
        for (std::size_t m = 0; m < members_.size() && !covered && costs.row(members_[m])[0] <= first; ++m) {
            covered = covered_by(members_[m], i);
        }
        if (!covered) {
            arrivals_[kept++] = i;
        }
    }
    arrivals_.resize(kept);
    std::erase_if(members_, [&](std::size_t m) {
        const double first = costs.row(m)[0];
        for (const std::size_t i : arrivals_) {
            if (costs.row(i)[0] > first) {
                return false;
            }
            if (costs.covers(i, m)) {
                return true;
            }
        }
        return false;
    });
    return kept > 0;
}

std::vector<std::size_t> RunningFront::front() const {
    return reversed_ ? std::vector<std::size_t>(members_.rbegin(), members_.rend()) : members_;
}

} // namespace tessera::nas
