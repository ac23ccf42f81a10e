// Many labels joined with one, a tile at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "nas/search/exact/grid.h"
#include "nas/search/exact/labels.h"
#include "nas/search/exact/sweep.h"

namespace tessera::nas::exact {

/// Numbers of rows of `inner` joined with one label of `outer`. What cannot come within its bounds is
/// infinite in the last number.
class Rows {
public:
    static constexpr std::size_t run = 8; ///< rows that are passed over or looked at together

    Rows(const Columns& inner, const Labels& outer, const Joining& joining)
        : inner_(inner), outer_(outer), joining_(joining), tile_(inner.size()) {
        for (const double cut : joining.cut) {
            capped_ |= cut < infinite;
        }
    }
    /// `n` rows from `begin` on with label j.
    const Grid::Tile& some(std::size_t begin, std::size_t n, std::size_t j) {
        for (std::size_t d = 0; d < tile_.size(); ++d) {
            join(d, inner_[d].data() + begin, tile_[d].data(), n, j);
        }
        limit(n);
        return tile_;
    }
    /// The rows of some runs, of which only the last of all may be short; `n` of them.
    const Grid::Tile& runs(std::span<const std::uint32_t> runs, std::size_t n, std::size_t j) {
        for (std::size_t d = 0; d < tile_.size(); ++d) {
            for (std::size_t r = 0; r < runs.size(); ++r) {
                const double* from = inner_[d].data() + runs[r] * run;
                std::copy(from, from + std::min(run, n - r * run), tile_[d].data() + r * run);
            }
            join(d, tile_[d].data(), tile_[d].data(), n, j);
        }
        limit(n);
        return tile_;
    }

private:
    void join(std::size_t d, const double* from, double* to, std::size_t n, std::size_t j) const {
        const double b = outer_.q[d][j], clip = joining_.clip[d];
        switch (joining_.join[d]) {
        case Join::sum:
            fill(from, to, n, [b](double v) { return v + b; });
            break;
        case Join::maximum:
            fill(from, to, n, [b](double v) { return v < b ? b : v; });
            break;
        case Join::minimum:
            fill(from, to, n, [b](double v) { return b < v ? b : v; });
            break;
        }
        if (clip > -infinite) {
            fill(to, to, n, [clip](double v) { return v < clip ? clip : v; });
        }
    }
    void limit(std::size_t n) {
        for (std::size_t d = 0; capped_ && d < tile_.size(); ++d) {
            const double cut = joining_.cut[d];
            double* last = tile_.back().data();
            const double* row = tile_[d].data();
            for (std::size_t i = 0; i < n; ++i) {
                last[i] = row[i] > cut ? infinite : last[i];
            }
        }
    }
    template <class F>
    static void fill(const double* from, double* to, std::size_t n, F f) {
        for (std::size_t i = 0; i < n; ++i) {
            to[i] = f(from[i]);
        }
    }

    const Columns& inner_;
    const Labels& outer_;
    const Joining& joining_;
    Grid::Tile tile_;
    bool capped_ = false;
};

} // namespace tessera::nas::exact
