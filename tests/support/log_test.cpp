#include "support/log.h"

#include <cstdlib>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/captured_stderr.h"

namespace tessera::support {
namespace {

using testing::message_of;
using testing::stderr_in_file;
using testing::stderr_on_terminal;
using testing::TemporaryFolder;

class LogTest : public ::testing::Test {
protected:
    void TearDown() override {
        close_log();
        set_verbosity(Verbosity::normal);
        ::unsetenv("NO_COLOR");
    }
};

void say_everything() {
    log_debug("details {}");
    info("epoch {} of {}", 1, 3);
    warn("odd: {}", "x");
    log_error("broken %s");
}

TEST_F(LogTest, PrefixesWarningsAndErrors) {
    EXPECT_EQ(stderr_in_file(say_everything), "epoch 1 of 3\nwarning: odd: x\nerror: broken %s\n");
}

TEST_F(LogTest, FollowsTheVerbosity) {
    set_verbosity(Verbosity::quiet);
    EXPECT_EQ(verbosity(), Verbosity::quiet);
    EXPECT_EQ(stderr_in_file(say_everything), "warning: odd: x\nerror: broken %s\n");
    set_verbosity(Verbosity::verbose);
    EXPECT_EQ(verbosity(), Verbosity::verbose);
    EXPECT_EQ(stderr_in_file(say_everything),
              "details {}\nepoch 1 of 3\nwarning: odd: x\nerror: broken %s\n");
}

TEST_F(LogTest, ColoursOnATerminalOnly) {
    EXPECT_EQ(stderr_on_terminal(80, say_everything),
              "epoch 1 of 3\r\n\033[33mwarning:\033[0m odd: x\r\n\033[1;31merror:\033[0m broken %s\r\n");
    ::setenv("NO_COLOR", "1", 1);
    EXPECT_EQ(stderr_on_terminal(80, say_everything),
              "epoch 1 of 3\r\nwarning: odd: x\r\nerror: broken %s\r\n");
}

TEST_F(LogTest, WritesEveryMessageToTheFile) {
    const TemporaryFolder folder;
    testing::put(folder / "log.jsonl", "{\"earlier\": 1}\n");
    log_to(folder / "log.jsonl");
    set_verbosity(Verbosity::quiet); // does not concern the file
    stderr_in_file(say_everything);
    stderr_in_file([] { log_warning("quote \" line\n end \xff"); });
    close_log();
    stderr_in_file([] { log_warning("after"); });

    std::istringstream lines(testing::get(folder / "log.jsonl"));
    std::vector<nlohmann::json> records;
    for (std::string line; std::getline(lines, line);) {
        records.push_back(nlohmann::json::parse(line));
    }
    ASSERT_EQ(records.size(), 6U);
    EXPECT_EQ(records[0]["earlier"], 1);
    EXPECT_EQ(records[1]["level"], "debug");
    EXPECT_EQ(records[1]["message"], "details {}");
    EXPECT_EQ(records[2]["level"], "info");
    EXPECT_EQ(records[3]["level"], "warning");
    EXPECT_EQ(records[4]["level"], "error");
    EXPECT_EQ(records[5]["message"], "quote \" line\n end \xEF\xBF\xBD"); // what is not UTF-8 is replaced
    const std::regex utc(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
    EXPECT_TRUE(std::regex_match(records[5]["time"].get<std::string>(), utc)) << records[5]["time"];
}

TEST_F(LogTest, RefusesAFileThatCannotBeWritten) {
    EXPECT_EQ(message_of<RunError>([] { log_to("/nowhere/log.jsonl"); }),
              "cannot write /nowhere/log.jsonl: No such file or directory");
}

TEST_F(LogTest, GivesUpAFullFileWithOneWarning) {
    log_to("/dev/full");
    EXPECT_EQ(
        stderr_in_file([] {
            log_info("one");
            log_info("two");
        }),
        "one\nwarning: the log is no longer written: cannot write /dev/full: No space left on device\ntwo\n");
}

} // namespace
} // namespace tessera::support
