// What a prior for mutation is worth: the evaluations that NSGA-II needs to reach 99 % of the exact front's
// hypervolume, steered by different columns of a table.
//
//     cmake --build build/release --target search_prior
//     build/release/search_prior TABLE.csv OBJECTIVE,OBJECTIVE COLUMN[+COLUMN]... [SEEDS]
//
// TABLE has block, choice and the columns (smaller is better); the choices of each block with a smaller rank
// in the columns of a prior are tried first. `none` is the search that learns alone, `random` a shuffled
// ranking. Prints the table of docs/experiments/steering.md.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>

#include "nas/search/choice_table.h"
#include "nas/search/exact.h"
#include "nas/search/preference.h"
#include "nas/search/strategy.h"
#include "support/error.h"
#include "support/seed.h"

namespace {

using namespace tessera::nas;
using Weights = std::vector<std::vector<double>>;

std::vector<std::string> split(const std::string& text, char at) {
    std::istringstream stream(text);
    std::vector<std::string> parts;
    for (std::string part; std::getline(stream, part, at);) {
        parts.push_back(part);
    }
    return parts;
}

std::vector<Objective> minimized(const std::vector<std::string>& names) {
    std::vector<Objective> objectives;
    for (const std::string& name : names) {
        objectives.push_back({name, Direction::minimize, {}, {}});
    }
    return objectives;
}

/// The same ranks, dealt to other choices of the same block: what a prior has to beat.
Weights shuffled(Weights weights, std::uint64_t seed) {
    tessera::support::Rng rng(tessera::support::derive_seed(seed, {"prior"}));
    for (auto& block : weights) {
        rng.shuffle(block);
    }
    return weights;
}

/// Evaluations until the hypervolume reaches `share` of the exact front's; all of them where it never does.
double evaluations_to(double share, const TableModel& model, const SearchOptions& options,
                      const Weights& preference, std::uint64_t seed) {
    const auto objectives = model.objectives();
    const auto exact = exact_front(model).front;
    const Scaling scaling = Scaling::of(exact, objectives);
    const double goal = share * hypervolume(exact, objectives, scaling);
    Problem problem = model.problem();
    problem.preference = preference;
    const SearchResult result = nsga2(problem, options, seed);
    std::vector<Candidate> front;
    for (std::size_t i = 0; i < result.evaluated.size(); ++i) {
        front.push_back(result.evaluated[i]);
        front = non_dominated(front, objectives);
        if (hypervolume(front, objectives, scaling) >= goal) {
            return static_cast<double>(i + 1);
        }
    }
    return static_cast<double>(result.evaluated.size());
}

void row(const std::string& name, const std::string& steering, const std::vector<double>& needed) {
    double sum = 0, squares = 0;
    for (const double n : needed) {
        sum += n;
    }
    const double count = static_cast<double>(needed.size()), mean = sum / count;
    for (const double n : needed) {
        squares += (n - mean) * (n - mean);
    }
    std::vector<double> sorted = needed;
    std::ranges::sort(sorted);
    std::printf("| %s | %s | %.1f +- %.1f | %.0f |\n", name.c_str(), steering.c_str(), mean,
                1.96 * std::sqrt(squares / (count - 1) / count), sorted[sorted.size() / 2]);
    std::fflush(stdout);
}

int compare(int argc, char** argv) {
    const auto objectives = split(argv[2], ',');
    std::vector<std::string> priors(argv + 3, argv + argc);
    int seeds = 100;
    if (std::ranges::all_of(priors.back(), [](unsigned char c) { return std::isdigit(c) != 0; })) {
        seeds = std::max(2, std::atoi(priors.back().c_str()));
        priors.pop_back();
    }
    std::set<std::string> names(objectives.begin(), objectives.end());
    for (const std::string& prior : priors) {
        const auto columns = split(prior, '+');
        names.insert(columns.begin(), columns.end());
    }
    const ChoiceTable table = ChoiceTable::load(argv[1], {names.begin(), names.end()}, true);
    const TableModel model = table.model(minimized(objectives), {});

    std::printf("Evaluations to 99 %% of the hypervolume, %d seeds (mean with its 95 %% interval, median)\n\n"
                "| prior | steering | mean | median |\n|---|---|---|---|\n",
                seeds);
    const auto run = [&](const std::string& name, SteeredBy steering, const auto& weights) {
        SearchOptions options;
        options.population = 20;
        options.generations = 300;
        options.steering = steering;
        std::vector<double> needed;
        for (std::uint64_t seed = 1; seed <= static_cast<std::uint64_t>(seeds); ++seed) {
            needed.push_back(evaluations_to(0.99, model, options, weights(seed), seed));
        }
        const char* text = steering == SteeredBy::learned      ? "learned"
                           : steering == SteeredBy::preference ? "preference"
                                                               : "both";
        row(name, text, needed);
    };
    run("none", SteeredBy::learned, [](std::uint64_t) { return Weights{}; });
    for (const SteeredBy steering : {SteeredBy::both, SteeredBy::preference}) {
        const Weights own = preference_of(model);
        run("objectives", steering, [&](std::uint64_t) { return own; });
        for (const std::string& prior : priors) {
            const Weights weights = preference_of(table.model(minimized(split(prior, '+')), {}));
            run(prior, steering, [&](std::uint64_t) { return weights; });
            run(prior + ", shuffled", steering, [&](std::uint64_t seed) { return shuffled(weights, seed); });
        }
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: %s TABLE.csv OBJECTIVE,OBJECTIVE COLUMN[+COLUMN]... [SEEDS]\n", argv[0]);
        return 2;
    }
    try {
        return compare(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "error: %s\n", e.what());
        return 1;
    }
}
