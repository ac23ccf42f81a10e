#include <algorithm>

#include "nas/search/exact/grid.h"
#include "nas/search/exact/labels.h"
#include "nas/search/exact/rows.h"
#include "nas/search/exact/sweep.h"
#include "support/interrupt.h"

namespace tessera::nas::exact {
namespace {

/// Smallest and largest number of each dimension that joining can give.
std::pair<std::vector<double>, std::vector<double>> joined_range(const Labels& a, const Labels& b,
                                                                 const Joining& joining) {
    std::vector<double> low, high;
    for (std::size_t d = 0; d < a.width(); ++d) {
        const auto [al, ah] = std::minmax_element(a.q[d].begin(), a.q[d].end());
        const auto [bl, bh] = std::minmax_element(b.q[d].begin(), b.q[d].end());
        low.push_back(std::max(joined(joining.join[d], *al, *bl), joining.clip[d]));
        high.push_back(std::max(std::min(joined(joining.join[d], *ah, *bh), joining.cut[d]), low.back()));
    }
    return {low, high};
}

std::size_t grid_cells(std::size_t width, std::size_t inner, std::size_t outer) {
    const std::size_t wanted = width == 1 ? 1 : (width == 2 ? 2 : 16) * (inner + outer);
    return std::clamp<std::size_t>(wanted, 1, std::size_t{1} << (width == 2 ? 20 : 18));
}

/// Every `step`-th row, from `phase` on.
Columns sample(const Columns& q, std::size_t step, std::size_t phase) {
    Columns some(q.size());
    for (std::size_t d = 0; d < q.size(); ++d) {
        for (std::size_t i = phase; i < q[d].size(); i += step) {
            some[d].push_back(q[d][i]);
        }
    }
    return some;
}

/// Of each run of rows the smallest number in every dimension.
Columns corners(const Columns& q) {
    Columns least(q.size());
    for (std::size_t d = 0; d < q.size(); ++d) {
        for (auto at = q[d].begin(); at < q[d].end();) {
            const auto end = at + std::min<std::ptrdiff_t>(Rows::run, q[d].end() - at);
            least[d].push_back(*std::min_element(at, end));
            at = end;
        }
    }
    return least;
}

/// Labels joined with choices, those that a coarse picture of the result does not exclude.
class Joined {
public:
    Joined(const Labels& labels, const Labels& choices, const Joining& joining)
        : by_label_(labels.size() >= choices.size()), inner_(by_label_ ? labels : choices),
          outer_(by_label_ ? choices : labels), choices_(choices), joining_(joining),
          grid_(make_grid(labels, choices, joining)), in_runs_(inner_.size() >= 64 && outer_.size() >= 4) {
        draw();
        if (in_runs_) {
            corners_ = corners(inner_.q);
        }
    }
    std::size_t outer_size() const { return outer_.size(); }
    /// Appends what label j of the smaller set gives.
    void append(std::size_t j, Labels& to, std::size_t& count) {
        Rows rows(inner_.q, outer_, joining_);
        if (!in_runs_) {
            each_tile(inner_.size(), [&](std::size_t begin, std::size_t n) {
                const Grid::Tile& t = rows.some(begin, n, j);
                const std::size_t found = grid_.survivors(t, n, kept_);
                copy(t, found, j, to, count, [&](std::uint32_t i) { return begin + i; });
            });
            return;
        }
        Rows coarse(corners_, outer_, joining_);
        runs_.clear();
        each_tile(corners_[0].size(), [&](std::size_t begin, std::size_t n) {
            const std::size_t found = grid_.survivors(coarse.some(begin, n, j), n, kept_);
            for (std::size_t i = 0; i < found; ++i) {
                runs_.push_back(static_cast<std::uint32_t>(begin) + kept_[i]);
            }
        });
        constexpr std::size_t at_once = Grid::tile / Rows::run;
        for (std::size_t r = 0; r < runs_.size(); r += at_once) {
            const auto some = std::span(runs_).subspan(r, std::min(at_once, runs_.size() - r));
            const std::size_t n =
                (some.size() - 1) * Rows::run + std::min(Rows::run, inner_.size() - some.back() * Rows::run);
            const Grid::Tile& t = rows.runs(some, n, j);
            const std::size_t found = grid_.survivors(t, n, kept_);
            copy(t, found, j, to, count,
                 [&](std::uint32_t i) { return some[i / Rows::run] * Rows::run + i % Rows::run; });
        }
    }

private:
    static Grid make_grid(const Labels& labels, const Labels& choices, const Joining& joining) {
        const auto [low, high] = joined_range(labels, choices, joining);
        return {low, high, grid_cells(labels.width(), labels.size(), choices.size())};
    }
    static void each_tile(std::size_t size, auto&& visit) {
        for (std::size_t begin = 0; begin < size; begin += Grid::tile) {
            visit(begin, std::min(Grid::tile, size - begin));
        }
    }
    /// The picture: of a part of what is joined, each label of the smaller set with another part of the
    /// others.
    void draw() {
        const std::size_t step = inner_.size() < 64 ? 1 : inner_.q.size() == 2 ? 4 : 2; // as measured
        for (std::size_t phase = 0; phase < step; ++phase) {
            const Columns some = sample(inner_.q, step, phase);
            Rows rows(some, outer_, joining_);
            for (std::size_t j = phase; j < outer_.size(); j += step) {
                support::check_interrupt();
                each_tile(some[0].size(),
                          [&](std::size_t begin, std::size_t n) { grid_.add(rows.some(begin, n, j), n); });
            }
        }
        grid_.spread();
    }
    void copy(const Grid::Tile& t, std::size_t found, std::size_t j, Labels& to, std::size_t& count,
              auto&& row) const {
        if (to.size() < count + found) {
            to.resize(2 * (count + Grid::tile));
        }
        for (std::size_t d = 0; d < t.size(); ++d) {
            double* numbers = to.q[d].data() + count;
            for (std::size_t i = 0; i < found; ++i) {
                numbers[i] = t[d][kept_[i]];
            }
        }
        for (std::size_t i = 0; i < found; ++i) {
            const auto a = static_cast<std::uint32_t>(row(kept_[i])), b = static_cast<std::uint32_t>(j);
            to.origin[count + i] =
                by_label_ ? Origin{a, choices_.origin[b].choice} : Origin{b, choices_.origin[a].choice};
        }
        count += found;
    }

