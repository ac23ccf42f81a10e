#include <stdexcept>

#include "nas/search/exact.h"
#include "nas/search/exact/certificate.h"
#include "support/interrupt.h"

namespace tessera::nas {
namespace {

/// Whether bounds keep from the front only what is too bad: a better value of a column sought never misses
/// them.
bool limits_badness(const TableModel& model, const std::vector<Bounds>& bounds) {
    for (std::size_t k = 0; k < bounds.size(); ++k) {
        const Objective& o = model.columns[k].objective;
        const bool minimized = o.direction == Direction::minimize;
        const auto& other_side = minimized ? bounds[k].low : bounds[k].high;
        if (other_side || (o.bounds_only && (bounds[k].low || bounds[k].high))) {
            return false;
        }
    }
    return true;
}

void set_bounds(TableModel& model, const std::vector<Bounds>& bounds) {
    for (std::size_t k = 0; k < bounds.size(); ++k) {
        model.columns[k].objective.low = bounds[k].low;
        model.columns[k].objective.high = bounds[k].high;
    }
}

} // namespace

std::vector<SearchResult> exact_fronts(const TableModel& model, std::span<const std::vector<Bounds>> cases,
                                       const ExactOptions& options) {
    TableModel bounded = model;
    std::optional<SearchResult> whole;
    std::vector<SearchResult> results;
    for (const std::vector<Bounds>& bounds : cases) {
        if (bounds.size() != model.columns.size()) {
            throw std::invalid_argument("bounds are one a column");
        }
        support::check_interrupt();
        const bool read_off = limits_badness(model, bounds);
        if (read_off && !whole) {
            set_bounds(bounded, std::vector<Bounds>(bounds.size()));
            whole = exact_front(bounded, options);
        }
        set_bounds(bounded, bounds);
        if (!read_off || whole->gap != 0.0) {
            results.push_back(exact_front(bounded, options));
            continue;
        }
        SearchResult& result = results.emplace_back();
        const std::vector<Objective> objectives = bounded.objectives();
        for (const Candidate& c : whole->front) {
            double violation = 0;
            for (std::size_t k = 0; k < objectives.size(); ++k) {
                violation += objectives[k].violation(c.values[k]);
            }
            if (violation == 0) {
                result.front.push_back(c);
            }
        }
        result.gap = 0;
        result.ended = exact::ending_of(result, model);
    }
    return results;
}

} // namespace tessera::nas
