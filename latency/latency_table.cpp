#include "latency/latency_table.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::latency {
namespace {

double quantile(const std::vector<double>& sorted, double share) {
    const double at = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    if (below + 1 >= sorted.size()) {
        return sorted.back();
    }
    return sorted[below] + (at - static_cast<double>(below)) * (sorted[below + 1] - sorted[below]);
}

struct Line {
    double offset = 0, scale = 1;
};

/// Minimises the sum of ((offset + scale * predicted) / measured - 1)^2 over the networks but one. None where
/// the predictions do not vary or the line falls: such a line would turn the order of the networks round.
std::optional<Line> fit_line(const std::vector<WholeNetwork>& networks, std::size_t left_out) {
    // With u = 1 / measured and v = predicted / measured: offset u + scale v = 1.
    double uu = 0, uv = 0, vv = 0, u1 = 0, v1 = 0;
    for (std::size_t i = 0; i < networks.size(); ++i) {
        if (i == left_out) {
            continue;
        }
        const double u = 1 / networks[i].measured_ms, v = networks[i].predicted_ms / networks[i].measured_ms;
        uu += u * u;
        uv += u * v;
        vv += v * v;
        u1 += u;
        v1 += v;
    }
    const double determinant = uu * vv - uv * uv;
    if (!(determinant > 1e-12 * uu * vv)) {
        return std::nullopt;
    }
    const Line line{(u1 * vv - v1 * uv) / determinant, (v1 * uu - u1 * uv) / determinant};
    if (!(line.scale > 0)) {
        return std::nullopt;
    }
    return line;
}

double miss(const WholeNetwork& network, const Line& line) {
    return std::abs((line.offset + line.scale * network.predicted_ms) / network.measured_ms - 1);
}

} // namespace

Timing Timing::of(std::vector<double> samples_ms) {
    if (samples_ms.empty()) {
        throw std::invalid_argument("a timing needs at least one sample");
    }
    std::sort(samples_ms.begin(), samples_ms.end());
    const auto n = static_cast<double>(samples_ms.size());
    Timing t;
    t.count = static_cast<std::int64_t>(samples_ms.size());
    for (const double s : samples_ms) {
        t.mean_ms += s / n;
    }
    for (const double s : samples_ms) {
        t.variance_ms2 += (s - t.mean_ms) * (s - t.mean_ms) / std::max(n - 1, 1.0);
    }
    t.p10_ms = quantile(samples_ms, 0.1);
    t.p50_ms = quantile(samples_ms, 0.5);
    t.p90_ms = quantile(samples_ms, 0.9);
    return t;
}

Timing Timing::without(double ms) const {
    Timing t = *this;
    for (double* time : {&t.mean_ms, &t.p10_ms, &t.p50_ms, &t.p90_ms}) {
        *time = std::max(*time - ms, least_ms);
    }
    return t;
}

void LatencyTable::add(const std::string& block, const std::string& choice, const Timing& timing) {
    rows_.insert_or_assign({block, choice}, timing);
}

const Timing* LatencyTable::find(const std::string& block, const std::string& choice) const {
    const auto row = rows_.find({block, choice});
    return row == rows_.end() ? nullptr : &row->second;
}

double LatencyTable::network_ms(const std::vector<std::pair<std::string, std::string>>& blocks) const {
    double sum = stem.p50_ms;
    for (const auto& [block, choice] : blocks) {
        const Timing* timing = find(block, choice);
        if (timing == nullptr) {
            throw support::RunError(fmt::format(
                "the latency table of '{}' has no row for block '{}', choice '{}'; measure it again",
                context.device, block, choice));
        }
        sum += timing->p50_ms;
    }
    return offset_ms + scale * (sum + head.p50_ms);
}

double LatencyTable::additivity_error() const {
    double sum = 0;
    for (const WholeNetwork& w : additivity) {
        sum += miss(w, Line{});
    }
    return additivity.empty() ? 0 : sum / static_cast<double>(additivity.size());
}

double LatencyTable::corrected_error() const {
    double sum = 0;
    for (std::size_t i = 0; i < additivity.size(); ++i) {
        sum += miss(additivity[i], fit_line(additivity, i).value_or(Line{}));
    }
    return additivity.empty() ? 0 : sum / static_cast<double>(additivity.size());
}

void LatencyTable::fit_correction() {
    offset_ms = 0;
    scale = 1;
    // Two networks determine a line whatever they are; three are the fewest that can speak against one.
    if (additivity.size() < 3 || !(corrected_error() < additivity_error())) {
        return;
    }
    const Line line = fit_line(additivity, additivity.size()).value_or(Line{});
    offset_ms = line.offset;
    scale = line.scale;
}

} // namespace tessera::latency
