#include "training/class_balance.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera::training {

std::string describe_balance(const std::vector<std::int64_t>& sizes, const std::vector<std::string>& names) {
    if (sizes.empty()) {
        return "";
    }
    const auto fewest = std::min_element(sizes.begin(), sizes.end());
    const auto most = std::max_element(sizes.begin(), sizes.end());
    if (*most <= 2 * *fewest) {
        return "";
    }
    const auto name = [&](auto place) { return names.at(static_cast<std::size_t>(place - sizes.begin())); };
    return fmt::format("; unbalanced: {} training images of {} (fewest), {} of {} (most)", *fewest,
                       name(fewest), *most, name(most));
}

} // namespace tessera::training
