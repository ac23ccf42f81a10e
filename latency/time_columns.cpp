#include "latency/time_columns.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::latency {
namespace {

constexpr std::array statistics = {
    std::pair{"latency", Statistic::typical}, std::pair{"mean", Statistic::mean},
    std::pair{"p50", Statistic::p50},         std::pair{"median", Statistic::p50},
    std::pair{"p10", Statistic::p10},         std::pair{"p90", Statistic::p90},
    std::pair{"std", Statistic::deviation},
};
constexpr std::array units = {std::pair{"ms", 1.0}, std::pair{"us", 1e-3}, std::pair{"s", 1e3}};

std::string lower(std::string text) {
    for (char& c : text) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
}

template <class Table>
auto find(const Table& table, const std::string& word) {
    return std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.first == word; });
}

} // namespace

std::string accepted_time_columns() {
    return "latency_ms, latency_us or latency_s, likewise mean_, p50_, p10_, p90_ and std_";
}

std::optional<TimeColumn> time_column(const std::string& name) {
    const std::string word = lower(name);
    const auto end = std::min(word.find_first_of("_ ([./"), word.size());
    const auto statistic = find(statistics, word.substr(0, end));
    if (statistic == statistics.end()) {
        return std::nullopt;
    }
    const std::string unit = end < word.size() ? word.substr(end + 1) : "";
    const auto known = find(units, unit);
    if (word.find('_') != end || known == units.end()) {
        throw support::RunError(fmt::format("column '{}' does not tell a unit that is known here: write {}",
                                            name, accepted_time_columns()));
    }
    return TimeColumn{statistic->second, known->second};
}

std::optional<double>& RowTimes::operator[](Statistic statistic) {
    switch (statistic) {
    case Statistic::typical:
        return typical;
    case Statistic::mean:
        return mean;
    case Statistic::p10:
        return p10;
    case Statistic::p50:
        return p50;
    case Statistic::p90:
        return p90;
    case Statistic::deviation:
        break;
    }
    return deviation;
}

Timing RowTimes::timing(std::int64_t count) const {
    const std::optional<double> middle = p50 ? p50 : typical ? typical : mean;
    if (!middle) {
        throw support::RunError("no latency");
    }
    Timing t;
    t.count = count;
    t.p50_ms = *middle;
    t.mean_ms = mean.value_or(*middle);
    t.p10_ms = p10.value_or(*middle);
    t.p90_ms = p90.value_or(*middle);
    t.variance_ms2 = deviation.value_or(0) * deviation.value_or(0);
    if (t.p10_ms > t.p50_ms || t.p50_ms > t.p90_ms) {
        throw support::RunError("p10 <= p50 <= p90 does not hold");
    }
    return t;
}

} // namespace tessera::latency
