// How near NSGA-II comes to fronts that are known: the share of the hypervolume, over 20 seeds.
//
//     cmake -S . -B build/core -G Ninja -DTESSERA_TORCH=OFF -DTESSERA_BENCHMARKS=ON
//     cmake --build build/core --target search_shares && build/core/search_shares [SEEDS]
//
// Additive tables (5 blocks of 384 choices, four shapes) against the exact front; models with terms of pairs
// (5 x 384, 10 x 50; search_pairs_models.h) against the certified front and against the points that are
// certified to cover everything. Prints the tables of docs/experiments/search.md.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "benchmarks/search_pairs_models.h"
#include "nas/search/certified/search.h"
#include "nas/search/exact.h"
#include "nas/search/strategy.h"
#include "tests/nas/search/table_models.h"

namespace {

using namespace tessera::nas;

/// A model with what is known of its front.
struct Known {
    std::string name;
    TableModel model;
    std::vector<Candidate> front, bound; ///< the bound is empty where the front is the true one
    Scaling scaling;

    double volume(std::span<const Candidate> points) const {
        return hypervolume(points, model.objectives(), scaling);
    }
};

Known additive(const std::string& name, Shape shape) {
    Known known{name, additive_model(Tables::random(5, 384, 384, shape, false, 1), 2), {}, {}, {}};
    known.front = exact_front(known.model).front;
    known.scaling = Scaling::of(known.front, known.model.objectives());
    return known;
}

Known with_pairs(std::size_t blocks, int choices, bool linked) {
    Known known{std::to_string(blocks) + " x " + std::to_string(choices) + (linked ? " linked" : " loose"),
                second_order(blocks, choices, linked, 1, -0.6 * static_cast<double>(blocks)),
                {},
                {},
                {}};
    const CertifiedOptions options;
    certified::BranchAndBound search(known.model, options);
    known.front = search.run().front;
    known.bound = search.bound();
    std::vector<Candidate> both = known.front;
    both.insert(both.end(), known.bound.begin(), known.bound.end());
    known.scaling = Scaling::of(both, known.model.objectives());
    return known;
}

struct Spread {
    double median = 0, lowest = 0;
};
Spread spread(std::vector<double> shares) {
    std::sort(shares.begin(), shares.end());
    const std::size_t n = shares.size();
    return {(shares[(n - 1) / 2] + shares[n / 2]) / 2, shares.front()};
}

/// One row: shares after a fifth, a half and all of the evaluations, and of the bound.
void row(const Known& known, const std::string& variant, const StrategyOptions& options, int seeds) {
    const double truth = known.volume(known.front);
    std::vector<std::vector<double>> shares(3);
    for (int seed = 1; seed <= seeds; ++seed) {
        const SearchResult result = solve(known.model, options, static_cast<std::uint64_t>(seed));
        const std::size_t generations = result.generation_fronts.size();
        const std::size_t moments[] = {generations / 5, generations / 2, generations};
        for (std::size_t m = 0; m < 3; ++m) {
            std::vector<Candidate> points;
            for (const std::size_t i : result.generation_fronts[moments[m] - 1]) {
                points.push_back(result.evaluated[i]);
            }
            shares[m].push_back(known.volume(points) / truth);
        }
    }
    std::printf("| %s | %s |", known.name.c_str(), variant.c_str());
    for (const auto& each : shares) {
        const Spread s = spread(each);
        std::printf(" %.4f (%.4f) |", s.median, s.lowest);
    }
    if (known.bound.empty()) {
        std::printf(" |\n");
    } else {
        const double most = known.volume(known.bound);
        const Spread s = spread(shares.back());
        std::printf(" %.4f (%.4f) |\n", s.median * truth / most, s.lowest * truth / most);
    }
    std::fflush(stdout);
}

void heading(const char* title, int seeds) {
    std::printf(
        "%s: share of the hypervolume of the exact (certified) front, median (lowest) of %d seeds.\n\n"
        "| table | NSGA-II | 1 000 evaluations | 2 500 | 5 000 | 5 000, of the certified bound |\n"
        "|---|---|---|---|---|---|\n",
        title, seeds);
}

void compare_steering(const Known& known, int seeds) {
    StrategyOptions options;
    options.strategy = Strategy::nsga2;
    for (const auto& [name, steering] :
         {std::pair("learned", SteeredBy::learned), std::pair("preference", SteeredBy::preference),
          std::pair("both", SteeredBy::both)}) {
        options.search.steering = steering;
        row(known, name, options, seeds);
    }
}

void compare_seeding(const Known& known, int seeds) {
    StrategyOptions options;
    options.strategy = Strategy::nsga2;
    for (const auto& [name, seeding] :
         {std::pair("none", Seeding::none), std::pair("own_fronts", Seeding::own_fronts),
          std::pair("solver", Seeding::solver)}) {
        options.search.seeding = seeding;
        row(known, name, options, seeds);
    }
}

} // namespace

int main(int argc, char** argv) {
    const int seeds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 20;
    std::vector<Known> all = {additive("independent", Shape::independent),
                              additive("trade_off", Shape::trade_off), additive("steps", Shape::steps),
                              additive("heavy_tail", Shape::heavy_tail)};
    for (const auto& [blocks, choices] : {std::pair{5, 384}, {10, 50}}) {
        for (const bool linked : {true, false}) {
            all.push_back(with_pairs(static_cast<std::size_t>(blocks), choices, linked));
        }
    }
    heading("search.steering", seeds);
    for (const Known& known : all) {
        compare_steering(known, seeds);
    }
    std::printf("\n");
    heading("search.seeding", seeds);
    for (const Known& known : all) {
        if (!known.bound.empty()) {
            compare_seeding(known, seeds);
        }
    }
}
