#include "nas/search/certified/labels.h"

#include <algorithm>

namespace tessera::nas::certified {

void Labels::clear() {
    costs.clear();
    parents.clear();
    choices.clear();
}

void LabelReducer::order(const Labels& labels) {
    const std::size_t width = system_.width();
    keys_.clear();
    for (std::size_t i = 0; i < labels.size(); ++i) {
        keys_.emplace_back(labels.costs[i * width], static_cast<std::uint32_t>(i));
    }
    const double* costs = labels.costs.data();
    std::ranges::sort(keys_, [&](const auto& x, const auto& y) {
        if (x.first != y.first) {
            return x.first < y.first;
        }
        const double *a = costs + x.second * width, *b = costs + y.second * width;
        std::size_t d = 1;
        while (d < width && a[d] == b[d]) {
            ++d;
        }
        return d < width ? a[d] < b[d] : x.second < y.second;
    });
    order_.clear();
    for (const auto& [key, i] : keys_) {
        order_.push_back(i);
    }
}

void LabelReducer::keep(Labels& labels) {
    const std::size_t width = system_.width();
    kept_.clear();
    for (const std::uint32_t i : order_) {
        const auto from = labels.costs.begin() + static_cast<std::ptrdiff_t>(i * width);
        kept_.costs.insert(kept_.costs.end(), from, from + static_cast<std::ptrdiff_t>(width));
        kept_.parents.push_back(labels.parents[i]);
        kept_.choices.push_back(labels.choices[i]);
    }
    std::swap(labels, kept_);
}

void LabelReducer::reduce(Labels& labels) {
    const std::size_t width = system_.width();
    order(labels);
    const double* costs = labels.costs.data();
    steps_ += 3 * labels.size();
    std::size_t kept = 0;
    if (width == 2) {
        double least = unbounded;
        for (const std::uint32_t i : order_) {
            if (costs[2 * i + 1] < least) {
                least = costs[2 * i + 1];
                order_[kept++] = i;
            }
        }
    } else {
        std::uint32_t rival = order_.empty() ? 0 : order_[0];
        for (const std::uint32_t i : order_) {
            const double* p = costs + i * width;
            const auto covered = [&](std::uint32_t j) {
                const double* q = costs + j * width;
                std::size_t d = 1;
                while (d < width && q[d] <= p[d]) {
                    ++d;
                }
                return d == width;
            };
            if (kept > 0 && covered(rival)) {
                continue; // whoever covered the last one may cover its neighbour too
            }
            const auto end = order_.begin() + static_cast<std::ptrdiff_t>(kept);
            const auto found = std::find_if(order_.begin(), end, covered);
            steps_ += static_cast<std::size_t>(found - order_.begin()) / 2;
            if (found == end) {
                order_[kept++] = i;
            } else {
                rival = *found;
            }
        }
    }
    order_.resize(kept);
    keep(labels);
}

void LabelReducer::merge(Labels& labels, std::vector<double> grain, std::size_t most) {
    const std::size_t width = system_.width();
    for (bool again = true; again;) {
        order(labels);
        // Each label joins the group of the first that it is near to, among the few opened last.
        constexpr std::size_t window = 8;
        kept_.clear();
        std::vector<double> first; // of each group: the label that opened it
        for (const std::uint32_t i : order_) {
            const double* p = labels.costs.data() + i * width;
            const std::size_t groups = kept_.size();
            bool joined = false;
            for (std::size_t g = groups; g > 0 && g + window > groups && !joined; --g) {
                double *low = kept_.costs.data() + (g - 1) * width, *at = first.data() + (g - 1) * width;
                joined = true;
                for (std::size_t d = 0; d < width && joined; ++d) {
                    joined = p[d] - at[d] <= grain[d] && at[d] - p[d] <= grain[d];
                }
                for (std::size_t d = 0; d < width && joined; ++d) {
                    low[d] = std::min(low[d], p[d]);
                }
            }
            if (!joined) {
                kept_.costs.insert(kept_.costs.end(), p, p + width);
                first.insert(first.end(), p, p + width);
                kept_.parents.push_back(labels.parents[i]);
                kept_.choices.push_back(labels.choices[i]);
            }
        }
        steps_ += labels.size();
        std::swap(labels, kept_);
        again = labels.size() > most;
        for (std::size_t d = 0; d < width && again; ++d) {
            double low = unbounded, high = -unbounded;
            for (std::size_t i = d; i < labels.costs.size(); i += width) {
                low = std::min(low, labels.costs[i]);
                high = std::max(high, labels.costs[i]);
            }
            grain[d] = 2 * grain[d] + 1e-3 * (high - low);
        }
    }
}

} // namespace tessera::nas::certified
