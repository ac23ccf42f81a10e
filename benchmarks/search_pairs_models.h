// Models with terms of pairs of blocks for the benchmarks of searches.
//
// accuracy = 0.8 - exp(score), score = sums over blocks plus products of pairs of blocks, which make up a
// quarter of its variance; latency is additive and trades off against the score. `linked`: the scalar that is
// multiplied is the block's own score, as in the second-order predictor; `loose`: it is random beside it.
#pragma once

#include <cmath>
#include <vector>

#include "nas/search/table_model.h"
#include "support/seed.h"

namespace tessera::nas {

inline constexpr double pair_share = 0.25; // of the score's variance

inline double sampled_variance(const TableModel& model, const TableColumn& column, support::Rng& rng) {
    constexpr int draws = 4000;
    double sum = 0, squares = 0;
    std::vector<int> genome(model.choices.size());
    for (int i = 0; i < draws; ++i) {
        for (std::size_t b = 0; b < genome.size(); ++b) {
            genome[b] = static_cast<int>(rng.below(static_cast<std::uint64_t>(model.choices[b])));
        }
        const double total = column.total(genome);
        sum += total;
        squares += total * total;
    }
    return squares / draws - sum / draws * sum / draws;
}

inline TableModel second_order(std::size_t blocks, int choices, bool linked, std::uint64_t seed,
                               double rest = -3) {
    support::Rng rng(seed);
    TableModel model;
    model.choices.assign(blocks, choices);
    TableColumn accuracy, latency;
    accuracy.objective = {"accuracy", Direction::maximize, {}, {}};
    accuracy.response = {Response::Kind::ceiling_minus_exp, 1, 0, 0.8};
    accuracy.rest = rest;
    latency.objective = {"latency", Direction::minimize, {}, {}};
    TableColumn pairs; // the products alone, to weigh them
    for (std::size_t b = 0; b < blocks; ++b) {
        const double size = 0.5 + rng.uniform();
        std::vector<double> scores, times, scalars;
        double mean = 0;
        for (int i = 0; i < choices; ++i) {
            const double u = rng.uniform(), q = (1 - u) * (1 - u) + 0.3 * rng.uniform();
            scores.push_back(size * q);
            times.push_back((0.3 + size) * u);
            scalars.push_back(linked ? q : rng.normal());
            mean += scalars.back() / choices;
        }
        for (double& x : scalars) {
            x -= mean; // products of what is centred: nothing that additive terms could say
        }
        accuracy.values.push_back(scores);
        latency.values.push_back(times);
        pairs.values.emplace_back(static_cast<std::size_t>(choices), 0.0);
        pairs.pairs.scalars.push_back(scalars);
        for (std::size_t a = 0; a < b; ++a) {
            pairs.pairs.weights.push_back(linked ? 1.5 * rng.uniform() - 0.5 : rng.normal());
        }
    }
    const double ratio = std::sqrt(pair_share / (1 - pair_share) * sampled_variance(model, accuracy, rng) /
                                   sampled_variance(model, pairs, rng));
    for (double& w : pairs.pairs.weights) {
        w *= ratio;
    }
    accuracy.pairs = pairs.pairs;
    model.columns = {accuracy, latency};
    return model;
}

} // namespace tessera::nas
