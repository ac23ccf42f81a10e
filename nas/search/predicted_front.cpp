#include "nas/search/predicted_front.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "nas/search/crowding.h"

namespace tessera::nas {
namespace {

/// Variations between two merges.
constexpr std::size_t round_size = 512;
/// Share of a parent's miss that its child is expected to have.
constexpr double inherited = 0.8;
/// Where fewer of the variations join there is little left to find.
constexpr double mature = 0.05;

/// 0..n-1 from 32 random bits; n is far below 2^32.
std::size_t scaled(std::uint64_t bits, std::size_t n) {
    return static_cast<std::size_t>((bits & 0xFFFFFFFFU) * n >> 32);
}

} // namespace

PredictedFront::PredictedFront(const Problem& problem, const Evaluation& evaluation,
                               const Surrogate& surrogate, const Steering& steering, support::Rng& rng)
    : problem_(problem), evaluation_(evaluation), surrogate_(surrogate), steering_(steering), rng_(rng),
      blocks_(problem.choices.size()), objectives_(problem.objectives.size()), values_(objectives_),
      missed_(objectives_) {
    for (std::size_t k = 0; k < objectives_; ++k) {
        const Objective& o = problem.objectives[k];
        bounded_ = bounded_ || o.low || o.high;
        if (!o.bounds_only) {
            sought_.push_back(k);
            signs_.push_back(o.direction == Direction::minimize ? 1.0 : -1.0);
        }
    }
    width_ = sought_.size();
    row_.resize(width_);
    tolerance_.assign(width_, 0.0);
    columns_.resize(width_);
    next_columns_.resize(width_);
    for (std::size_t b = 0; b < blocks_; ++b) {
        if (problem.choices[b] > 1) {
            free_blocks_.push_back(b);
        }
    }
}

PredictedFront::Slot PredictedFront::new_slot(std::span<const int> genes, State state) {
    Slot slot = static_cast<Slot>(states_.size());
    if (unused_.empty()) {
        states_.push_back(state);
        tries_.push_back(0);
        genes_.resize(genes_.size() + blocks_);
        misses_.resize(misses_.size() + objectives_);
    } else {
        slot = unused_.back();
        unused_.pop_back();
        states_[slot] = state;
        tries_[slot] = 0;
    }
    std::copy(genes.begin(), genes.end(), genes_.begin() + static_cast<std::ptrdiff_t>(slot * blocks_));
    return slot;
}

/// Guesses a genome's values, corrected by these misses, into `values_` and its costs into `row`; false
/// where a bound is missed.
bool PredictedFront::expect(std::span<const int> genome, const double* misses, double* row) {
    surrogate_.guess(genome, values_);
    for (std::size_t k = 0; k < objectives_; ++k) {
        values_[k] += misses[k];
    }
    for (std::size_t k = 0; bounded_ && k < objectives_; ++k) {
        if (problem_.objectives[k].violation(values_[k]) > 1e-9) {
            return false;
        }
    }
    for (std::size_t s = 0; s < width_; ++s) {
        row[s] = signs_[s] * values_[sought_[s]];
    }
    return true;
}

void PredictedFront::arrive(Slot slot, const double* row) {
    arrivals_.push_back(slot);
    arrival_rows_.insert(arrival_rows_.end(), row, row + width_);
}

std::size_t PredictedFront::bucket(double first) const {
    const double place = (first - lowest_) * buckets_per_cost_;
    const double last = static_cast<double>(buckets - 1);
    return static_cast<std::size_t>(static_cast<std::int64_t>(std::min(std::max(place, 0.0), last)));
}

/// Divides the range of the first cost into equal buckets and notes which members each holds.
void PredictedFront::index_members() {
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
std::size_t PredictedFront::after(double first) const {
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

/// Whether members of earlier buckets cover it, which in two dimensions decides almost always.
bool PredictedFront::plainly_covered(const double* row) const {
    if (width_ != 2 || slots_.empty()) {
        return false;
    }
    const std::size_t end = starts_[bucket(row[0] + tolerance_[0])], some = end > 0 ? 1 : 0;
    return (some & static_cast<std::size_t>(columns_[1][end - some] <= row[1] + tolerance_[1])) != 0;
}

bool PredictedFront::covered(const double* row) const {
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

/// Beyond two dimensions: marks the members that an arrival covers, and drops arrivals that another covers.
void PredictedFront::drop_covered() {
    dropped_.assign(slots_.size(), 0);
    std::size_t kept = 0;
    for (const std::uint32_t a : order_) {
        const double* row = arrival_rows_.data() + a * width_;
        bool out = false;
        for (std::size_t j = 0; j < kept && !out; ++j) {
            const double* other = arrival_rows_.data() + order_[j] * width_;
            out = true;
            for (std::size_t s = 0; s < width_ && out; ++s) {
                out = other[s] <= row[s] + tolerance_[s];
            }
        }
        if (out) {
            unused_.push_back(arrivals_[a]);
            continue;
        }
        order_[kept++] = a;
        for (std::size_t i = after(row[0] - 2 * tolerance_[0]); i < slots_.size(); ++i) {
            bool inside = true;
            for (std::size_t s = 1; s < width_; ++s) {
                inside = inside && row[s] <= columns_[s][i];
            }
            dropped_[i] = static_cast<char>(dropped_[i] | static_cast<char>(inside));
        }
    }
    order_.resize(kept);
}

void PredictedFront::merge() {
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
    if (width_ == 2) {
        merge_staircase();
    } else {
        merge_rows();
    }
    index_members();
    arrivals_.clear();
    arrival_rows_.clear();
}

/// Two dimensions: who comes later costs more of the first, and has to cost less of the second.
void PredictedFront::merge_staircase() {
    const std::size_t size = slots_.size(), most = size + order_.size();
    for (auto& column : next_columns_) {
        column.resize(most);
    }
    next_slots_.resize(most);
    const double *first = columns_[0].data(), *second = columns_[1].data();
    double *next_first = next_columns_[0].data(), *next_second = next_columns_[1].data();
    const double tolerance = tolerance_[1];
    double least = std::numeric_limits<double>::infinity();
    std::size_t n = 0, open = 0;
    const auto take = [&](Slot slot, double x, double y) {
        if (n > 0 && least <= y + tolerance) {
            unused_.push_back(slot);
            return;
        }
        next_first[n] = x;
        next_second[n] = least = y;
        next_slots_[n++] = slot;
        open += states_[slot] == predicted ? 1 : 0;
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
    open_ = open;
    keep_merged(n);
}

/// One dimension, of which the best is all there is, or more than two.
void PredictedFront::merge_rows() {
    if (width_ > 2) {
        drop_covered();
    }
    const std::size_t size = slots_.size(), most = size + order_.size();
    for (auto& column : next_columns_) {
        column.resize(most);
    }
    next_slots_.resize(most);
    open_ = 0;
    std::size_t n = 0, i = 0;
    const auto take = [&](Slot slot, const auto& cost) {
        if (width_ == 1 && n > 0) {
            unused_.push_back(slot);
            return;
        }
        for (std::size_t s = 0; s < width_; ++s) {
            next_columns_[s][n] = cost(s);
        }
        next_slots_[n++] = slot;
        open_ += states_[slot] == predicted ? 1 : 0;
    };
    const auto take_members = [&](auto before) {
        for (; i < size && before(i); ++i) {
            if (width_ > 2 && dropped_[i] != 0) {
                unused_.push_back(slots_[i]);
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

void PredictedFront::keep_merged(std::size_t members) {
    for (std::size_t s = 0; s < width_; ++s) {
        next_columns_[s].resize(members);
        columns_[s].swap(next_columns_[s]);
    }
    next_slots_.resize(members);
    slots_.swap(next_slots_);
}

void PredictedFront::add_evaluated(std::span<const Candidate> evaluated, std::size_t index) {
    const auto genome = evaluation_.genomes()[index];
    const Slot slot = new_slot(genome, surrogate_.known(genome) ? evaluated_known : unusable);
    surrogate_.guess(genome, values_);
    for (std::size_t k = 0; k < objectives_; ++k) {
        misses_[slot * objectives_ + k] = evaluated[index].values[k] - values_[k];
    }
    arrive(slot, evaluation_.costs().row(index));
}

/// Where the guesses have changed: everything anew.
void PredictedFront::rebuild(std::span<const Candidate> evaluated) {
    for (const Slot slot : slots_) {
        if (states_[slot] == predicted && expect(genes(slot), misses(slot), row_.data())) {
            arrive(slot, row_.data());
        } else {
            unused_.push_back(slot);
        }
    }
    slots_.clear();
    for (auto& column : columns_) {
        column.clear();
    }
    index_members();
    for (const std::size_t i : evaluation_.archive().members()) {
        add_evaluated(evaluated, i);
    }
}

/// Where they have not: those that were evaluated in the meantime change sides.
void PredictedFront::follow(std::span<const Candidate> evaluated) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (states_[slots_[i]] == taken) {
            unused_.push_back(slots_[i]);
            continue;
        }
        for (auto& column : columns_) {
            column[n] = column[i];
        }
        slots_[n++] = slots_[i];
    }
    for (auto& column : columns_) {
        column.resize(n);
    }
    slots_.resize(n);
    if (width_ > 2) {
        index_members();
    }
    for (std::size_t i = followed_; i < evaluated.size(); ++i) {
        // In two dimensions the merge itself drops who is covered.
        if (evaluated[i].feasible() && (width_ <= 2 || !covered(evaluation_.costs().row(i)))) {
            add_evaluated(evaluated, i);
        }
    }
}

void PredictedFront::update(std::span<const Candidate> evaluated) {
    const auto& members = evaluation_.archive().members();
    for (std::size_t s = 0; s < width_ && !members.empty(); ++s) {
        const double *first = evaluation_.costs().row(members.front()),
                     *last = evaluation_.costs().row(members.back());
        tolerance_[s] = 1e-10 * std::abs(last[s] - first[s]);
    }
    if (version_ != surrogate_.version() || followed_ == 0) {
        rebuild(evaluated);
    } else {
        follow(evaluated);
    }
    version_ = surrogate_.version();
    followed_ = evaluated.size();
    merge();
}

/// Most variations mix two members of much the same costs: what one saves in a block the other saves
/// elsewhere. The others take one or two steps along blocks' own fronts.
bool PredictedFront::vary(std::size_t parent, int* child) {
    const auto own = genes(slots_[parent]);
    const std::uint64_t word = rng_.next();
    const std::uint64_t kind = word & 15U;
    if (kind < 10) {
        const std::size_t reach = 1 + scaled(word >> 32, 1 + size() / 16);
        const std::size_t other =
            (word & 16U) != 0 ? std::min(parent + reach, size() - 1) : parent - std::min(parent, reach);
        if (states_[slots_[other]] == unusable) {
            return false;
        }
        const auto mate = genes(slots_[other]);
        std::uint64_t coins = rng_.next();
        for (std::size_t b = 0; b < blocks_; ++b, coins = coins >> 1 | coins << 63) {
            child[b] = own[b] ^ ((own[b] ^ mate[b]) & -static_cast<int>(coins & 1U));
        }
        if (kind < 8) {
            return true;
        }
    } else {
        for (std::size_t b = 0; b < blocks_; ++b) {
            child[b] = own[b];
        }
    }
    for (std::uint64_t change = 0; change < 1 + (word >> 5 & 1U); ++change) {
        const std::size_t block = free_blocks_[scaled(rng_.next() >> 32, free_blocks_.size())];
        child[block] = steering_.draw(block, child[block]).value_or(child[block]);
    }
    return true;
}

void PredictedFront::grow(std::size_t trials, std::size_t open) {
    if (free_blocks_.empty()) {
        return;
    }
    while (trials > 0 && size() > 0 && open_ <= open) {
        const std::size_t tried = std::min(trials, round_size);
        trials -= tried;
        draw_children(tried);
        screen_children();
        admit_children();
        const std::size_t joined = arrivals_.size();
        if (joined > 0) {
            merge();
        }
        if (static_cast<double>(joined) < mature * static_cast<double>(tried)) {
            break;
        }
    }
}

void PredictedFront::draw_children(std::size_t tried) {
    parents_.clear();
    children_.resize(round_size * blocks_);
    for (std::size_t t = 0; t < tried; ++t) {
        // Of two the one that was varied less: what joined late has more to give.
        const std::uint64_t word = rng_.next();
        const std::size_t a = scaled(word, size()), b = scaled(word >> 32, size());
        const std::size_t parent = tries_[slots_[a]] <= tries_[slots_[b]] ? a : b;
        const Slot slot = slots_[parent];
        ++tries_[slot];
        if (states_[slot] != unusable && vary(parent, children_.data() + parents_.size() * blocks_)) {
            parents_.push_back(slot);
        }
    }
}

/// All children in one go and almost without branches: which of them fail is nothing a processor could
/// foresee.
void PredictedFront::screen_children() {
    screened_.resize(parents_.size());
    screened_rows_.resize(parents_.size() * width_);
    std::size_t kept = 0;
    for (std::uint32_t c = 0; c < parents_.size(); ++c) {
        double* row = screened_rows_.data() + kept * width_;
        const bool meets_bounds = expect(child(c), inherit(parents_[c]), row);
        screened_[kept] = c;
        kept += static_cast<std::size_t>(meets_bounds) & static_cast<std::size_t>(!plainly_covered(row));
    }
    screened_.resize(kept);
}

void PredictedFront::admit_children() {
    for (std::size_t i = 0; i < screened_.size(); ++i) {
        const double* row = screened_rows_.data() + i * width_;
        const auto genome = child(screened_[i]);
        if (covered(row) || evaluation_.claimed(genome)) {
            continue;
        }
        const Slot slot = new_slot(genome, predicted);
        const double* missed = inherit(parents_[screened_[i]]);
        std::copy(missed, missed + objectives_,
                  misses_.begin() + static_cast<std::ptrdiff_t>(slot * objectives_));
        arrive(slot, row);
    }
}

/// The misses that a child of this parent is expected to have; holds until the next call.
const double* PredictedFront::inherit(Slot parent) {
    for (std::size_t k = 0; k < objectives_; ++k) {
        missed_[k] = inherited * misses(parent)[k];
    }
    return missed_.data();
}

/// Between two members taken lies a gap; the best of a gap adds the rectangle between its neighbours, and
/// splits it.
std::vector<std::size_t> PredictedFront::fill_gaps(std::size_t count) const {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    struct Gap {
        double gain;
        std::size_t first, last, best; ///< open members first..last-1
        bool operator<(const Gap& other) const {
            return gain != other.gain ? gain < other.gain : first > other.first;
        }
    };
    const std::size_t n = size();
    const double* costs = columns_[0].data();
    const double* others = width_ > 1 ? columns_[1].data() : nullptr;
    const auto gap = [&](std::size_t first, std::size_t last) {
        Gap g{infinite, first, last, first};
        if (first > 0 && last == n) {
            g.best = last - 1; // of an open end the outermost counts
        } else if (first > 0 && width_ > 1) {
            const double right = costs[last], left = others[first - 1];
            double most = -1;
            std::size_t best = first;
            for (std::size_t i = first; i < last; ++i) {
                const double gain = (right - costs[i]) * (left - others[i]);
                best = gain > most ? i : best;
                most = gain > most ? gain : most;
            }
            g.gain = most;
            g.best = best;
        }
        return g;
    };
    std::vector<Gap> heap;
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t first = i;
        while (i < n && states_[slots_[i]] == predicted) {
            ++i;
        }
        if (i > first) {
            heap.push_back(gap(first, i));
        }
    }
    std::make_heap(heap.begin(), heap.end());
    std::vector<std::size_t> chosen;
    while (chosen.size() < count && !heap.empty()) {
        std::pop_heap(heap.begin(), heap.end());
        const Gap g = heap.back();
        heap.pop_back();
        chosen.push_back(g.best);
        for (const auto& [first, last] : {std::pair(g.first, g.best), std::pair(g.best + 1, g.last)}) {
            if (first < last) {
                heap.push_back(gap(first, last));
                std::push_heap(heap.begin(), heap.end());
            }
        }
    }
    return chosen;
}

std::vector<std::span<const int>> PredictedFront::take(std::size_t count) {
    std::vector<std::span<const int>> genomes;
    const auto give = [&](Slot slot) {
        states_[slot] = taken;
        genomes.push_back(genes(slot));
    };
    if (width_ <= 2) {
        for (const std::size_t member : fill_gaps(count)) {
            give(slots_[member]);
        }
        return genomes;
    }
    Costs costs(problem_.objectives);
    std::vector<Slot> members;
    std::vector<std::size_t> rows;
    std::vector<double> values(objectives_, 0.0);
    for (std::size_t i = 0; i < size(); ++i) {
        if (states_[slots_[i]] == predicted) {
            for (std::size_t s = 0; s < width_; ++s) {
                values[sought_[s]] = signs_[s] * columns_[s][i];
            }
            rows.push_back(members.size());
            members.push_back(slots_[i]);
            costs.add(values, 0);
        }
    }
    for (const std::size_t r : least_crowded(costs, rows, count)) {
        give(members[r]);
    }
    return genomes;
}

} // namespace tessera::nas
