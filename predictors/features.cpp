#include "predictors/features.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace tessera::predictors {
namespace {

constexpr double log_floor = 0.001;

/// Calls single(i) for every linear feature and pair(i, j) for every product, in the order of the
/// coefficients.
template <class Single, class Pair>
void each_feature(Form form, std::size_t blocks, Single single, Pair pair) {
    if (form == Form::automatic) {
        throw std::invalid_argument("the form has to be decided first");
    }
    for (std::size_t i = 0; i < blocks; ++i) {
        single(i);
    }
    for (std::size_t i = 0; i < blocks && form != Form::linear; ++i) {
        const std::size_t end = form == Form::additive ? i + 1 : blocks;
        for (std::size_t j = i; j < end; ++j) {
            pair(i, j);
        }
    }
}

} // namespace

std::size_t feature_count(Form form, std::size_t blocks) {
    switch (form) {
    case Form::linear:
        return blocks;
    case Form::additive:
        return 2 * blocks;
    case Form::second_order:
        return blocks + blocks * (blocks + 1) / 2;
    case Form::automatic:
        break;
    }
    throw std::invalid_argument("the form has to be decided first");
}

std::vector<std::string> feature_names(Form form, std::size_t blocks) {
    std::vector<std::string> names;
    const auto name = [](std::size_t i) { return "x" + std::to_string(i + 1); };
    each_feature(
        form, blocks, [&](auto i) { names.push_back(name(i)); },
        [&](auto i, auto j) { names.push_back(i == j ? name(i) + "^2" : name(i) + "*" + name(j)); });
    return names;
}

std::vector<double> expand(Form form, std::span<const double> qualities) {
    std::vector<double> features;
    features.reserve(feature_count(form, qualities.size()));
    each_feature(
        form, qualities.size(), [&](auto i) { features.push_back(qualities[i]); },
        [&](auto i, auto j) { features.push_back(qualities[i] * qualities[j]); });
    return features;
}

double to_target(Target target, double accuracy) {
    return target == Target::log_error ? std::log(1 - accuracy + log_floor) : accuracy;
}

double from_target(Target target, double value) {
    return std::clamp(target == Target::log_error ? 1 + log_floor - std::exp(value) : value, 0.0, 1.0);
}

} // namespace tessera::predictors
