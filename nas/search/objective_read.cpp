#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nas/search/objective.h"

namespace tessera::nas {
namespace {

bool is_latency(const std::string& name) { return name.starts_with("latency_") && name.ends_with("_ms"); }

bool is_known(const std::string& name, const std::vector<std::string>& known) {
    return std::ranges::any_of(
        known, [&](const std::string& k) { return k == name || (k == any_latency && is_latency(name)); });
}

/// The list as an override, with the latency that there is in place of those that there are not.
std::string with_latency(const std::vector<Objective>& objectives, const std::vector<std::string>& known,
                         const std::string& latency) {
    bool there = std::ranges::any_of(objectives, [&](const Objective& o) { return o.name == latency; });
    std::vector<std::string> items;
    for (const Objective& o : objectives) {
        const bool replaced = !is_known(o.name, known);
        if (replaced && std::exchange(there, true)) {
            continue;
        }
        items.push_back(fmt::format("{{name: {}, direction: {}{}{}{}}}", replaced ? latency : o.name,
                                    o.direction == Direction::minimize ? "minimize" : "maximize",
                                    o.low ? fmt::format(", min: {}", *o.low) : "",
                                    o.high ? fmt::format(", max: {}", *o.high) : "",
                                    o.bounds_only ? ", bounds_only: true" : ""));
    }
    return fmt::format("--set 'search.objectives=[{}]'", fmt::join(items, ", "));
}

/// Why a name is none, and what to write.
std::string unknown_text(const Objective& o, const std::vector<Objective>& all,
                         const std::vector<std::string>& known) {
    const std::string near = support::nearest(o.name, known);
    const auto latency = std::ranges::find_if(known, is_latency);
    const bool the_only_one = std::ranges::count_if(known, is_latency) == 1; // of a table: no misspelling
    if (is_latency(o.name) && latency != known.end() && (the_only_one || near.empty())) {
        return fmt::format("unknown objective '{}': there is {}; add {}", o.name, *latency,
                           with_latency(all, known, *latency));
    }
    return near.empty() ? fmt::format("unknown objective '{}'; there are {}", o.name, fmt::join(known, ", "))
                        : fmt::format("unknown objective '{}'; did you mean '{}'?", o.name, near);
}

} // namespace

void check_names(const support::Section& section, const std::string& key,
                 const std::vector<Objective>& objectives, const std::vector<std::string>& known) {
    for (const Objective& o : objectives) {
        if (!is_known(o.name, known)) {
            section.fail(key, unknown_text(o, objectives, known));
        }
    }
}

std::vector<Objective> Objective::read_list(std::vector<support::Section> sections,
                                            const std::vector<std::string>& known) {
    static const support::EnumNames<Direction> directions = {{"minimize", Direction::minimize},
                                                             {"maximize", Direction::maximize}};
    std::vector<Objective> objectives;
    for (support::Section& section : sections) {
        Objective o;
        section.require("name").read("name", o.name,
                                     "What is sought or bounded: accuracy (a fraction), latency_<device>_ms, "
                                     "macs, parameters, weight_bytes, peak_memory_bytes.");
        section.require("direction").read("direction", o.direction, directions, "Which way is better.");
        section.read("min", o.low, {}, "Smallest admissible value.");
        section.read("max", o.high, {}, "Largest admissible value.");
        section.read("bounds_only", o.bounds_only, "Keep to its bounds without seeking better values.");
        section.finish();
        if (o.bounds_only && !o.low && !o.high) {
            section.fail("bounds_only", fmt::format("objective '{}' has no bounds", o.name));
        }
        if (std::any_of(objectives.begin(), objectives.end(),
                        [&](const Objective& other) { return other.name == o.name; })) {
            section.fail("name", fmt::format("objective '{}' is there twice", o.name));
        }
        if (o.low && o.high && *o.low > *o.high) {
            section.fail("min", fmt::format("min {} is above max {}", *o.low, *o.high));
        }
        objectives.push_back(std::move(o));
    }
    for (std::size_t i = 0; i < objectives.size(); ++i) { // with all of them read, to say what to write
        if (!is_known(objectives[i].name, known)) {
            sections[i].fail("name", unknown_text(objectives[i], objectives, known));
        }
    }
    if (!objectives.empty() && std::ranges::all_of(objectives, &Objective::bounds_only)) {
        sections[0].fail("bounds_only", "every objective is there for its bounds only; one has to be sought");
    }
    return objectives;
}

} // namespace tessera::nas
