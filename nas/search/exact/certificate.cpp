#include "nas/search/exact/certificate.h"

#include <algorithm>

#include <fmt/format.h>

#include "nas/search/front.h"

namespace tessera::nas::exact {

double gap_to(std::span<const Candidate> front, const BoundPoints& bound, const TableModel& model) {
    const std::vector<Objective> objectives = model.objectives();
    std::vector<Candidate> ideal, both(front.begin(), front.end());
    for (const auto& point : bound) {
        Candidate c{{}, std::vector<double>(objectives.size(), 0.0), 0};
        std::size_t s = 0;
        for (std::size_t k = 0; k < objectives.size(); ++k) {
            if (!objectives[k].bounds_only) {
                c.values[k] = model.columns[k].response(model.columns[k].sign() * point[s++]);
            }
        }
        ideal.push_back(std::move(c));
    }
    both.insert(both.end(), ideal.begin(), ideal.end());
    const Scaling scaling = Scaling::of(both, objectives);
    const double most = hypervolume(ideal, objectives, scaling);
    return most > 0 ? std::clamp(1 - hypervolume(front, objectives, scaling) / most, 0.0, 1.0) : 0;
}

std::string ending_of(const SearchResult& result, const TableModel& model) {
    const std::string found =
        fmt::format("{} of {:.6g} architectures on the front", result.front.size(), model.size());
    return *result.gap > 0
               ? fmt::format("label limit: {}, within {:.2g} % of the true one", found, 100 * *result.gap)
               : fmt::format("exact: {}", found);
}

} // namespace tessera::nas::exact
