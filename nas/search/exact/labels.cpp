#include "nas/search/exact/labels.h"

#include <algorithm>
#include <numeric>

namespace tessera::nas::exact {

void Labels::resize(std::size_t n) {
    for (auto& dimension : q) {
        dimension.resize(n);
    }
    origin.resize(n);
}

void Labels::keep(std::span<const std::uint32_t> kept) {
    std::vector<double> numbers(kept.size());
    for (auto& dimension : q) {
        for (std::size_t i = 0; i < kept.size(); ++i) {
            numbers[i] = dimension[kept[i]];
        }
        dimension.assign(numbers.begin(), numbers.end());
    }
    std::vector<Origin> origins(kept.size());
    for (std::size_t i = 0; i < kept.size(); ++i) {
        origins[i] = origin[kept[i]];
    }
    origin = std::move(origins);
}

void Ancestry::add(const std::vector<Origin>& level) {
    levels_.push_back(level);
    size_ += level.size();
}

std::vector<int> Ancestry::genome(std::size_t label) const {
    std::vector<int> genome(levels_.size());
    for (std::size_t k = levels_.size(); k-- > 0;) {
        const Origin origin = levels_[k][label];
        genome[k] = static_cast<int>(origin.choice);
        label = origin.parent;
    }
    return genome;
}

const std::vector<std::uint32_t>& Ancestry::ranks() {
    if (ranked_ == 0) {
        ranks_.assign(1, 0); // nothing chosen yet
    }
    for (; ranked_ < levels_.size(); ++ranked_) {
        const std::vector<Origin>& level = levels_[ranked_];
        // By the parent's rank: counted into place; then by choice.
        std::vector<std::uint32_t> first(ranks_.size() + 1, 0), order(level.size()), ranks(level.size());
        for (const Origin& o : level) {
            ++first[ranks_[o.parent] + 1];
        }
        std::partial_sum(first.begin(), first.end(), first.begin());
        std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
        for (std::uint32_t i = 0; i < level.size(); ++i) {
            order[next[ranks_[level[i].parent]]++] = i;
        }
        for (std::size_t r = 0; r + 1 < first.size(); ++r) {
            std::sort(order.begin() + first[r], order.begin() + first[r + 1],
                      [&](std::uint32_t a, std::uint32_t b) { return level[a].choice < level[b].choice; });
        }
        for (std::uint32_t place = 0; place < order.size(); ++place) {
            ranks[order[place]] = place;
        }
        ranks_ = std::move(ranks);
    }
    return ranks_;
}

} // namespace tessera::nas::exact
