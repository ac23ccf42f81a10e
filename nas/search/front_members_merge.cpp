#include <algorithm>
#include <cmath>
#include <limits>

#include "nas/search/front_members.h"

namespace tessera::nas {

void FrontMembers::merge(std::vector<Slot>& out) {
    sort_arrivals();
    if (width_ == 2) {
        merge_staircase(out);
    } else {
        merge_rows(out);
    }
    index();
    arrivals_.clear();
    arrival_rows_.clear();
}

void FrontMembers::sort_arrivals() {
    keys_.clear();
    for (std::uint32_t a = 0; a < arrivals_.size(); ++a) {
        keys_.push_back({arrival_rows_[a * width_], a});
    }
    std::sort(keys_.begin(), keys_.end(), [&](const Key& i, const Key& j) {
        if (i.first != j.first) {
            return i.first < j.first;
        }
        const double *a = arrival_rows_.data() + i.arrival * width_,
                     *b = arrival_rows_.data() + j.arrival * width_;
        for (std::size_t s = 1; s < width_; ++s) {
            if (a[s] != b[s]) {
                return a[s] < b[s];
            }
        }
        return i.arrival < j.arrival;
    });
    order_.clear();
    for (const Key& key : keys_) {
        order_.push_back(key.arrival);
    }
}

/// Beyond two dimensions: marks the members that an arrival covers, and drops arrivals that another covers.
void FrontMembers::drop_covered(std::vector<Slot>& out) {
    dropped_.assign(slots_.size(), 0);
    std::size_t kept = 0;
    for (const std::uint32_t a : order_) {
        const double* row = arrival_rows_.data() + a * width_;
        bool beaten = false;
        for (std::size_t j = 0; j < kept && !beaten; ++j) {
            const double* other = arrival_rows_.data() + order_[j] * width_;
            beaten = true;
            for (std::size_t s = 0; s < width_ && beaten; ++s) {
                beaten = other[s] <= row[s] + tolerance_[s];
            }
        }
        if (beaten) {
            out.push_back(arrivals_[a]);
            continue;
        }
        order_[kept++] = a;
        const double below =
            std::nextafter(row[0] - 2 * tolerance_[0], -std::numeric_limits<double>::infinity());
        for (std::size_t i = after(below); i < slots_.size(); ++i) { // from equal first costs on
            bool inside = true;
            for (std::size_t s = 1; s < width_; ++s) {
                inside = inside && row[s] <= columns_[s][i];
            }
            dropped_[i] = static_cast<char>(dropped_[i] | static_cast<char>(inside));
        }
    }
    order_.resize(kept);
}

/// Two dimensions: who comes later costs more of the first, and has to cost less of the second.
void FrontMembers::merge_staircase(std::vector<Slot>& out) {
    make_room();
    const std::size_t size = slots_.size();
    const double *first = columns_[0].data(), *second = columns_[1].data();
    double *next_first = next_columns_[0].data(), *next_second = next_columns_[1].data();
    const double tolerance = tolerance_[1];
    double least = std::numeric_limits<double>::infinity();
    std::size_t n = 0;
    const auto take = [&](Slot slot, double x, double y) {
        if (n > 0 && least <= y + tolerance) {
            out.push_back(slot);
            return;
        }
        next_first[n] = x;
        next_second[n] = least = y;
        next_slots_[n++] = slot;
    };
    std::size_t i = 0;
    for (const std::uint32_t a : order_) {
        const double x = arrival_rows_[2 * a], y = arrival_rows_[2 * a + 1];
        for (; i < size && (first[i] < x || (first[i] == x && second[i] <= y)); ++i) {
            take(slots_[i], first[i], second[i]);
        }
        take(arrivals_[a], x, y);
    }
    for (; i < size; ++i) {
        take(slots_[i], first[i], second[i]);
    }
    keep_merged(n);
}

/// One dimension, of which the best is all there is, or more than two.
void FrontMembers::merge_rows(std::vector<Slot>& out) {
    if (width_ > 2) {
        drop_covered(out);
    }
    make_room();
    const std::size_t size = slots_.size();
    std::size_t n = 0, i = 0;
    const auto take = [&](Slot slot, const auto& cost) {
        if (width_ == 1 && n > 0) {
            out.push_back(slot);
            return;
        }
        for (std::size_t s = 0; s < width_; ++s) {
            next_columns_[s][n] = cost(s);
        }
        next_slots_[n++] = slot;
    };
    const auto take_members = [&](auto before) {
        for (; i < size && before(i); ++i) {
            if (width_ > 2 && dropped_[i] != 0) {
                out.push_back(slots_[i]);
            } else {
                take(slots_[i], [&](std::size_t s) { return columns_[s][i]; });
            }
        }
    };
    for (const std::uint32_t a : order_) {
        const double* row = arrival_rows_.data() + a * width_;
        take_members([&](std::size_t m) {
            std::size_t s = 0;
            while (s + 1 < width_ && columns_[s][m] == row[s]) {
                ++s;
            }
            return columns_[s][m] <= row[s];
        });
        take(arrivals_[a], [&](std::size_t s) { return row[s]; });
    }
    take_members([](std::size_t) { return true; });
    keep_merged(n);
}

void FrontMembers::make_room() {
    const std::size_t most = slots_.size() + order_.size();
    for (auto& column : next_columns_) {
        column.resize(most);
    }
    next_slots_.resize(most);
}

void FrontMembers::keep_merged(std::size_t members) {
    for (std::size_t s = 0; s < width_; ++s) {
        next_columns_[s].resize(members);
        columns_[s].swap(next_columns_[s]);
    }
    next_slots_.resize(members);
    slots_.swap(next_slots_);
}

} // namespace tessera::nas
