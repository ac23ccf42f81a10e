// Which columns of a CSV hold times, and in which unit. Torch-free.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "latency/latency_table.h"

namespace tessera::latency {

/// What a column tells of repeated timings of one thing.
enum class Statistic { typical, mean, p10, p50, p90, deviation };

/// A column whose name says what it holds and in which unit: `latency_ms`, `mean_us`, `p50_s`.
struct TimeColumn {
    Statistic statistic = Statistic::typical;
    double ms = 1; ///< milliseconds in one of its units
};

/// None for a name that has nothing to do with times. Throws RunError, naming what is accepted, for a time
/// without a unit or in another one. Letter case does not count.
std::optional<TimeColumn> time_column(const std::string& name);

/// "latency_ms, latency_us, ...": what a message offers.
std::string accepted_time_columns();

/// The times of one row; nothing where a column is absent or its cell is empty.
struct RowTimes {
    std::optional<double> typical, mean, p10, p50, p90, deviation; ///< milliseconds
    std::optional<double>& operator[](Statistic statistic);
    /// The median where it is told, else the latency, else the mean; absent quantiles are taken to be equal
    /// to it. Throws RunError where none of the three is there or the quantiles are not in order.
    Timing timing(std::int64_t count) const;
};

} // namespace tessera::latency
