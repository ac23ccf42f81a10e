// Members of a front side by side, by their costs: to look up who covers a row, and to merge in many at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tessera::nas {

/// Rows of costs (smaller is better) that none of the others covers, in lexicographic order, one column a
/// cost, each with the number that its owner knows it by. Differences of costs within the tolerance count as
/// rounding.
class FrontMembers {
public:
    using Slot = std::uint32_t;

    /// `width`: costs of a member, at least 1.
    explicit FrontMembers(std::size_t width);

    std::size_t size() const { return slots_.size(); }
    Slot operator[](std::size_t i) const { return slots_[i]; }
    std::span<const Slot> slots() const { return slots_; }
    std::span<const double> column(std::size_t cost) const { return columns_[cost]; }
    void set_tolerance(std::size_t cost, double tolerance) { tolerance_[cost] = tolerance; }

    /// Whether members of earlier buckets cover the row, which in two dimensions decides almost always;
    /// false beyond.
    bool plainly_covered(const double* row) const {
        if (width_ != 2 || slots_.empty()) {
            return false;
        }
        const std::size_t end = starts_[bucket(row[0] + tolerance_[0])], some = end > 0 ? 1 : 0;
        return (some & static_cast<std::size_t>(columns_[1][end - some] <= row[1] + tolerance_[1])) != 0;
    }
    /// Whether a member is at least as good in every cost.
    bool covered(const double* row) const;

    /// What the next merge adds; beyond two dimensions rows that no member covers.
    void arrive(Slot slot, const double* row);
    std::size_t arrivals() const { return arrivals_.size(); }
    /// Adds the arrivals; of members and arrivals those that another one covers are appended to `out`.
    void merge(std::vector<Slot>& out);

    /// Nobody is a member; arrivals stay.
    void clear();
    /// Members for which `stays` is false go. Who covers whom is not to be asked before the next merge,
    /// beyond two dimensions not before index().
    template <class Stays>
    void keep(const Stays& stays) {
        std::size_t n = 0;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            if (!stays(slots_[i])) {
                continue;
            }
            for (auto& column : columns_) {
                column[n] = column[i];
            }
            slots_[n++] = slots_[i];
        }
        resize(n);
    }
    /// Divides the range of the first cost into equal buckets and notes which members each holds. merge()
    /// and clear() do it by themselves.
    void index();

private:
    std::size_t bucket(double first) const {
        const double place = (first - lowest_) * buckets_per_cost_;
        const double last = static_cast<double>(buckets - 1);
        return static_cast<std::size_t>(static_cast<std::int64_t>(std::min(std::max(place, 0.0), last)));
    }
    std::size_t after(double first) const;
    void resize(std::size_t members);
    void sort_arrivals();
    void merge_staircase(std::vector<Slot>& out);
    void merge_rows(std::vector<Slot>& out);
    void drop_covered(std::vector<Slot>& out);
    void make_room();
    void keep_merged(std::size_t members);

    std::size_t width_;
    std::vector<double> tolerance_; ///< of costs
    std::vector<std::vector<double>> columns_, next_columns_;
    std::vector<Slot> slots_, next_slots_;

    static constexpr std::size_t buckets = 1024;
    double lowest_ = 0, buckets_per_cost_ = 0;
    std::vector<std::uint32_t> starts_ =
        std::vector<std::uint32_t>(buckets + 1, 0); ///< of a bucket's members
    std::vector<char> dropped_;

    std::vector<Slot> arrivals_;
    std::vector<double> arrival_rows_; ///< costs side by side
    struct Key {                       // what decides almost always, side by side
        double first;
        std::uint32_t arrival;
    };
    std::vector<Key> keys_;
    std::vector<std::uint32_t> order_; ///< of the arrivals
};

} // namespace tessera::nas
