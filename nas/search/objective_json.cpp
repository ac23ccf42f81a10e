#include "nas/search/objective_json.h"

#include <stdexcept>

#include <nlohmann/json.hpp>

namespace tessera::nas {

nlohmann::ordered_json objective_json(const Objective& o) {
    nlohmann::ordered_json entry = {
        {"name", o.name}, {"direction", o.direction == Direction::minimize ? "minimize" : "maximize"}};
    if (o.low) {
        entry["min"] = *o.low;
    }
    if (o.high) {
        entry["max"] = *o.high;
    }
    if (o.bounds_only) {
        entry["bounds_only"] = true;
    }
    return entry;
}

Objective objective_from(const nlohmann::json& entry) {
    Objective o;
    o.name = entry.at("name").get<std::string>();
    const auto direction = entry.at("direction").get<std::string>();
    if (direction != "minimize" && direction != "maximize") {
        throw std::invalid_argument("objective " + o.name + " has direction '" + direction + "'");
    }
    o.direction = direction == "minimize" ? Direction::minimize : Direction::maximize;
    if (entry.contains("min")) {
        o.low = entry.at("min").get<double>();
    }
    if (entry.contains("max")) {
        o.high = entry.at("max").get<double>();
    }
    o.bounds_only = entry.value("bounds_only", false);
    return o;
}

} // namespace tessera::nas
