#include "nas/search/exact/sweep.h"

#include <array>
#include <limits>

#include "support/interrupt.h"

namespace tessera::nas::exact {
namespace {

constexpr double beyond = std::numeric_limits<double>::infinity();

/// Two numbers of the rows so far, non-dominated: the first rising, the second falling.
class Stairs {
public:
    /// False where a row so far is at least as good in both.
    bool add(double y, double z) {
        const std::ptrdiff_t place = first_above(y);
        if (place > 0 && z_[static_cast<std::size_t>(place) - 1] <= z) {
            return false;
        }
        auto first = place; // of those that the new one beats
        if (place > 0 && y_[static_cast<std::size_t>(place) - 1] == y) {
            --first;
        }
        auto last = place;
        while (last < std::ssize(z_) && z_[static_cast<std::size_t>(last)] >= z) {
            ++last;
        }
        if (first == last) {
            y_.insert(y_.begin() + first, y);
            z_.insert(z_.begin() + first, z);
        } else {
            y_[static_cast<std::size_t>(first)] = y;
            z_[static_cast<std::size_t>(first)] = z;
            y_.erase(y_.begin() + first + 1, y_.begin() + last);
            z_.erase(z_.begin() + first + 1, z_.begin() + last);
        }
        return true;
    }

private:
    /// As std::upper_bound, without branches that are taken by chance.
    std::ptrdiff_t first_above(double y) const {
        const double* at = y_.data();
        for (std::size_t n = y_.size(); n > 0;) {
            const std::size_t half = (n + 1) / 2;
            at += static_cast<std::size_t>(at[half - 1] <= y) * half;
            n -= half;
        }
        return at - y_.data();
    }
    std::vector<double> y_, z_;
};

/// Rows so far in bunches, each with the least of its rows' numbers: most bunches are passed over at once.
class Bunches {
public:
    explicit Bunches(const Columns& q) : q_(q), least_(q.size()) {}

    bool covered(std::uint32_t row) const {
        const std::size_t bunches = (rows_.size() + bunch - 1) / bunch;
        for (std::size_t b = bunches; b-- > 0;) {
            if (!reaches(b, row)) {
                continue;
            }
            const std::size_t end = std::min(rows_.size(), (b + 1) * bunch);
            for (std::size_t i = b * bunch; i < end; ++i) {
                std::size_t d = 1; // rows come in order of the first number
                while (d < q_.size() && q_[d][rows_[i]] <= q_[d][row]) {
                    ++d;
                }
                if (d == q_.size()) {
                    return true;
                }
            }
        }
        return false;
    }
    void add(std::uint32_t row) {
        const std::size_t b = rows_.size() / bunch;
        for (std::size_t d = 0; d < q_.size(); ++d) {
            if (b == least_[d].size()) {
                least_[d].push_back(beyond);
            }
            least_[d][b] = std::min(least_[d][b], q_[d][row]);
        }
        rows_.push_back(row);
    }

private:
    static constexpr std::size_t bunch = 32;
    bool reaches(std::size_t b, std::uint32_t row) const {
        for (std::size_t d = 1; d < q_.size(); ++d) {
            if (least_[d][b] > q_[d][row]) {
                return false;
            }
        }
        return true;
    }
    const Columns& q_;
    Columns least_;
    std::vector<std::uint32_t> rows_;
};

} // namespace

std::vector<std::uint32_t> swept(const Columns& q, std::span<const std::uint32_t> order) {
    std::vector<std::uint32_t> kept;
    std::size_t seen = 0;
    const auto listen = [&] { // beyond two dimensions a sweep can take long
        if (seen++ % rows_between_checks == 0) {
            support::check_interrupt();
        }
    };
    if (q.size() == 1 && !order.empty()) {
        kept.push_back(order[0]);
    } else if (q.size() == 2) {
        double least = beyond;
        for (const std::uint32_t i : order) {
            if (q[1][i] < least) {
                least = q[1][i];
                kept.push_back(i);
            }
        }
    } else if (q.size() == 3) {
        Stairs stairs;
        for (const std::uint32_t i : order) {
            listen();
            if (stairs.add(q[1][i], q[2][i])) {
                kept.push_back(i);
            }
        }
    } else {
        Bunches bunches(q);
        for (const std::uint32_t i : order) {
            listen();
            if (!bunches.covered(i)) {
                bunches.add(i);
                kept.push_back(i);
            }
        }
    }
    return kept;
}

} // namespace tessera::nas::exact
