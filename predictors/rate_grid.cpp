#include "predictors/rate_grid.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/log.h"

namespace tessera::predictors {

double best_rate(const std::function<std::vector<double>(const std::vector<double>&)>& scores) {
    std::vector<double> rates = {3e-4, 1e-3, 3e-3, 1e-2}, found = scores(rates);
    const auto best = [&] {
        return static_cast<std::size_t>(std::min_element(found.begin(), found.end()) - found.begin());
    };
    for (const double larger : {3e-2, 1e-1}) {
        if (best() + 1 < rates.size()) {
            break;
        }
        rates.push_back(larger);
        found.push_back(scores({larger}).front());
    }
    for (std::size_t i = 0; i < rates.size(); ++i) {
        support::log_debug(fmt::format("learning rate {}: mean log NSR {:.3f}", rates[i], found[i]));
    }
    if (rates[best()] == 1e-1) {
        support::warn(
            "the largest learning rate tried, 0.1, was the best: a larger one, as distil.learning_rate, "
            "may be better");
    }
    return rates[best()];
}

} // namespace tessera::predictors
