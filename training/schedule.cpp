#include "training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "support/csv.h"

namespace tessera::training {
namespace {

std::int64_t steps_of(double epochs, std::int64_t epoch) {
    return static_cast<std::int64_t>(std::llround(epochs * static_cast<double>(epoch)));
}

double rise(std::int64_t step, std::int64_t warmup) {
    return std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(warmup + 1));
}

} // namespace

void Schedule::read(support::Section& section) {
    section.read("warmup", warmup, {0, 1000},
                 "Epochs in which the learning rate rises linearly, before its cosine.");
    section.read("final_rate", final_rate, {0, 100}, "Learning rate at the end of a cosine.");
    section.read(
        "restarts", restarts, {0, 100'000},
        "Epochs of a first cosine that starts again, each time twice as long; 0: one cosine to the end.");
}

std::string Schedule::essence() const {
    std::string text = fmt::format("warmup: {}\n", support::number(warmup));
    if (final_rate != 0 || restarts != 0) {
        text += fmt::format("final_rate: {}\nrestarts: {}\n", support::number(final_rate),
                            support::number(restarts));
    }
    return text;
}

double Schedule::rate(double top, std::int64_t done, std::int64_t total, std::int64_t epoch) const {
    const std::int64_t rising = steps_of(warmup, epoch);
    if (done < rising && done < total) {
        return top * rise(done, rising);
    }
    std::int64_t begin = rising, end = total;
    if (const std::int64_t first = steps_of(restarts, epoch); first > 0) {
        std::int64_t length = first;
        for (; done >= begin + length; length *= 2) {
            begin += length;
        }
        end = begin + length;
    }
    const double low = std::min(final_rate, top);
    return low + (top - low) * cosine_factor(done - begin, end - begin, 0);
}

double SteadySchedule::rate(double top, std::int64_t done, std::int64_t epoch) const {
    const std::int64_t between = std::max<std::int64_t>(1, steps_of(epochs, epoch));
    return top * std::pow(factor, static_cast<double>(done / between));
}

double cosine_factor(std::int64_t step, std::int64_t total, std::int64_t warmup) {
    if (step >= total) {
        return 0;
    }
    if (step < warmup) {
        return rise(step, warmup);
    }
    const double share = static_cast<double>(step - warmup) / static_cast<double>(total - warmup);
    return 0.5 * (1 + std::cos(std::numbers::pi * share));
}

} // namespace tessera::training
