#include "nas/search/front_members.h"

#include <array>

namespace tessera::nas {

FrontMembers::FrontMembers(std::size_t width)
    : width_(width), tolerance_(width, 0.0), columns_(width), next_columns_(width) {}

void FrontMembers::arrive(Slot slot, const double* row) {
    arrivals_.push_back(slot);
    arrival_rows_.insert(arrival_rows_.end(), row, row + width_);
}

void FrontMembers::clear() {
    resize(0);
    index();
}

void FrontMembers::resize(std::size_t members) {
    for (auto& column : columns_) {
        column.resize(members);
    }
    slots_.resize(members);
}

void FrontMembers::index() {
    const auto& column = columns_[0];
    lowest_ = column.empty() ? 0 : column.front();
    const double range = column.empty() ? 0 : column.back() - lowest_;
    buckets_per_cost_ = range > 0 ? static_cast<double>(buckets) / range : 0;
    // Backwards and without branches: which bucket comes next is nothing a processor could foresee.
    starts_.assign(buckets + 1, static_cast<std::uint32_t>(column.size()));
    for (std::size_t i = column.size(); i-- > 0;) {
        starts_[bucket(column[i])] = static_cast<std::uint32_t>(i);
    }
    for (std::size_t b = buckets; b-- > 0;) {
        starts_[b] = std::min(starts_[b], starts_[b + 1]);
    }
}

/// The first member whose first cost is beyond this one, but for rounding. A bucket holds few of them, and a
/// search of the whole column would be half of a variation's time.
std::size_t FrontMembers::after(double first) const {
    const double limit = first + tolerance_[0];
    const std::size_t at = bucket(limit);
    std::size_t low = starts_[at], high = starts_[at + 1];
    if (high - low > 16) {
        const auto begin = columns_[0].begin();
        return static_cast<std::size_t>(std::upper_bound(begin + static_cast<std::ptrdiff_t>(low),
                                                         begin + static_cast<std::ptrdiff_t>(high), limit) -
                                        begin);
    }
    while (low < high && columns_[0][low] <= limit) {
        ++low;
    }
    return low;
}

bool FrontMembers::covered(const double* row) const {
    const std::size_t end = after(row[0]);
    if (width_ == 1 || end == 0) {
        return end > 0;
    }
    if (width_ == 2) {
        return columns_[1][end - 1] <= row[1] + tolerance_[1];
    }
    constexpr std::size_t chunk = 64; // looked at as a whole, for the vector units
    for (std::size_t first = 0; first < end; first += chunk) {
        const std::size_t last = std::min(first + chunk, end);
        std::array<char, chunk> inside;
        inside.fill(1);
        for (std::size_t s = 1; s < width_; ++s) {
            const double limit = row[s] + tolerance_[s];
            const double* column = columns_[s].data() + first;
            for (std::size_t i = 0; i < last - first; ++i) {
                inside[i] = static_cast<char>(inside[i] & static_cast<char>(column[i] <= limit));
            }
        }
        if (std::any_of(inside.begin(), inside.begin() + static_cast<std::ptrdiff_t>(last - first),
                        [](char c) { return c != 0; })) {
            return true;
        }
    }
    return false;
}

} // namespace tessera::nas
