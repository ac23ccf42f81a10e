#include <algorithm>

#include "nas/search/exact_grid.h"
#include "nas/search/exact_labels.h"
#include "nas/search/exact_sweep.h"

namespace tessera::nas::exact {
namespace {

constexpr std::size_t tile = Grid::tile;

/// Numbers of some rows of `inner` joined with one of `outer`.
class Rows {
public:
    Rows(const Labels& inner, const Labels& outer, const Joining& joining)
        : inner_(inner), outer_(outer), joining_(joining), tile_(inner.width()) {
        for (std::size_t d = 0; d < inner.width(); ++d) {
            capped_ |= joining.cut[d] < infinite;
        }
    }
    /// From row `begin` on, `n` of them. What cannot come within its bounds is infinite in the last number.
    const Grid::Tile& make(std::size_t begin, std::size_t n, std::size_t j) {
        for (std::size_t d = 0; d < tile_.size(); ++d) {
            const double *a = inner_.q[d].data() + begin, b = outer_.q[d][j];
            double* row = tile_[d].data();
            switch (joining_.join[d]) {
            case Join::sum:
                fill(a, row, n, [b](double v) { return v + b; });
                break;
            case Join::maximum:
                fill(a, row, n, [b](double v) { return v < b ? b : v; });
                break;
            case Join::minimum:
                fill(a, row, n, [b](double v) { return b < v ? b : v; });
                break;
            }
            if (const double clip = joining_.clip[d]; clip > -infinite) {
                fill(row, row, n, [clip](double v) { return v < clip ? clip : v; });
            }
        }
        for (std::size_t d = 0; capped_ && d < tile_.size(); ++d) {
            const double cut = joining_.cut[d];
            double* last = tile_.back().data();
            const double* row = tile_[d].data();
            for (std::size_t i = 0; i < n; ++i) {
                last[i] = row[i] > cut ? infinite : last[i];
            }
        }
        return tile_;
    }

private:
    template <class F>
    static void fill(const double* from, double* to, std::size_t n, F f) {
        for (std::size_t i = 0; i < n; ++i) {
            to[i] = f(from[i]);
        }
    }
    const Labels &inner_, &outer_;
    const Joining& joining_;
    Grid::Tile tile_;
    bool capped_ = false;
};

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
    const std::size_t wanted = width == 1 ? 1 : (width == 2 ? 4 : 8) * (inner + outer);
    return std::clamp<std::size_t>(wanted, 1, std::size_t{1} << (width == 2 ? 20 : 18));
}

void thin_out(Labels& labels, Ancestry& ancestry) {
    labels.keep([&] {
        auto kept = undominated(labels.q, labels.size(), [&](std::uint32_t a, std::uint32_t b) {
            const Origin x = labels.origin[a], y = labels.origin[b];
            const auto& ranks = ancestry.ranks();
            return x.parent == y.parent ? x.choice < y.choice : ranks[x.parent] < ranks[y.parent];
        });
        return kept;
    }());
}

} // namespace

Labels extended(const Labels& labels, const Labels& choices, const Joining& joining, Ancestry& ancestry,
                std::size_t most, std::vector<double>& error) {
    const bool by_label = labels.size() >= choices.size(); // along what the inner loop goes
    const Labels &inner = by_label ? labels : choices, &outer = by_label ? choices : labels;
    const std::size_t width = labels.width();
    Rows rows(inner, outer, joining);
    const auto [low, high] = joined_range(labels, choices, joining);
    Grid grid(low, high, grid_cells(width, inner.size(), outer.size()));
    const auto each_tile = [&](std::size_t j, auto&& visit) {
        for (std::size_t begin = 0; begin < inner.size(); begin += tile) {
            const std::size_t n = std::min(tile, inner.size() - begin);
            visit(rows.make(begin, n, j), begin, n);
        }
    };
    for (std::size_t j = 0; j < outer.size(); ++j) {
        each_tile(j, [&](const Grid::Tile& t, std::size_t, std::size_t n) { grid.add(t, n); });
    }
    grid.spread();

    Labels result(width);
    std::size_t count = 0, room = std::max(4 * most, std::size_t{1} << 16);
    std::array<std::uint32_t, tile> kept;
    const auto tidy = [&] {
        result.resize(count);
        thin_out(result, ancestry);
        count = result.size();
    };
    for (std::size_t j = 0; j < outer.size(); ++j) {
        each_tile(j, [&](const Grid::Tile& t, std::size_t begin, std::size_t n) {
            const std::size_t found = grid.survivors(t, n, kept);
            if (result.origin.size() < count + found) {
                result.resize(2 * (count + tile));
            }
            for (std::size_t d = 0; d < width; ++d) {
                double* to = result.q[d].data() + count;
                for (std::size_t i = 0; i < found; ++i) {
                    to[i] = t[d][kept[i]];
                }
            }
            for (std::size_t i = 0; i < found; ++i) {
                const auto a = static_cast<std::uint32_t>(begin + kept[i]), b = static_cast<std::uint32_t>(j);
                result.origin[count + i] =
                    by_label ? Origin{a, choices.origin[b].choice} : Origin{b, choices.origin[a].choice};
            }
            count += found;
        });
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
