// The branch and bound behind certified_front(), with its bounding set for those who want to check it.
// Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nas/search/certified.h"
#include "nas/search/certified/box.h"

namespace tessera::nas::certified {

/// Boxes are taken deepest first: always the one whose relaxation is furthest ahead of what was reached.
class BranchAndBound {
public:
    /// Refers to both.
    BranchAndBound(const TableModel& model, const CertifiedOptions& options);

    SearchResult run();
    /// Values of points such that every feasible genome is covered by one of them.
    std::vector<Candidate> bound() const;

private:
    struct Open {
        Box box;
        std::uint64_t number = 0;
    };
    static bool later(const Open& a, const Open& b);

    void push(Box box, double depth);
    void step();
    Region bounding_region() const;
    double gap();
    std::string ended(double gap) const;

    CostSystem system_;
    const CertifiedOptions& options_;
    Archive archive_;
    Ledger ledger_;
    Bounder bounder_;
    std::vector<Open> open_;               ///< a heap
    std::uint64_t boxes_ = 0, checks_ = 0; ///< how many, and the steps that knowing the gap took
};

} // namespace tessera::nas::certified
