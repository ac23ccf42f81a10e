// What lies behind a set of points, all costs being small where they are good. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tessera::nas::certified {

/// A growing set of mutually non-dominated points, sorted by the first cost.
class Region {
public:
    explicit Region(std::size_t width) : width_(width) {}

    /// Some point is at most p in every cost.
    bool covers(const double* p) const;
    /// The same, for many p near each other: `hint` is where the last search ended.
    bool covers_near(const double* p, std::size_t& hint) const;
    /// False where p was covered.
    bool add(const double* p);

    std::size_t size() const { return points_.size() / width_; }
    const double* point(std::size_t i) const { return points_.data() + i * width_; }
    void clear() { points_.clear(); }
    /// Points compared one by one so far: what more than two costs take.
    std::uint64_t scanned() const { return scanned_; }

private:
    bool covered_by_first(std::size_t count, const double* p) const;
    std::size_t first_beyond(double cost) const; ///< index of the first point whose first cost exceeds it

    std::size_t width_;
    std::vector<double> points_;
    mutable std::uint64_t scanned_ = 0;
};

} // namespace tessera::nas::certified
