// The same bytes on every machine: a search's decisions use no library function that may round differently.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "nas/search/local_search.h"
#include "nas/search/search.h"
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

TEST(Golden, FrontsAreTheSameOnEveryMachine) {
    const Problem two = whole_numbers(2), three = whole_numbers(3);
    const std::string text = text_of("nsga2, two objectives", nsga2(two, {40, 30, 0.9, 0}, 11)) +
                             text_of("nsga2, three objectives", nsga2(three, {20, 12, 0.9, 0}, 12)) +
                             text_of("local search", local_search(two, 400, 13));
    const std::string file = std::string(TESSERA_SOURCE_DIR) + "/tests/nas/search/golden/fronts.txt";
    EXPECT_EQ(support::read_file(file), text)
        << "where the searches were changed on purpose, this is " << file;
}

} // namespace
} // namespace tessera::nas
