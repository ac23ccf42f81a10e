#include <algorithm>
#include <cmath>
#include <limits>

#include "nas/search/exact/labels.h"
#include "support/interrupt.h"

namespace tessera::nas::exact {
namespace {

/// A grid of equal cells over the labels, the cells counted by the labels' keys.
class Cells {
public:
    explicit Cells(const Labels& labels) : labels_(labels), keys_(labels.size()) {
        for (const auto& q : labels.q) {
            const auto [low, high] = std::minmax_element(q.begin(), q.end());
            low_.push_back(*low);
            width_.push_back(*high > *low ? *high - *low : 1);
        }
        bits_ = std::min<std::size_t>(64 / labels.width(), 30);
        std::size_t slots = 4;
        while (slots < 2 * labels.size()) {
            slots *= 2;
        }
        table_.resize(slots);
        number_.resize(slots);
    }
    /// 2^bits at most along a dimension.
    std::size_t bits() const { return bits_; }

    /// With so many cells along each dimension: how many are occupied. `cell`, where given, gets each
    /// label's.
    std::size_t count(double along, std::vector<std::uint32_t>* cell) {
        std::fill(keys_.begin(), keys_.end(), 0);
        for (std::size_t d = 0; d < labels_.width(); ++d) {
            const double scale = along / width_[d], last = along - 1;
            for (std::size_t i = 0; i < keys_.size(); ++i) {
                const double place = std::min((labels_.q[d][i] - low_[d]) * scale, last);
                keys_[i] = keys_[i] << bits_ | static_cast<std::uint64_t>(place);
            }
        }
        std::fill(number_.begin(), number_.end(), 0);
        const std::size_t mask = table_.size() - 1;
        std::uint32_t occupied = 0;
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            std::size_t slot = (keys_[i] * 0x9E3779B97F4A7C15ull >> 20) & mask;
            while (number_[slot] != 0 && table_[slot] != keys_[i]) {
                slot = (slot + 1) & mask;
            }
            if (number_[slot] == 0) {
                table_[slot] = keys_[i];
                number_[slot] = ++occupied;
            }
            if (cell) {
                (*cell)[i] = number_[slot] - 1;
            }
        }
        return occupied;
    }
    /// How far a label lies from the labels' smallest numbers, each dimension scaled to 1.
    double size(std::size_t i) const {
        double sum = 0;
        for (std::size_t d = 0; d < labels_.width(); ++d) {
            sum += (labels_.q[d][i] - low_[d]) / width_[d];
        }
        return sum;
    }

private:
    const Labels& labels_;
    std::vector<double> low_, width_;
    std::size_t bits_ = 0;
    std::vector<std::uint64_t> keys_, table_;
    std::vector<std::uint32_t> number_;
};

} // namespace

void thin(Labels& labels, std::size_t most, std::vector<double>& error) {
    if (labels.size() <= most) {
        return;
    }
    Cells cells(labels);
    // The finest grid, to some percent, that is coarse enough: a grid twice as fine has at least as many
    // cells occupied (nearly so in between, hence the last look).
    double fine = std::ldexp(1.0, static_cast<int>(cells.bits())), coarse = 1;
    const double guess = 2 * static_cast<double>(labels.size()); // beyond it few labels share a cell
    fine = std::min(fine, std::max(guess, 2.0));
    while (fine / coarse > 1.05) {
        support::check_interrupt();
        const double middle = std::floor(std::sqrt(fine * coarse));
        if (middle <= coarse) {
            break;
        }
        (cells.count(middle, nullptr) <= most ? coarse : fine) = middle;
    }
    std::vector<std::uint32_t> cell(labels.size());
    const std::size_t occupied = cells.count(coarse, &cell);

    constexpr auto nobody = std::numeric_limits<std::uint32_t>::max();
    std::vector<std::uint32_t> chosen(occupied, nobody);
    std::vector<double> size(occupied);
    for (std::uint32_t i = 0; i < labels.size(); ++i) {
        const double s = cells.size(i);
        if (chosen[cell[i]] == nobody || s < size[cell[i]]) {
            chosen[cell[i]] = i;
            size[cell[i]] = s;
        }
    }
    for (std::size_t d = 0; d < labels.width(); ++d) {
        double most_off = 0;
        for (std::size_t i = 0; i < labels.size(); ++i) {
            most_off = std::max(most_off, labels.q[d][chosen[cell[i]]] - labels.q[d][i]);
        }
        error[d] += most_off * (1 + 1e-12);
    }
    std::sort(chosen.begin(), chosen.end());
    labels.keep(chosen);
}

} // namespace tessera::nas::exact
