#include "support/plot_axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tessera::support::plot {
namespace {

/// The smallest of 1, 2, 5 times a power of ten that is not below `raw`.
double round_step(double raw) {
    const double power = std::pow(10.0, std::floor(std::log10(raw)));
    for (const double factor : {1.0, 2.0, 5.0}) {
        if (factor * power >= raw * (1 - 1e-9)) {
            return factor * power;
        }
    }
    return 10.0 * power;
}

std::string label(double value, double step) {
    const double size = std::max(std::abs(value), step);
    if (value != 0 && (size >= 1e6 || size < 1e-4)) {
        return fmt::format("{:.6g}", value);
    }
    const int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 12);
    return fmt::format("{:.{}f}", value == 0 ? 0.0 : value, decimals);
}

std::vector<Axis::Tick> even_ticks(double low, double high, int wanted) {
    std::vector<Axis::Tick> ticks;
    const double step = round_step((high - low) / wanted);
    const double first = std::ceil(low / step - 1e-9);
    for (int i = 0; i <= 2 * wanted + 2;
         ++i) { // counted, since adding a tiny step to a large value may not move it
        const double value = (first + i) * step;
        if (value > high + 1e-9 * step) {
            break;
        }
        ticks.push_back({value, label(value, step)});
    }
    return ticks;
}

} // namespace

Axis Axis::around(const std::vector<double>& values, bool logarithmic) {
    Axis axis;
    axis.logarithmic = logarithmic;
    bool any = false;
    for (const double value : values) {
        if (!std::isfinite(value) || (logarithmic && value <= 0)) {
            continue;
        }
        const double place = logarithmic ? std::log10(value) : value;
        axis.low = any ? std::min(axis.low, place) : place;
        axis.high = any ? std::max(axis.high, place) : place;
        any = true;
    }
    const double size = std::max(std::abs(axis.low), std::abs(axis.high));
    double margin = 0.04 * (axis.high - axis.low);
    if (margin <= 1e-12 * size || margin == 0) {
        margin = logarithmic ? 0.5 : (size > 0 ? 0.1 * size : 1.0); // all values alike
    }
    axis.low -= margin;
    axis.high += margin;
    return axis;
}

std::vector<Axis::Tick> Axis::ticks(int wanted) const {
    if (!logarithmic) {
        return even_ticks(low, high, wanted);
    }
    std::vector<Tick> ticks;
    const double decades = high - low;
    if (decades < 0.7) { // less than a factor of five: marks as on an even axis
        return even_ticks(std::pow(10.0, low), std::pow(10.0, high), wanted);
    }
    const int every = std::max(1, static_cast<int>(std::ceil(decades / wanted)));
    const bool dense = decades < 2.5;
    for (int power = static_cast<int>(std::floor(low)); power <= high; ++power) {
        for (const double factor : {1.0, 2.0, 5.0}) {
            const double place = power + std::log10(factor);
            const bool wanted_here = factor == 1.0 ? power % every == 0 : dense;
            if (wanted_here && place >= low && place <= high) {
                ticks.push_back(
                    {std::pow(10.0, place), fmt::format("{:.6g}", factor * std::pow(10.0, power))});
            }
        }
    }
    return ticks;
}

double Axis::share(double value) const {
    const double place = logarithmic ? std::log10(value) : value;
    return (place - low) / (high - low);
}

} // namespace tessera::support::plot
