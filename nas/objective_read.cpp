#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nas/objective.h"

namespace tessera::nas {
namespace {

bool is_known(const std::string& name, const std::vector<std::string>& known) {
    return std::ranges::any_of(known, [&](const std::string& k) {
        return k == name || (k == any_latency && name.starts_with("latency_") && name.ends_with("_ms"));
    });
}

} // namespace

std::vector<Objective> Objective::read_list(std::vector<support::Section> sections,
                                            const std::vector<std::string>& known) {
    static const support::EnumNames<Direction> directions = {{"minimize", Direction::minimize},
                                                             {"maximize", Direction::maximize}};
    std::vector<Objective> objectives;
    for (support::Section& section : sections) {
        Objective o;
        section.require("name").read("name", o.name,
                                     "What is sought or bounded: accuracy (a fraction), latency_<device>_ms, "
                                     "macs, parameters, peak_memory_bytes.");
        section.require("direction").read("direction", o.direction, directions, "Which way is better.");
        section.read("min", o.low, {}, "Smallest admissible value.");
        section.read("max", o.high, {}, "Largest admissible value.");
        section.finish();
        if (!is_known(o.name, known)) {
            const std::string near = support::nearest(o.name, known);
            section.fail("name", near.empty() ? fmt::format("unknown objective '{}'; there are {}", o.name,
                                                            fmt::join(known, ", "))
                                              : fmt::format("unknown objective '{}'; did you mean '{}'?",
                                                            o.name, near));
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
    return objectives;
}

} // namespace tessera::nas
