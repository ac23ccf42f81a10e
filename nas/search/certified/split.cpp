#include <algorithm>

#include "nas/search/certified/box.h"

namespace tessera::nas::certified {

std::vector<Box> split(const CostSystem& system, const Box& box) {
    const std::vector<int>& choices = box.choices[box.block];
    const auto of = [](const std::vector<double>& values) {
        return [&values](int i) { return values[static_cast<std::size_t>(i)]; };
    };
    std::vector<Box> parts(2, box);
    auto &left = parts[0].choices[box.block], &right = parts[1].choices[box.block];
    const PairCosts& pairs = system.dimensions[box.dimension].pairs;
    if (!pairs.empty()) {
        const auto key = of(pairs.keys[box.block]);
        const auto [least, most] = std::ranges::minmax(choices, {}, key);
        const double middle = key(least) + (key(most) - key(least)) / 2;
        if (middle < key(most)) {
            std::erase_if(left, [&](int i) { return key(i) > middle; });
            std::erase_if(right, [&](int i) { return key(i) <= middle; });
            return parts;
        }
    }
    std::ranges::stable_sort(right, {}, of(system.dimensions[0].values[box.block]));
    const auto half = right.begin() + static_cast<std::ptrdiff_t>(right.size() / 2);
    left.assign(right.begin(), half);
    right.erase(right.begin(), half);
    return parts;
}

} // namespace tessera::nas::certified
