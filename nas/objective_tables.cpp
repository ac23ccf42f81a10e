#include "nas/objective_tables.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/error.h"

namespace tessera::nas {

double CostColumn::of(std::span<const int> genome) const {
    double total = rest;
    for (std::size_t b = 0; b < genome.size(); ++b) {
        const double v = values[b][static_cast<std::size_t>(genome[b])];
        total = maximum ? std::max(total, v) : total + v;
    }
    return offset + scale * total;
}

std::pair<double, double> CostColumn::range() const {
    double low = rest, high = rest;
    for (const auto& block : values) {
        double least = std::numeric_limits<double>::infinity(), most = -least;
        for (const double v : block) {
            least = std::fmin(least, v); // of a number and NaN, the number
            most = std::fmax(most, v);
        }
        low = maximum ? std::max(low, least) : low + least;
        high = maximum ? std::max(high, most) : high + most;
    }
    return {offset + scale * low, offset + scale * high};
}

ObjectiveTables::ObjectiveTables(const search_spaces::SearchSpace& space) {
    const auto stem = space.stem_costs(), head = space.head_costs();
    CostColumn macs, parameters, memory;
    macs.rest = static_cast<double>(stem.macs + head.macs);
    parameters.rest = static_cast<double>(stem.parameters + head.parameters);
    memory.maximum = true;
    memory.scale = 4; // bytes of a float32
    memory.rest = static_cast<double>(std::max(stem.peak_elements, head.peak_elements));
    for (std::size_t b = 0; b < space.blocks().size(); ++b) {
        auto& m = macs.values.emplace_back();
        auto& p = parameters.values.emplace_back();
        auto& a = memory.values.emplace_back();
        auto& usable = usable_.emplace_back();
        for (const auto& choice : space.blocks()[b].choices) {
            const auto costs = space.block_costs(b, choice);
            m.push_back(static_cast<double>(costs.macs));
            p.push_back(static_cast<double>(costs.parameters));
            a.push_back(static_cast<double>(costs.peak_elements));
            usable.push_back(static_cast<int>(usable.size()));
        }
    }
    columns_ = {{"macs", macs}, {"parameters", parameters}, {"peak_memory_bytes", memory}};
}

void ObjectiveTables::add(const latency::LatencyTable& table, const search_spaces::SearchSpace& space,
                          latency::Missing missing) {
    CostColumn column;
    column.rest = table.stem.p50_ms + table.head.p50_ms;
    column.scale = table.scale;
    column.offset = table.offset_ms;
    for (const auto& block : space.blocks()) {
        auto& values = column.values.emplace_back();
        for (const auto& choice : block.choices) {
            const auto* timing = table.find(block.name, choice.text());
            if (timing == nullptr && missing == latency::Missing::error) {
                throw support::RunError(fmt::format("latency table of {}: no row for block {} and choice {}",
                                                    table.context.device, block.name, choice.text()));
            }
            values.push_back(timing == nullptr ? std::nan("") : timing->p50_ms);
        }
    }
    exclude(column.values);
    columns_["latency_" + table.context.device + "_ms"] = std::move(column);
}

void ObjectiveTables::add(predictors::AccuracyPredictor predictor,
                          const std::vector<std::vector<double>>& quality,
                          const search_spaces::SearchSpace& space) {
    terms_.resize(quality.size());
    for (std::size_t b = 0; b < quality.size(); ++b) {
        for (std::size_t m = 0; m < quality[b].size(); ++m) {
            terms_[b].push_back(predictor.term(b, quality[b][m], space.blocks()[b].choices[m].text()));
        }
    }
    predictor_ = std::move(predictor);
    exclude(quality);
}

void ObjectiveTables::exclude(const std::vector<std::vector<double>>& values) {
    for (std::size_t b = 0; b < values.size(); ++b) {
        std::erase_if(usable_[b],
                      [&](int m) { return !std::isfinite(values[b][static_cast<std::size_t>(m)]); });
    }
}

bool ObjectiveTables::has(const std::string& objective) const {
    return objective == "accuracy" ? predictor_.has_value() : columns_.contains(objective);
}

std::vector<std::string> ObjectiveTables::names() const {
    std::vector<std::string> names;
    if (predictor_) {
        names.emplace_back("accuracy");
    }
    for (const auto& column : columns_) {
        names.push_back(column.first);
    }
    return names;
}

double ObjectiveTables::value(const std::string& objective, std::span<const int> genome) const {
    return objective == "accuracy" ? accuracy(genome).accuracy : columns_.at(objective).of(genome);
}

predictors::Prediction ObjectiveTables::accuracy(std::span<const int> genome) const {
    std::vector<predictors::Term> terms(genome.size());
    for (std::size_t b = 0; b < terms.size(); ++b) {
        terms[b] = terms_[b][static_cast<std::size_t>(genome[b])];
    }
    return predictor_.value().predict(terms);
}

bool ObjectiveTables::usable(std::span<const int> genome) const {
    for (std::size_t b = 0; b < genome.size(); ++b) {
        if (!std::binary_search(usable_[b].begin(), usable_[b].end(), genome[b])) {
            return false;
        }
    }
    return true;
}

std::vector<int> ObjectiveTables::genome(std::span<const int> of_problem) const {
    std::vector<int> genome(of_problem.size());
    for (std::size_t b = 0; b < genome.size(); ++b) {
        genome[b] = usable_[b][static_cast<std::size_t>(of_problem[b])];
    }
    return genome;
}

Problem ObjectiveTables::problem(const std::vector<Objective>& objectives) const {
    Problem problem;
    for (const auto& block : usable_) {
        problem.choices.push_back(static_cast<int>(block.size()));
    }
    for (const Objective& objective : objectives) {
        if (!has(objective.name)) {
            throw support::UsageError(fmt::format("search.objectives: {} has no table; there are {}",
                                                  objective.name, fmt::join(names(), ", ")));
        }
    }
    problem.objectives = objectives;
    problem.evaluate = [this, objectives](std::span<const int> of_problem, std::span<double> values) {
        const std::vector<int> of_space = genome(of_problem);
        for (std::size_t k = 0; k < objectives.size(); ++k) {
            values[k] = value(objectives[k].name, of_space);
        }
    };
    return problem;
}

void ObjectiveTables::check_reachable(const std::vector<Objective>& objectives) const {
    for (const Objective& o : objectives) {
        const bool accuracy = o.name == "accuracy";
        if (!accuracy && !columns_.contains(o.name)) {
            continue;
        }
        const auto [low, high] = accuracy ? std::pair(0.0, 1.0) : columns_.at(o.name).range();
        const bool too_low = o.high && *o.high < low, too_high = o.low && *o.low > high;
        if (too_low || too_high) {
            throw support::InfeasibleError(
                fmt::format("search.objectives: no architecture has {} {} {}; the space reaches {} to {}",
                            o.name, too_low ? "<=" : ">=", too_low ? *o.high : *o.low, low, high));
        }
    }
}

} // namespace tessera::nas
