// Partial architectures of the exact solvers, and what joins two sets of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nas/search/exact/dimensions.h"

namespace tessera::nas::exact {

/// Where a label comes from: a label of the blocks before and a choice of the last one.
struct Origin {
    std::uint32_t parent = 0, choice = 0;
};

/// Labels side by side, one array a dimension.
struct Labels {
    std::vector<std::vector<double>> q;
    std::vector<Origin> origin;

    explicit Labels(std::size_t width = 0) : q(width) {}
    std::size_t width() const { return q.size(); }
    std::size_t size() const { return origin.size(); }
    void resize(std::size_t n);
    /// Those at `kept`, in that order.
    void keep(std::span<const std::uint32_t> kept);
};

/// What the labels of every level come from, and their order by genome.
class Ancestry {
public:
    explicit Ancestry(std::size_t blocks) { levels_.reserve(blocks); }
    void add(const std::vector<Origin>& level);
    /// Labels stored.
    std::size_t size() const { return size_; }
    std::vector<int> genome(std::size_t label) const;
    /// Of each label of the last level its place in the order of genomes. Computed where it is asked for:
    /// only ties need it.
    const std::vector<std::uint32_t>& ranks();

private:
    std::vector<std::vector<Origin>> levels_;
    std::vector<std::uint32_t> ranks_; ///< of the first `ranked_` levels' last one
    std::size_t ranked_ = 0, size_ = 0;
};

/// How labels and choices are joined, one entry a dimension.
struct Joining {
    std::vector<Join> join;
    std::vector<double> cut, clip; ///< as in Dimension
};

/// The labels, of `labels` and `choices` joined, that no other one is at least as good as, sorted by their
/// first dimension (then the second, ...). Of equal ones that with the smallest genome. `ancestry`: of
/// `labels`. Where more than `most` have to be held they are thinned to fewer (see thin()), adding to
/// `error`.
Labels extended(const Labels& labels, const Labels& choices, const Joining& joining, Ancestry& ancestry,
                std::size_t most, std::vector<double>& error);

/// The choices of a block that no other one makes superfluous; of equal ones the first.
Labels undominated_choices(Labels choices, const std::vector<Join>& join);

/// Keeps at most `most` labels, so that each that goes has one that stays and is larger by at most what is
/// added to `error` in each dimension: the labels of a grid's cell are represented by one of them.
void thin(Labels& labels, std::size_t most, std::vector<double>& error);

} // namespace tessera::nas::exact
