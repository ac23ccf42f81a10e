#include "nas/search/score_program.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <tbb/global_control.h>

#include "nas/search/choice_table.h"
#include "nas/search/cross_entropy.h"
#include "nas/search/greedy.h"
#include "support/error.h"
#include "tests/support/helpers.h"

namespace tessera::nas {
namespace {

using nlohmann::json;
using support::testing::get;
using support::testing::message_of;
using support::testing::TemporaryFolder;
using testing::HasSubstr;
using testing::StartsWith;

support::LineProcessOptions shell(const std::string& script, double seconds = 20) {
    return {{"sh", "-c", script}, seconds};
}

/// Of a subset.
GenomeNames subset_names(std::vector<std::string> candidates) { return {std::move(candidates), {}}; }

const GenomeNames letters = subset_names({"a", "b", "c"});

/// What a program that prints `answer` to every question (the number of which is N) is refused for.
std::string refusal(const std::string& answer, double seconds = 20) {
    ScoreProgram program(shell("n=0; while read -r q; do n=$((n+1)); " + answer + "; done", seconds), letters,
                         {"score"});
    std::vector<double> values(1);
    return message_of<support::RunError>([&] { program.ask(std::vector<int>{0, 1, 1}, values); });
}

std::string printing(const std::string& line) { return "printf '%s\\n' '" + line + "'"; }

TEST(ScoreProgram, AsksForSubsetsByNameAndGene) {
    const TemporaryFolder folder;
    const std::string log = (folder / "log").string();
    {
        ScoreProgram program(shell("n=0; while read -r q; do n=$((n+1)); printf '%s\\n' \"$q\" >> '" + log +
                                   "'; echo '{\"id\":'$n',\"values\":{\"other\":\"passed "
                                   "over\",\"cost\":-2e1,\"score\":'$n'.5}}'; done"),
                             subset_names({"call \"home\"", "caf\xc3\xa9", "\xff"}), {"score", "cost"});
        std::vector<double> values(2);
        program.ask(std::vector<int>{0, 1, 1}, values);
        EXPECT_EQ(values, (std::vector<double>{1.5, -20}));
        program.ask(std::vector<int>{1, 0, 0}, values);
        EXPECT_EQ(values, (std::vector<double>{2.5, -20}));
    }
    EXPECT_EQ(get(log), "{\"id\":1,\"genes\":[0,1,1],\"selected\":[\"caf\xc3\xa9\",\"\xef\xbf\xbd\"]}\n"
                        "{\"id\":2,\"genes\":[1,0,0],\"selected\":[\"call \\\"home\\\"\"]}\n");
}

TEST(ScoreProgram, AsksForChoicesByTheirBlocks) {
    const TemporaryFolder folder;
    const std::string log = (folder / "log").string();
    {
        const GenomeNames names{{"z", "a"}, {{"conv(3)", "skip"}, {"x", "y", "w"}}};
        EXPECT_EQ(names.counts(), (std::vector<int>{2, 3}));
        ScoreProgram program(shell("read -r q; printf '%s\\n' \"$q\" > '" + log +
                                   "'; echo '{\"values\":{\"score\":3},\"id\":1}'; read -r q"),
                             names, {"score"});
        std::vector<double> values(1);
        program.ask(std::vector<int>{1, 2}, values);
        EXPECT_EQ(values[0], 3);
    }
    EXPECT_EQ(get(log), "{\"id\":1,\"genes\":[1,2],\"choices\":{\"z\":\"skip\",\"a\":\"w\"}}\n");
}

TEST(ScoreProgram, RefusesAnswersThatAreNone) {
    EXPECT_EQ(refusal("echo hello"), "sh answered 'hello', which is no JSON object");
    EXPECT_EQ(refusal("echo"), "sh answered '', which is no JSON object");
    EXPECT_EQ(refusal(printing("[1]")), "sh answered '[1]', which is no JSON object");
    EXPECT_EQ(refusal("printf '\\033[31m\\377\\n'"), "sh answered '?[31m?', which is no JSON object");
    EXPECT_EQ(refusal(printing("{\"id\":1,\"values\":{\"score\":NaN}}")),
              "sh answered '{\"id\":1,\"values\":{\"score\":NaN}}', which is no JSON object: JSON has "
              "neither NaN nor "
              "Infinity");
    EXPECT_THAT(refusal(printing("{\"id\":1,\"values\":{\"score\":1}") + "; " + printing("}")),
                HasSubstr("which is no JSON object"));
    EXPECT_THAT(refusal(printing("{\"id\":1,\"values\":{\"score\":1e999}}")),
                HasSubstr("which is no JSON object"));
}

TEST(ScoreProgram, RefusesAnswersToOtherQuestions) {
    for (const std::string id : {"2", "0", "\"1\"", "1.5", "null", "-1", "[1]"}) {
        EXPECT_EQ(refusal(printing("{\"id\":" + id + ",\"values\":{\"score\":1}}")),
                  "sh was asked number 1 and answered '{\"id\":" + id +
                      ",\"values\":{\"score\":1}}'; one line an answer, with the question's id, and "
                      "everything else to "
                      "standard error");
    }
    EXPECT_THAT(refusal(printing("{\"values\":{\"score\":1}}")),
                StartsWith("sh was asked number 1 and answered"));
    // Twice the same: the second line is taken for the answer to the next question.
    ScoreProgram program(shell("read -r q; echo '{\"id\":1,\"values\":{\"score\":1}}'; echo "
                               "'{\"id\":1,\"values\":{\"score\":1}}'; read -r q; read -r q"),
                         letters, {"score"});
    std::vector<double> values(1);
    program.ask(std::vector<int>{0, 0, 0}, values);
    EXPECT_THAT(message_of<support::RunError>([&] {
                    program.ask(std::vector<int>{0, 0, 1}, values);
                }),
                StartsWith("sh was asked number 2 and answered"));
}

TEST(ScoreProgram, RefusesValuesThatAreMissingOrNoNumbers) {
    for (const std::string line : {"{\"id\":1}", "{\"id\":1,\"values\":3}",
                                   "{\"id\":1,\"values\":{\"Score\":1}}", "{\"id\":1,\"score\":1}"}) {
        EXPECT_EQ(refusal(printing(line)), "sh gave no 'score' under \"values\": '" + line + "'");
    }
    for (const std::string value : {"null", "\"1\"", "true", "[1]", "{}"}) {
        const std::string line = "{\"id\":1,\"values\":{\"score\":" + value + "}}";
        EXPECT_EQ(refusal(printing(line)),
                  "sh gave 'score' a value that is no finite number: '" + line + "'");
    }
}

TEST(ScoreProgram, PassesOnWhatTheProgramReports) {
    EXPECT_EQ(refusal(printing("{\"id\":1,\"error\":\"no such phrase\"}")),
              "sh reports an error: 'no such phrase'");
    EXPECT_EQ(refusal(printing("{\"id\":1,\"error\":[7]}")), "sh reports an error: '[7]'");
}

TEST(ScoreProgram, SaysHowAProgramFailed) {
    EXPECT_EQ(refusal("echo 'no microphone' >&2; exit 7"),
              "sh ended with status 7 before it answered; it last said: no microphone");
    EXPECT_EQ(refusal("sleep 60", 0.2), "sh gave no answer within 0.2 s");
    EXPECT_EQ(refusal("head -c 2000000 /dev/zero | tr '\\0' x"),
              "sh answered with a line of more than 1048576 bytes");
    EXPECT_EQ(message_of<support::RunError>([] {
                  ScoreProgram({{"/no/such", "--fast"}, 1}, letters, {"score"});
              }),
              "cannot start '/no/such': No such file or directory");
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a zombie";
}

TEST(ScoreProgram, StaysRefusedAfterAFailure) {
    ScoreProgram program(
        shell("read -r q; echo nonsense; read -r q; echo '{\"id\":2,\"values\":{\"score\":1}}'"), letters,
        {"score"});
    std::vector<double> values(1);
    const auto ask = [&] { program.ask(std::vector<int>{0, 0, 0}, values); };
    const std::string first = message_of<support::RunError>(ask);
    EXPECT_EQ(message_of<support::RunError>(ask), first);
}

TEST(ScoreProgram, RefusesNamesThatAreNone) {
    const auto refused = [](const GenomeNames& names) {
        return message_of([&] { ScoreProgram({{"cat"}, 1}, names, {"score"}); });
    };
    EXPECT_EQ(refused(subset_names({})), "there is nothing to choose from");
    EXPECT_EQ(refused(subset_names({"a", ""})), "the name of number 2 is empty");
    EXPECT_EQ(refused(subset_names({"a", "b", "a"})), "'a' occurs twice");
    EXPECT_EQ(refused({{"a", "b"}, {{"x"}, {}}}), "'b' has no choices");
    EXPECT_EQ(refused({{"a", "b"}, {{"x"}}}), "2 blocks, but choices of 1");
    ScoreProgram program({{"cat"}, 1}, letters, {"score"});
    EXPECT_THROW(program.problem({{"cost", Direction::minimize, {}, {}}}), std::invalid_argument);
    std::vector<double> values(1);
    EXPECT_THROW(program.ask(std::vector<int>{0, 1}, values), std::invalid_argument);
}

bool has_python() {
    static const bool has = std::system("python3 -c '' >/dev/null 2>&1") == 0; // starting it takes a while
    return has;
}

/// Scores by genes alone, so that the test can compute the same.
constexpr const char* quadratic = R"(
import json, sys
for line in sys.stdin:
    q = json.loads(line)
    g = q["genes"]
    assert q["selected"] == ["c%d" % i for i in range(len(g)) if g[i]]
    s = sum(((7 * i * i + 3) % 11 - 4) * g[i] for i in range(len(g)))
    s += sum(((i * j) % 5 - 2) * g[i] * g[j] for i in range(len(g)) for j in range(i))
    print(json.dumps({"id": q["id"], "values": {"score": s}}), flush=True)
)";

TEST(ScoreProgram, SearchesAreTheSameForAnyNumberOfThreads) {
    if (!has_python()) {
        GTEST_SKIP() << "no python3";
    }
    std::vector<std::string> names;
    for (int i = 0; i < 10; ++i) {
        names.push_back("c" + std::to_string(i));
    }
    ScoreProgram program({{"python3", "-c", quadratic}, 60}, subset_names(names), {"score"});
    const auto run = [&](std::size_t threads) {
        const tbb::global_control control(tbb::global_control::max_allowed_parallelism, threads);
        return cross_entropy(program.problem({{"score", Direction::maximize, {}, {}}}), {}, 400, 1);
    };
    const SearchResult one = run(1);
    int most = -1000;
    for (int bits = 0; bits < 1024; ++bits) {
        int s = 0;
        for (int i = 0; i < 10; ++i) {
            for (int j = 0; j <= i && (bits >> i & 1) != 0; ++j) {
                s += (bits >> j & 1) == 0 ? 0 : j == i ? (7 * i * i + 3) % 11 - 4 : (i * j) % 5 - 2;
            }
        }
        most = std::max(most, s);
    }
    EXPECT_EQ(one.front.at(0).values[0], most);
    for (const std::size_t threads : {2u, 8u}) {
        const SearchResult other = run(threads);
        ASSERT_EQ(other.evaluated.size(), one.evaluated.size());
        for (std::size_t i = 0; i < one.evaluated.size(); ++i) {
            EXPECT_EQ(other.evaluated[i].genome, one.evaluated[i].genome);
            EXPECT_EQ(other.evaluated[i].values, one.evaluated[i].values);
        }
    }
}

TEST(ScoreProgram, AFailureEndsASearchOnManyThreads) {
    ScoreProgram program(shell("read -r q; echo '{\"id\":1,\"values\":{\"score\":1}}'; read -r q; exit 9"),
                         letters, {"score"});
    EXPECT_EQ(message_of<support::RunError>([&] {
                  greedy(program.problem({{"score", Direction::maximize, {}, {}}}), 100);
              }),
              "sh ended with status 9 before it answered");
}

// The example: the objective of grammar augmentation.
class GrammarScore : public testing::Test {
protected:
    void SetUp() override {
        if (!has_python()) {
            GTEST_SKIP() << "no python3";
        }
    }
    static std::vector<std::string> command(std::vector<std::string> options) {
        options.insert(options.begin(), {"python3", TESSERA_SOURCE_DIR "/examples/grammar_score.py"});
        return options;
    }
    static int run(const std::string& options) {
        return std::system(("python3 '" TESSERA_SOURCE_DIR "/examples/grammar_score.py' " + options).c_str());
    }
    TemporaryFolder folder_;
};

TEST_F(GrammarScore, CountsMissedMistakenAndFalselyHeard) {
    const json data = {
        {"threshold", 0.5},
        {"commands", {"on", "off"}},
        {"candidates", {{{"phrase", "own"}, {"command", "on"}}, {{"phrase", "off-ish"}, {"command", "off"}}}},
        {"utterances",
         {{{"command", "on"}, {"commands", {0.9, 0.1}}, {"candidates", {0.2, 0.3}}}, // heard as it is
          {{"command", "on"}, {"commands", {0.2, 0.1}}, {"candidates", {0.8, 0.7}}}, // only with "own"
          {{"command", "off"},
           {"commands", {0.6, 0.3}},
           {"candidates", {0.1, 0.9}}}, // taken for "on" but with "off-ish"
          {{"command", "off"}, {"commands", {0.1, 0.1}}, {"candidates", {0.1, 0.5}}}, // never
          {{"command", nullptr}, {"commands", {0.1, 0.1}}, {"candidates", {0.1, 0.6}}},
          {{"command", nullptr}, {"commands", {0.1, 0.1}}, {"candidates", {0.1, 0.2}}}}}};
    support::testing::put(folder_ / "data.json", data.dump());
    ScoreProgram program({command({"--data", (folder_ / "data.json").string(), "--beta", "0.5"}), 60},
                         subset_names({"own", "off-ish"}), {"score", "missed", "mistaken", "false_alarms"});
    const auto values = [&](const std::vector<int>& genome) {
        std::vector<double> v(4);
        program.ask(genome, v);
        return v;
    };
    EXPECT_EQ(values({0, 0}), (std::vector<double>{-0.75, 0.5, 0.25, 0}));
    EXPECT_EQ(values({1, 0}), (std::vector<double>{-0.5, 0.25, 0.25, 0}));
    EXPECT_EQ(values({0, 1}), (std::vector<double>{-0.75, 0.25, 0.25, 0.5})); // "on" is now taken for "off"
    EXPECT_EQ(values({1, 1}), (std::vector<double>{-0.5, 0.25, 0, 0.5}));
}

TEST_F(GrammarScore, IsSearchedAsItsTableSays) {
    const std::string data = (folder_ / "data.json").string(), names = (folder_ / "names").string();
    ASSERT_EQ(run("--seed 3 --candidates 9 --write '" + data + "'"), 0);
    ASSERT_EQ(run("--candidates 9 --names > '" + names + "'"), 0);
    const GenomeNames candidates = subset_names(ChoiceTable::load_candidates(names, {}, false).blocks);
    ASSERT_EQ(candidates.blocks.size(), 9u);
    EXPECT_EQ(candidates.blocks[7], "command 1, as heard 2");
    const std::vector<Objective> objectives{{"score", Direction::maximize, {}, {}}};
    ScoreProgram program({command({"--data", data}), 60}, candidates, {"score"});
    const SearchResult path = greedy(program.problem(objectives), 200),
                       found = cross_entropy(program.problem(objectives), {}, 200, 1);
    const double nothing = path.evaluated[0].values[0];
    EXPECT_GT(path.front.at(0).values[0], nothing);
    EXPECT_GE(found.front.at(0).values[0], path.front.at(0).values[0]);
    EXPECT_EQ(found.evaluated[0].values[0], nothing);
}

TEST_F(GrammarScore, SaysWhatItDoesNotKnow) {
    ScoreProgram program({command({"--candidates", "3"}), 60}, letters, {"score"});
    std::vector<double> values(1);
    EXPECT_THAT(message_of<support::RunError>([&] {
                    program.ask(std::vector<int>{1, 0, 0}, values);
                }),
                StartsWith("python3 reports an error: 'no candidate is called 'a''"));
    ScoreProgram lost({command({"--data", "/no/such/file"}), 60}, letters, {"score"});
    EXPECT_THAT(
        message_of<support::RunError>([&] {
            lost.ask(std::vector<int>{1, 0, 0}, values);
        }),
        HasSubstr("ended with status 1 before it answered; it last said: /no/such/file: no data set"));
}

} // namespace
} // namespace tessera::nas
