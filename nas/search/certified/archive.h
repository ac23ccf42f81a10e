// The best genomes that were truly evaluated. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nas/search/certified/costs.h"
#include "nas/search/certified/region.h"

namespace tessera::nas::certified {

class Archive {
public:
    struct Entry {
        Candidate candidate;
        std::vector<double> costs; ///< of the sought dimensions
        bool explored = false;     ///< its neighbours were looked at
    };

    explicit Archive(const CostSystem& system) : system_(system), region_(system.sought) {}

    /// Evaluates a genome. False where it is infeasible or an entry covers it; of equals the smallest genome
    /// stays.
    bool add(const std::vector<int>& genome);
    /// Replaces one block's choice of every entry not yet explored by every other choice, until nothing new
    /// is found or `limit` steps are done. Returns the steps.
    std::uint64_t explore(std::uint64_t limit);

    const std::vector<Entry>& entries() const { return entries_; } ///< sorted by the first cost
    const Region& region() const { return region_; }
    std::vector<Candidate> front() const;
    /// Grows with every entry added.
    std::uint64_t version() const { return version_; }

private:
    void insert(Entry entry);
    std::uint64_t neighbours(const std::vector<int>& genome);

    const CostSystem& system_;
    Region region_;
    std::vector<Entry> entries_;
    std::uint64_t version_ = 0;
};

} // namespace tessera::nas::certified
