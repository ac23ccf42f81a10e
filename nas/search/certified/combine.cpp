#include <algorithm>

#include "nas/search/certified/box.h"

namespace tessera::nas::certified {

/// All sums of a label and a choice that can still become something unsettled: `rest` is the least that the
/// blocks to come cost.
void Bounder::combine(const Labels& before, const Labels& block, const std::vector<double>& rest,
                      const std::vector<double>& grain, Labels& after) {
    const std::size_t width = system_.width();
    after.clear();
    used_.assign(block.size(), 0);
    std::vector<double> sum(width), ideal(width);
    std::size_t hint = 0, shifted_hint = 0;
    for (std::size_t i = 0; i < block.size(); ++i) {
        for (std::size_t f = 0; f < before.size(); ++f) {
            bool feasible = true;
            for (std::size_t d = 0; d < width; ++d) {
                const Dimension& dimension = system_.dimensions[d];
                sum[d] = join(dimension.how, before.costs[f * width + d], block.costs[i * width + d]);
                ideal[d] = join(dimension.how, sum[d], rest[d]);
                feasible = feasible && ideal[d] <= dimension.limit;
                ideal[d] = std::max(ideal[d], corner_[d]);
            }
            if (feasible && !ledger_.settled(ideal.data(), hint, shifted_hint)) {
                after.costs.insert(after.costs.end(), sum.begin(), sum.end());
                after.parents.push_back(static_cast<std::uint32_t>(f));
                after.choices.push_back(block.choices[i]);
                used_[i] = 1;
            }
        }
        if (after.size() > 2 * label_limit_) {
            thin(after, grain);
        }
    }
    steps_ += block.size() * before.size();
    thin(after, grain);
}

void Bounder::thin(Labels& labels, const std::vector<double>& grain) {
    reducer_.reduce(labels);
    if (labels.size() > 16) {
        reducer_.merge(labels, grain, label_limit_);
    }
}

} // namespace tessera::nas::certified
