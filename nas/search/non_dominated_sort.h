// Ranks by non-domination, shared by the search and the fronts.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "nas/search/objective.h"

namespace tessera::nas {

/// Values of the objectives sought, smaller is better, one row a candidate, and how much each misses its
/// bounds.
class Costs {
public:
    explicit Costs(std::span<const Objective> objectives);
    Costs(std::span<const Objective> objectives, std::span<const Candidate> candidates,
          std::span<const std::size_t> chosen);
    void add(std::span<const double> values, double violation);
    /// These rows of another table with the same objectives.
    void assign(const Costs& other, std::span<const std::size_t> rows);

    std::size_t rows() const { return violations_.size(); }
    std::size_t width() const { return signs_.size(); }
    const double* row(std::size_t i) const { return values_.data() + i * signs_.size(); }
    double violation(std::size_t i) const { return violations_[i]; }
    /// Lexicographic order of the values.
    bool before(std::size_t i, std::size_t j) const {
        const double *a = row(i), *b = row(j);
        std::size_t k = 0;
        while (k + 1 < width() && a[k] == b[k]) {
            ++k;
        }
        return a[k] < b[k];
    }
    /// i is at least as good as j in every value.
    bool covers(std::size_t i, std::size_t j) const {
        const double *a = row(i), *b = row(j);
        std::size_t k = 0;
        while (k < width() && a[k] <= b[k]) {
            ++k;
        }
        return k == width();
    }

private:
    std::vector<double> signs_, values_, violations_;
    std::vector<std::size_t> sought_; ///< which of a candidate's values
};

/// Fronts of rows: the first is dominated by nobody, the next only by the first, ... under constraint
/// domination (see dominates()). Efficient non-dominated sort (Zhang, Tian, Cheng, Jin 2015): O(n log n) for
/// two objectives. Fronts that come after `enough` rows are left out.
std::vector<std::vector<std::size_t>> sort_fronts(const Costs& costs,
                                                  std::size_t enough = static_cast<std::size_t>(-1));

/// As non_dominated(), on and to indices of candidates.
std::vector<std::size_t> front_of(std::span<const Candidate> candidates, std::span<const std::size_t> chosen,
                                  std::span<const Objective> objectives);

} // namespace tessera::nas
