#include "support/line_process.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/error.h"
#include "support/interrupt.h"
#include "tests/support/helpers.h"

namespace tessera::support {
namespace {

using testing::get;
using ::testing::HasSubstr;
using testing::message_of;
using ::testing::StartsWith;
using testing::TemporaryFolder;

LineProcessOptions command(std::vector<std::string> words, double seconds = 20) {
    return {std::move(words), seconds};
}

LineProcessOptions shell(const std::string& script, double seconds = 20) {
    return command({"sh", "-c", script}, seconds);
}

std::string refusal(LineProcess& program, const std::string& question = "?") {
    return message_of<RunError>([&] { program.ask(question); });
}

/// Waits until a file has been written.
std::string soon(const std::filesystem::path& file) {
    for (int i = 0; i < 5000 && get(file).empty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return get(file);
}

/// Whether a process is there that is no zombie.
bool runs(const std::string& id) {
    const std::string status = get("/proc/" + id.substr(0, id.find('\n')) + "/stat");
    return !status.empty() && status.find(") Z") == std::string::npos;
}

TEST(LineProcess, AnswersLineByLine) {
    LineProcess program(command({"cat"}));
    EXPECT_EQ(program.ask("one"), "one");
    EXPECT_EQ(program.ask(""), "");
    const std::string longer(300'000, 'x'); // more than a pipe holds, both ways
    EXPECT_EQ(program.ask(longer), longer);
    EXPECT_EQ(program.ask("two"), "two");
}

TEST(LineProcess, APieceOfALineIsNotTheLine) {
    LineProcess program(shell("read q; printf 'half '; sleep 0.2; printf 'and half\\n'; read q"));
    EXPECT_EQ(program.ask("?"), "half and half");
}

TEST(LineProcess, WhatCannotBeStartedIsSaid) {
    EXPECT_EQ(message_of<RunError>([] { LineProcess(command({"/no/such/program"})); }),
              "cannot start '/no/such/program': No such file or directory");
    EXPECT_EQ(message_of<RunError>([] { LineProcess(command({"/"})); }),
              "cannot start '/': Permission denied");
    EXPECT_THROW(LineProcess(command({})), std::invalid_argument);
    EXPECT_THROW(LineProcess(command({"cat"}, 0)), std::invalid_argument);
}

TEST(LineProcess, AnEarlyEndIsSaidWithItsStatusAndLastComplaint) {
    LineProcess program(shell("echo first >&2; printf 'no\\tdata\\n\\n' >&2; exit 3"));
    EXPECT_EQ(refusal(program), "sh ended with status 3 before it answered; it last said: no data");
    EXPECT_EQ(refusal(program), "sh ended with status 3 before it answered; it last said: no data");
    LineProcess killed(shell("kill -9 $$"));
    EXPECT_EQ(refusal(killed), "sh was killed by signal 9 before it answered");
}

TEST(LineProcess, AnAnswerCountsEvenWhereItIsTheLastAct) {
    LineProcess program(shell("read q; echo yes; exit 4"));
    EXPECT_EQ(program.ask("?"), "yes");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(refusal(program), "sh ended with status 4 before it answered"); // the question raises SIGPIPE
}

TEST(LineProcess, AnEndIsSeenThoughAnotherHoldsTheOutput) {
    LineProcess program(shell("sleep 60 & exit 5"));
    EXPECT_EQ(refusal(program), "sh ended with status 5 before it answered");
}

TEST(LineProcess, ClosingTheOutputIsNoAnswer) {
    LineProcess program(shell("exec >&-; sleep 60"));
    EXPECT_EQ(refusal(program), "sh closed its output before it answered");
}

TEST(LineProcess, SilenceIsNotWaitedForForEver) {
    LineProcess program(shell("echo thinking >&2; sleep 60", 0.2));
    EXPECT_EQ(refusal(program), "sh gave no answer within 0.2 s; it last said: thinking");
    LineProcess deaf(command({"sleep", "60"}, 0.2)); // reads nothing either
    EXPECT_EQ(refusal(deaf, std::string(1'000'000, 'x')), "sleep gave no answer within 0.2 s");
}

TEST(LineProcess, LongLinesAreRefusedWhetherOrNotTheyEnd) {
    for (const std::string end : {"; echo", "; sleep 60"}) {
        LineProcessOptions options = shell("read q; head -c 2000 /dev/zero | tr '\\0' x" + end);
        options.longest_answer = 1000;
        LineProcess program(options);
        EXPECT_EQ(refusal(program), "sh answered with a line of more than 1000 bytes");
    }
    LineProcessOptions options = shell("read q; head -c 1000 /dev/zero | tr '\\0' x; echo; read q");
    options.longest_answer = 1000;
    EXPECT_EQ(LineProcess(options).ask("?").size(), 1000u);
}

TEST(LineProcess, ComplaintsNeverBlockTheProgram) {
    LineProcess program(shell("head -c 1000000 /dev/zero | tr '\\0' '\\n' >&2; echo last words >&2; read q; "
                              "echo yes; read q"));
    EXPECT_EQ(program.ask("?"), "yes");
    EXPECT_EQ(message_of<RunError>([&] { program.give_up("is of no use"); }),
              "sh is of no use; it last said: last words");
}

TEST(LineProcess, EndsWithItsInputAndMayTidyUp) {
    const TemporaryFolder folder;
    { LineProcess program(shell("cat; sleep 0.1; echo done > '" + (folder / "file").string() + "'")); }
    EXPECT_EQ(get(folder / "file"), "done\n");
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a zombie";
}

TEST(LineProcess, WhatWillNotEndIsKilledWithAllThatItStarted) {
    const TemporaryFolder folder;
    const std::string ids = (folder / "child").string();
    std::string child;
    {
        LineProcess program(shell("trap '' TERM HUP INT; (trap '' TERM HUP; echo $$ > '" + ids +
                                  "2'; sleep 60) & echo $! > '" + ids + "'; sleep 60"));
        child = soon(ids);
        ASSERT_TRUE(runs(child));
    }
    for (int i = 0; i < 2000 && runs(child); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_FALSE(runs(child));
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a zombie";
}

TEST(LineProcess, ConstructionThatFailsLeavesNothing) {
    EXPECT_THROW(LineProcess(command({"sleep", "60"}, -1)), std::invalid_argument);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a zombie";
}

TEST(LineProcess, SignalsAreAsAShellWouldSetThem) {
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    sigset_t blocked, mask;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &mask);
    {
        LineProcess program(
            shell("read q; grep -E 'Sig(Blk|Ign)' /proc/self/status | tr -d '\\n\\t'; echo; read q"));
        EXPECT_THAT(program.ask("?"), StartsWith("SigBlk:0000000000000000"));
        LineProcess ignored(shell("read q; grep SigIgn /proc/self/status; read q"));
        const std::string line = ignored.ask("?");
        EXPECT_EQ(std::stoull(line.substr(line.find(':') + 1), nullptr, 16) & (1U << (SIGPIPE - 1)), 0u);
    }
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    std::signal(SIGPIPE, before);
}

TEST(LineProcess, StaysOutOfOurProcessGroup) {
    LineProcess program(shell("read q; cut -d' ' -f5 /proc/$$/stat; read q"));
    EXPECT_NE(program.ask("?"), std::to_string(::getpgrp()));
}

TEST(LineProcessDeathTest, AnInterruptEndsTheWaiting) {
    const auto waits = [] {
        install_signal_handlers();
        LineProcess program(shell("sleep 60"));
        std::thread signal([] {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            ::kill(::getpid(), SIGINT);
        });
        std::vector<int> codes;
        for (int question = 0; question < 2; ++question) {
            try {
                program.ask("?");
            } catch (const Interrupted& interrupted) {
                codes.push_back(static_cast<int>(interrupted.code()));
            }
        }
        signal.join();
        const int status = codes == std::vector{130, 130} ? 130 : 1;
        std::exit(::waitpid(-1, nullptr, WNOHANG) == -1 ? status : 4);
    };
    EXPECT_EXIT(waits(), ::testing::ExitedWithCode(130), "");
}

} // namespace
} // namespace tessera::support
