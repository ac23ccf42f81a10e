#include "nas/search/certified/ledger.h"

#include <algorithm>

namespace tessera::nas::certified {

Ledger::Ledger(const CostSystem& system, const Archive& archive, double tolerance)
    : system_(system), archive_(archive), tolerance_(tolerance), conceded_(system.sought),
      shifted_(system.sought), value_range_(system.sought, 1), cost_range_(system.sought, 1) {}

void Ledger::update() {
    if (archive_.version() == version_) {
        return;
    }
    version_ = archive_.version();
    const std::size_t width = system_.sought;
    const auto& entries = archive_.entries();
    values_.clear();
    for (const auto& e : entries) {
        conceded_.add(e.costs.data());
        for (std::size_t d = 0; d < width; ++d) {
            values_.push_back(system_.signed_value(d, e.costs[d]));
        }
    }
    const auto width_of = [&](std::size_t d, auto value) {
        double low = unbounded, high = -unbounded;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            low = std::min(low, value(i, d));
            high = std::max(high, value(i, d));
        }
        return high > low ? high - low : 1.0;
    };
    for (std::size_t d = 0; d < width; ++d) {
        value_range_[d] = width_of(d, [&](std::size_t i, std::size_t k) { return values_[i * width + k]; });
        cost_range_[d] = width_of(d, [&](std::size_t i, std::size_t k) { return entries[i].costs[k]; });
    }
    shifted_.clear();
    std::vector<double> point(width);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        for (std::size_t d = 0; d < width; ++d) {
            double& v = values_[i * width + d];
            point[d] = system_.cost_of(d, v - tolerance_ * value_range_[d]);
            v /= value_range_[d];
        }
        if (tolerance_ > 0) {
            shifted_.add(point.data());
        }
    }
}

double Ledger::depth(const double* point) const {
    const std::size_t width = system_.sought, n = values_.size() / width;
    std::vector<double> p(width);
    for (std::size_t d = 0; d < width; ++d) {
        p[d] = system_.signed_value(d, point[d]) / value_range_[d];
    }
    const auto ahead = [&](std::size_t i) {
        double most = -unbounded;
        for (std::size_t d = 0; d < width; ++d) {
            most = std::max(most, values_[i * width + d] - p[d]);
        }
        return most;
    };
    std::size_t begin = 0, end = n;
    if (width == 2) { // the first value rises, the second falls: the least is where they cross
        std::size_t low = 0, high = n;
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (values_[2 * middle] - p[0] < values_[2 * middle + 1] - p[1]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        begin = low > 0 ? low - 1 : 0;
        end = std::min(low + 1, n);
    }
    double least = unbounded;
    for (std::size_t i = begin; i < end; ++i) {
        least = std::min(least, ahead(i));
    }
    return least;
}

double Ledger::settle(std::vector<double>& points) {
    const std::size_t width = system_.sought;
    std::size_t kept = 0;
    double deepest = 0;
    for (std::size_t i = 0; i < points.size(); i += width) {
        if (settled(points.data() + i)) {
            continue;
        }
        deepest = std::max(deepest, depth(points.data() + i));
        std::copy_n(points.data() + i, width, points.data() + kept);
        kept += width;
    }
    points.resize(kept);
    return deepest;
}

} // namespace tessera::nas::certified
