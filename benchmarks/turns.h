// Contenders that take turns on the clock, so that a busy machine is unfair to none of them.
#pragma once

#include <algorithm>
#include <ctime>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace tessera::benchmarks {

inline double now(clockid_t clock = CLOCK_MONOTONIC) {
    timespec time{};
    clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Seconds of one call, called again and again for `at_least` seconds.
inline double seconds_of(const std::function<void()>& work, double at_least,
                         clockid_t clock = CLOCK_MONOTONIC) {
    const double start = now(clock);
    double spent = 0;
    int passes = 0;
    do {
        work();
        ++passes;
        spent = now(clock) - start;
    } while (spent < at_least);
    return spent / passes;
}

/// Per contender, seconds of a call in each round; a round before them warms up.
inline std::vector<std::vector<double>> take_turns(const std::vector<std::function<void()>>& contenders,
                                                   int rounds, double at_least,
                                                   clockid_t clock = CLOCK_MONOTONIC) {
    std::vector<std::vector<double>> seconds(contenders.size());
    for (int round = -1; round < rounds; ++round) {
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            const double spent = seconds_of(contenders[i], round < 0 ? 0 : at_least, clock);
            if (round >= 0) {
                seconds[i].push_back(spent);
            }
        }
    }
    return seconds;
}

/// Median over the rounds of `numerator`'s seconds divided by `denominator`'s in the same round.
inline double ratio(const std::vector<double>& numerator, const std::vector<double>& denominator) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < numerator.size(); ++i) {
        ratios.push_back(numerator[i] / denominator[i]);
    }
    return median(ratios);
}

} // namespace tessera::benchmarks