    bool by_label_;
    const Labels &inner_, &outer_, &choices_;
    const Joining& joining_;
    Grid grid_;
    bool in_runs_;
    Columns corners_;
    std::vector<std::uint32_t> runs_;
    std::array<std::uint32_t, Grid::tile> kept_{};
};

void keep_undominated(Labels& labels, Ancestry& ancestry) {
    labels.keep(undominated(labels.q, labels.size(), [&](std::uint32_t a, std::uint32_t b) {
        const Origin x = labels.origin[a], y = labels.origin[b];
        const auto& ranks = ancestry.ranks();
        return x.parent == y.parent ? x.choice < y.choice : ranks[x.parent] < ranks[y.parent];
    }));
}

} // namespace

Labels extended(const Labels& labels, const Labels& choices, const Joining& joining, Ancestry& ancestry,
                std::size_t most, std::vector<double>& error) {
    Joined joined(labels, choices, joining);
    Labels result(labels.width());
    std::size_t count = 0, room = std::max(4 * most, std::size_t{1} << 16);
    const auto tidy = [&] {
        result.resize(count);
        keep_undominated(result, ancestry);
        count = result.size();
    };
    for (std::size_t j = 0; j < joined.outer_size(); ++j) {
        support::check_interrupt();
        joined.append(j, result, count);
        if (count > room) { // never hold much more than may stay
            tidy();
            if (count > 2 * most) {
                thin(result, most, error);
                count = result.size();
            }
            room = std::max(room, 2 * count);
        }
    }
    tidy();
    if (count > most) {
        thin(result, most, error);
    }
    return result;
}

Labels undominated_choices(Labels choices, const std::vector<Join>& join) {
    // Against nothing at all: a single label that changes no number.
    Labels nothing(choices.width());
    nothing.resize(1);
    Joining joining{join, std::vector<double>(join.size(), infinite),
                    std::vector<double>(join.size(), -infinite)};
    for (std::size_t d = 0; d < join.size(); ++d) {
        nothing.q[d][0] = join[d] == Join::sum ? 0 : join[d] == Join::maximum ? -infinite : infinite;
    }
    Ancestry none(0);
    std::vector<double> error(join.size(), 0);
    return extended(nothing, choices, joining, none, choices.size(), error);
}

} // namespace tessera::nas::exact
