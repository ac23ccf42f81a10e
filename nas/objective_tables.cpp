#include "nas/objective_tables.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/error.h"

namespace tessera::nas {

ObjectiveTables::ObjectiveTables(const search_spaces::SearchSpace& space) {
    const auto stem = space.stem_costs(), head = space.head_costs();
    TableColumn macs, parameters, memory;
    macs.rest = static_cast<double>(stem.macs + head.macs);
    parameters.rest = static_cast<double>(stem.parameters + head.parameters);
    memory.maximum = true;
    memory.response.scale = 4; // bytes of a float32
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
    TableColumn bytes = parameters;
    bytes.response.scale = 4;
    columns_ = {
        {"macs", macs}, {"parameters", parameters}, {"weight_bytes", bytes}, {"peak_memory_bytes", memory}};
}

void ObjectiveTables::add(const latency::LatencyTable& table, const search_spaces::SearchSpace& space,
                          latency::Missing missing) {
    TableColumn column;
    column.rest = table.stem.p50_ms + table.head.p50_ms;
    column.response.scale = table.scale;
    column.response.offset = table.offset_ms;
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
                          const std::vector<std::vector<predictors::Quality>>& quality,
                          const search_spaces::SearchSpace& space) {
    terms_.resize(quality.size());
    for (std::size_t b = 0; b < quality.size(); ++b) {
        for (std::size_t m = 0; m < quality[b].size(); ++m) {
            terms_[b].push_back(predictor.term(b, quality[b][m], space.blocks()[b].choices[m].text()));
        }
    }
    predictor_ = std::move(predictor);
    exclude(predictors::usable_noise(quality));
}

void ObjectiveTables::add(const std::string& name, TableColumn column) {
    if (has(name) || name == "accuracy") {
        throw support::UsageError(
            fmt::format("search.columns: there is a {} already; give the column another name", name));
    }
    columns_[name] = std::move(column);
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
    return objective == "accuracy" ? accuracy(genome).accuracy : columns_.at(objective).value(genome);
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

std::vector<int> ObjectiveTables::genome(std::span<const int> of_model) const {
    std::vector<int> genome(of_model.size());
    for (std::size_t b = 0; b < genome.size(); ++b) {
        genome[b] = usable_[b][static_cast<std::size_t>(of_model[b])];
    }
    return genome;
}

TableColumn ObjectiveTables::accuracy_column() const {
    TableColumn column;
    column.response.kind = Response::Kind::ceiling_minus_exp;
    column.response.ceiling = predictor_.value().ceiling();
    column.rest = predictor_->intercept();
    column.pairs.weights = predictor_->products();
    for (const auto& block : terms_) {
        auto& values = column.values.emplace_back();
        auto& noise = column.pairs.scalars.emplace_back();
        for (const auto& term : block) {
            values.push_back(term.additive);
            noise.push_back(term.noise);
        }
    }
    if (column.pairs.weights.empty()) {
        column.pairs.scalars.clear();
    }
    return column;
}

/// The rows of the choices that are left.
void ObjectiveTables::keep_usable(std::vector<std::vector<double>>& rows) const {
    for (std::size_t b = 0; b < rows.size(); ++b) {
        std::vector<double> kept;
        for (const int m : usable_[b]) {
            kept.push_back(rows[b][static_cast<std::size_t>(m)]);
        }
        rows[b] = std::move(kept);
    }
}

TableModel ObjectiveTables::model(const std::vector<Objective>& objectives) const {
    TableModel model;
    for (const auto& block : usable_) {
        model.choices.push_back(static_cast<int>(block.size()));
    }
    for (const Objective& objective : objectives) {
        if (!has(objective.name)) {
            throw support::UsageError(fmt::format("search.objectives: {} has no table; there are {}",
                                                  objective.name, fmt::join(names(), ", ")));
        }
        TableColumn column = objective.name == "accuracy" ? accuracy_column() : columns_.at(objective.name);
        column.objective = objective;
        keep_usable(column.values);
        keep_usable(column.pairs.scalars);
        model.columns.push_back(std::move(column));
    }
    return model;
}

void ObjectiveTables::check_reachable(const std::vector<Objective>& objectives) const {
    std::vector<Objective> known;
    for (const Objective& o : objectives) {
        if (has(o.name)) {
            known.push_back(o);
        } else if (o.name == "accuracy" && (o.low.value_or(0) > 1 || o.high.value_or(1) < 0)) {
            throw support::InfeasibleError(
                fmt::format("search.objectives: accuracy is a fraction from 0 to 1; "
                            "{} is none",
                            o.low.value_or(0) > 1 ? *o.low : *o.high));
        }
    }
    try {
        model(known).check_reachable();
    } catch (const support::InfeasibleError& error) {
        throw support::InfeasibleError(fmt::format("search.objectives: {}", error.what()));
    }
}

} // namespace tessera::nas
