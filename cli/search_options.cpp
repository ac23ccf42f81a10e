#include "cli/search_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::cli {
namespace {

const std::vector<std::string> of_another_search = {"minimize", "maximize", "bound", "min",
                                                    "max",      "strategy", "name"};

} // namespace

std::vector<Option> search_options() {
    return {
        {"max", "NAME=VALUE", "upper bound, e.g. latency_cpu_ms=5; may be repeated", true},
        {"min", "NAME=VALUE", "lower bound; may be repeated", true},
        {"bound", "BOUND", "'NAME<=VALUE', 'NAME>=VALUE' or 'LOW<=NAME<=HIGH'; may be repeated", true},
        {"minimize", "NAME", "seek small values of it, in place of the run's objectives; may be repeated",
         true},
        {"maximize", "NAME", "seek large values of it; may be repeated", true},
        {"strategy", "exact|nsga2|local|cem|greedy|random", "how to search"},
        {"name", "NAME",
         "of the folder for the result (searches/NAME); an existing one is never overwritten"},
        {"table", "FILE", "search this CSV (block, choice, a column an objective) instead of a run"},
        {"pairs", "FILE",
         "with --table: CSV of block_a, choice_a, block_b, choice_b and what the pair adds to columns"},
        {"candidates", "FILE",
         "search the best subset of this CSV's rows (candidate, a column an objective)"},
        {"score", "COMMAND",
         "with --table or --candidates: a program that scores what is chosen, in JSON lines"},
        {"score-timeout", "SECONDS", "how long the program may take for one answer (60)"},
        {"maximum", "NAME", "with --table: this column of a whole is the largest of its parts, not their sum",
         true},
        {"allow-negative", "", "with --table: take values below 0"},
        {"evaluations", "N", "with --table: budget of strategies other than exact (5000)"},
        {"gap", "SHARE",
         "with --pairs: stop when at most this share of the hypervolume can be missing (0.001)"},
        {"steps", "N",
         "with --pairs: stop after so many elementary steps, some 70 million a second (500000000)"},
        {"best", "K",
         "with --table: the K best by the one objective sought within all bounds, instead of the front"},
        {"out", "FILE", "with --table: write the front to this CSV alone, instead of a folder in searches/"},
    };
}

bool asks_for_another_search(const Arguments& arguments) {
    return std::ranges::any_of(of_another_search, [&](const auto& name) { return arguments.has(name); });
}

std::vector<nas::Objective> sought_objectives(const Arguments& arguments) {
    std::vector<nas::Objective> objectives;
    for (const auto& [option, direction] :
         {std::pair("maximize", nas::Direction::maximize), std::pair("minimize", nas::Direction::minimize)}) {
        for (const std::string& name : arguments.values(option)) {
            if (std::ranges::find(objectives, name, &nas::Objective::name) != objectives.end()) {
                throw support::UsageError(fmt::format("--{} {}: it is sought twice", option, name));
            }
            objectives.push_back({name, direction, {}, {}});
        }
    }
    return objectives;
}

void check_plain_name(const Arguments& arguments) {
    const std::string name = arguments.value("name");
    if (arguments.has("name") &&
        (name.empty() || name.find('/') != std::string::npos || name.starts_with("."))) {
        throw support::UsageError(fmt::format("--name '{}': expected a plain name without slashes", name));
    }
}

std::vector<nas::Bound> asked_bounds(const Arguments& arguments) {
    std::vector<nas::Bound> bounds;
    for (const std::string& text : arguments.values("bound")) {
        bounds.push_back(nas::parse_bound(text));
    }
    for (const std::string& text : arguments.values("min")) {
        bounds.push_back(nas::parse_limit(text, false));
    }
    for (const std::string& text : arguments.values("max")) {
        bounds.push_back(nas::parse_limit(text, true));
    }
    nas::require_each_side_once(bounds);
    return bounds;
}

} // namespace tessera::cli
