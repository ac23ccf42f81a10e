#include "nas/search/certified/region.h"

namespace tessera::nas::certified {
namespace {

bool at_most(const double* a, const double* b, std::size_t width) {
    for (std::size_t k = 0; k < width; ++k) {
        if (!(a[k] <= b[k])) {
            return false;
        }
    }
    return true;
}

} // namespace

std::size_t Region::first_beyond(double cost) const {
    std::size_t low = 0, high = size();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (points_[middle * width_] <= cost) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool Region::covered_by_first(std::size_t count, const double* p) const {
    if (width_ == 2) { // the second cost falls
        return count > 0 && points_[2 * count - 1] <= p[1];
    }
    std::size_t i = 0;
    while (i < count && !at_most(point(i), p, width_)) {
        ++i;
    }
    scanned_ += i;
    return i < count;
}

bool Region::covers(const double* p) const { return covered_by_first(first_beyond(p[0]), p); }

bool Region::covers_near(const double* p, std::size_t& hint) const {
    const std::size_t n = size();
    if (width_ > 2) { // whoever covered the last one may cover this one too
        if (hint < n && at_most(point(hint), p, width_)) {
            return true;
        }
        const std::size_t end = first_beyond(p[0]);
        std::size_t i = 0;
        while (i < end && !at_most(point(i), p, width_)) {
            ++i;
        }
        scanned_ += i;
        hint = i < end ? i : hint;
        return i < end;
    }
    std::size_t i = hint < n ? hint : n;
    int steps = 0;
    while (i < n && points_[i * width_] <= p[0] && ++steps < 8) {
        ++i;
    }
    while (i > 0 && points_[(i - 1) * width_] > p[0] && ++steps < 8) {
        --i;
    }
    if (steps >= 8) {
        i = first_beyond(p[0]);
    }
    hint = i;
    return covered_by_first(i, p);
}

bool Region::add(const double* p) {
    const std::size_t end = first_beyond(p[0]);
    if (covered_by_first(end, p)) {
        return false;
    }
    // Those that p covers have a first cost of at least p's: behind all smaller ones.
    std::size_t begin = end;
    while (begin > 0 && points_[(begin - 1) * width_] == p[0]) {
        --begin;
    }
    std::size_t kept = begin;
    const std::size_t n = size();
    std::size_t i = begin;
    for (; i < n; ++i) {
        const double* q = point(i);
        if (at_most(p, q, width_)) {
            continue;
        }
        if (width_ == 2 && i >= end) {
            break; // from here on the second costs are smaller than p's
        }
        if (kept != i) {
            for (std::size_t k = 0; k < width_; ++k) {
                points_[kept * width_ + k] = q[k];
            }
        }
        ++kept;
    }
    points_.erase(points_.begin() + static_cast<std::ptrdiff_t>(kept * width_),
                  points_.begin() + static_cast<std::ptrdiff_t>(i * width_));
    std::size_t at = begin;
    while (at < size() && points_[at * width_] < p[0]) {
        ++at;
    }
    points_.insert(points_.begin() + static_cast<std::ptrdiff_t>(at * width_), p, p + width_);
    return true;
}

} // namespace tessera::nas::certified
