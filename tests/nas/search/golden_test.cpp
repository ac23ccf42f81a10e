// The same bytes on every machine: a search's decisions use no library function that may round differently.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>

#include "nas/search/certified.h"
#include "nas/search/exact.h"
#include "nas/search/greedy.h"
#include "nas/search/local_search.h"
#include "nas/search/strategy.h"
#include "support/files.h"
#include "support/seed.h"

namespace tessera::nas {
namespace {

/// Whole numbers, so that evaluation itself is exact whatever fuses: 7 blocks of 24 choices, two sums, one of
/// them with products of neighbouring blocks.
Problem whole_numbers(std::size_t objectives) {
    support::Rng rng(2024);
    std::vector<std::vector<std::int64_t>> loss(7), time(7);
    for (std::size_t b = 0; b < 7; ++b) {
        for (int i = 0; i < 24; ++i) {
            loss[b].push_back(static_cast<std::int64_t>(rng.below(1000)));
            time[b].push_back((1000 - loss[b].back()) * 3 / 4 + static_cast<std::int64_t>(rng.below(400)));
        }
    }
    Problem p;
    p.choices.assign(7, 24);
    p.objectives = {{"accuracy", Direction::maximize, {}, {}}, {"ms", Direction::minimize, {}, {}}};
    if (objectives > 2) {
        p.objectives.push_back({"macs", Direction::minimize, {}, {}});
    }
    p.evaluate = [loss, time](std::span<const int> g, std::span<double> v) {
        std::int64_t lost = 0, ms = 0, macs = 0;
        for (std::size_t b = 0; b < 7; ++b) {
            const auto i = static_cast<std::size_t>(g[b]), j = static_cast<std::size_t>(g[(b + 1) % 7]);
            lost += 1000 * loss[b][i] + loss[b][i] * loss[(b + 1) % 7][j];
            ms += time[b][i];
            macs += (g[b] * 37) % 101;
        }
        v[0] = static_cast<double>(-lost);
        v[1] = static_cast<double>(ms);
        if (v.size() > 2) {
            v[2] = static_cast<double>(macs);
        }
    };
    return p;
}

std::string text_of(const std::string& name, const SearchResult& result) {
    std::string text = fmt::format("{}: {}\n", name, result.ended);
    for (const Candidate& c : result.front) {
        text += fmt::format("{} | {}\n", fmt::join(c.values, " "), fmt::join(c.genome, " "));
    }
    return text;
}

/// Whole numbers again: 5 blocks of 14 choices, two sums and where asked for a maximum beside them, or
/// products of pairs of blocks.
TableModel whole_number_tables(bool maximum, bool pairs) {
    support::Rng rng(2025);
    const auto whole = [&](std::uint64_t below) { return static_cast<double>(rng.below(below)); };
    TableModel model;
    model.choices.assign(5, 14);
    TableColumn loss, time, peak;
    loss.objective = {"loss", Direction::minimize, {}, {}};
    time.objective = {"ms", Direction::minimize, {}, {}};
    peak.objective = {"bytes", Direction::minimize, {}, {}};
    peak.maximum = true;
    for (std::size_t b = 0; b < 5; ++b) {
        for (auto* column : {&loss, &time, &peak}) {
            column->values.emplace_back();
        }
        if (pairs) {
            loss.pairs.scalars.emplace_back();
        }
        for (int i = 0; i < 14; ++i) {
            loss.values[b].push_back(whole(1000));
            time.values[b].push_back(1000 - loss.values[b].back() + whole(500));
            peak.values[b].push_back(whole(50));
            if (pairs) {
                loss.pairs.scalars[b].push_back(whole(21) - 10);
            }
        }
        for (std::size_t a = 0; pairs && a < b; ++a) {
            loss.pairs.weights.push_back(whole(5) - 2);
        }
    }
    model.columns = {loss, time};
    if (maximum) {
        model.columns.push_back(peak);
    }
    return model;
}

void expect_content(const std::string& name, const std::string& text) {
    const std::string file = std::string(TESSERA_SOURCE_DIR) + "/tests/nas/search/golden/" + name;
    EXPECT_EQ(support::read_file(file), text)
        << "where the searches were changed on purpose, this is " << file;
}

/// For 1, 2 and 8 threads.
class Golden : public testing::TestWithParam<std::size_t> {
    const tbb::global_control control_{tbb::global_control::max_allowed_parallelism, GetParam()};
};

TEST_P(Golden, FrontsAreTheSameOnEveryMachine) {
    const Problem two = whole_numbers(2), three = whole_numbers(3);
    expect_content("fronts.txt", text_of("nsga2, two objectives", nsga2(two, {40, 30, 0.9, 0}, 11)) +
                                     text_of("nsga2, three objectives", nsga2(three, {20, 12, 0.9, 0}, 12)) +
                                     text_of("local search", local_search(two, 400, 13)));
}

TEST_P(Golden, SoAreThoseOfTheOtherMethods) {
    const Problem two = whole_numbers(2), three = whole_numbers(3);
    Problem one = two;
    one.objectives[0].bounds_only = true;
    one.objectives[0].low = -9e6;
    expect_content("methods.txt",
                   text_of("cross-entropy, one objective", cross_entropy(one, {}, 800, 14)) +
                       text_of("cross-entropy, two objectives", cross_entropy(two, {}, 800, 15)) +
                       text_of("cross-entropy, three objectives", cross_entropy(three, {}, 400, 16)) +
                       text_of("greedy, one objective", greedy(one, 1000)) +
                       text_of("greedy, two objectives", greedy(two, 3000)) +
                       text_of("random", random_search(two, 500, 17)));
}

TEST_P(Golden, SoAreThoseOfTables) {
    const TableModel sums = whole_number_tables(false, false), maximum = whole_number_tables(true, false),
                     pairs = whole_number_tables(false, true);
    TableModel bounded = maximum;
    bounded.columns[1].objective.low = 2100;
    bounded.columns[1].objective.high = 2400;
    SearchResult best;
    best.front = k_best(bounded, 0, 12);
    best.ended = "12 best";
    StrategyOptions steered;
    steered.strategy = Strategy::nsga2;
    steered.search = {20, 20, 0.9, 0};
    steered.search.seeding = Seeding::solver;
    expect_content("tables.txt",
                   text_of("exact, two sums", exact_front(sums)) +
                       text_of("exact, bounds", exact_front(bounded)) +
                       text_of("exact, thinned", exact_front(sums, {100})) +
                       text_of("certified", certified_front(pairs, {.target_gap = 0})) +
                       text_of("certified to 2 %", certified_front(pairs, {.target_gap = 0.02})) +
                       text_of("best", best) + text_of("nsga2, steered", solve(pairs, steered, 18)));
}

INSTANTIATE_TEST_SUITE_P(Threads, Golden, testing::Values(1U, 2U, 8U));

} // namespace
} // namespace tessera::nas
