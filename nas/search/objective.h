// What is searched for: objectives, directions, bounds.
#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/config.h"

namespace tessera::nas {

enum class Direction { minimize, maximize };

/// Stands for latencies of devices of any name where known objectives are listed.
inline constexpr std::string_view any_latency = "latency_<device>_ms";

struct Objective {
    std::string name; ///< accuracy, macs, parameters, weight_bytes, peak_memory_bytes, latency_<device>_ms
    Direction direction = Direction::minimize;
    std::optional<double> low, high; ///< inclusive bounds
    /// Only its bounds count: better values are not sought, and no candidate dominates by it.
    bool bounds_only = false;
    /// Reads {name, direction (mandatory), min, max, bounds_only}. Throws UsageError for names outside
    /// `known` (which may hold any_latency), min > max, duplicates, a list with nothing to optimise.
    static std::vector<Objective> read_list(std::vector<support::Section> sections,
                                            const std::vector<std::string>& known);
    /// By how much the value misses the bounds, relative to the bound's size; 0 inside.
    double violation(double value) const;
};

/// An architecture (choice index per block) with its objective values.
struct Candidate {
    std::vector<int> genome;
    std::vector<double> values; ///< one per objective
    double violation = 0;       ///< sum over objectives
    bool feasible() const { return violation == 0; }
};

/// What a search is given. evaluate() is pure, called from several threads, and trains nothing.
struct Problem {
    std::vector<int> choices; ///< number of choices per block, each >= 1
    std::vector<Objective> objectives;
    std::function<void(std::span<const int> genome, std::span<double> values)> evaluate;
    /// Which choices promise most: weights [block][choice], at least 0 and of any scale, e.g. from qualities,
    /// costs or filter statistics. Searches try what weighs more earlier and oftener, and nothing never: they
    /// steer, they do not decide. Empty: nothing is known.
    std::vector<std::vector<double>> preference = {};
};

/// Throws UsageError at the section's key for the first name outside `known` (which may hold any_latency),
/// with what to write.
void check_names(const support::Section& section, const std::string& key,
                 const std::vector<Objective>& objectives, const std::vector<std::string>& known);

/// True where a is at least as good as b in everything sought and better in some of it (bounds first:
/// feasible before infeasible, smaller violation before larger).
bool dominates(const Candidate& a, const Candidate& b, std::span<const Objective> objectives);

} // namespace tessera::nas
