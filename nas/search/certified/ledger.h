// What is known of the front from both sides: what was reached, what was conceded. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nas/search/certified/archive.h"
#include "nas/search/certified/region.h"

namespace tessera::nas::certified {

/// Conceded: a set of points that covers every genome whose box was given up; it holds the archive's own.
/// Every point is conceded that lies less than a tolerance ahead of the archive.
class Ledger {
public:
    /// `tolerance`: share of the archive's range, in each objective.
    Ledger(const CostSystem& system, const Archive& archive, double tolerance);

    /// Takes in what the archive has learnt.
    void update();
    /// Whether nothing more needs to be known of genomes that a point covers; concedes it where it is
    /// within the tolerance.
    bool settled(const double* point, std::size_t& hint, std::size_t& shifted_hint) {
        if (conceded_.covers_near(point, hint)) {
            return true;
        }
        if (!shifted_.covers_near(point, shifted_hint)) {
            return false;
        }
        conceded_.add(point);
        return true;
    }
    bool settled(const double* point) {
        std::size_t hint = 0, shifted_hint = 0;
        return settled(point, hint, shifted_hint);
    }
    /// Removes the settled ones of some points; returns the depth of the deepest that is left, else 0.
    double settle(std::vector<double>& points);
    /// How far a point is ahead of the archive: the least share of the range by which all values of some
    /// entry would have to be better to cover it. Infinite before anything was found.
    double depth(const double* point) const;
    /// The archive's range of costs; 1 for what is not sought.
    double range(std::size_t d) const { return d < cost_range_.size() ? cost_range_[d] : 1; }
    std::uint64_t scanned() const { return conceded_.scanned() + shifted_.scanned(); }
    /// Points that cover every genome whose box was given up, and the archive's.
    const Region& conceded() const { return conceded_; }

private:
    const CostSystem& system_;
    const Archive& archive_;
    double tolerance_;
    Region conceded_, shifted_;
    std::vector<double> values_; ///< of the entries: signed, in shares of the range
    std::vector<double> value_range_, cost_range_;
    std::uint64_t version_ = 0;
};

} // namespace tessera::nas::certified
