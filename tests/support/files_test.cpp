#include "support/files.h"

#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/helpers.h"

namespace tessera::support {
namespace {

namespace fs = std::filesystem;
using testing::get;
using testing::message_of;
using testing::put;
using testing::TemporaryFolder;

std::string refusal(const std::function<void()>& body) { return message_of<RunError>(body); }

TEST(WriteAtomically, CreatesReplacesAndLeavesNothingElse) {
    const TemporaryFolder folder;
    write_atomically(folder / "a.txt", "one");
    write_atomically(folder / "a.txt", std::string("t\0o", 3));
    EXPECT_EQ(get(folder / "a.txt"), std::string("t\0o", 3));
    EXPECT_EQ(folder.entries(), 1U);
}

TEST(RemoveUnfinished, TakesWhatKilledWritersLeaveAndNothingElse) {
    const TemporaryFolder folder;
    fs::create_directories(folder / "x/y");
    put(folder / "x/y/.123-0.front.csv", "half");
    put(folder / ".7-12.a", "half");
    const std::vector<std::string> kept = {"front.csv", ".hidden", ".12-a.b", ".1-2",
                                           "1-2.a",     ".-1.a",   ".1-.a"};
    for (const auto& name : kept) {
        put(folder / name, "whole");
    }
    remove_unfinished(folder.path());
    EXPECT_FALSE(fs::exists(folder / "x/y/.123-0.front.csv"));
    EXPECT_FALSE(fs::exists(folder / ".7-12.a"));
    for (const auto& name : kept) {
        EXPECT_TRUE(fs::exists(folder / name)) << name;
    }
    remove_unfinished(folder / "not there");
}

TEST(WriteAtomically, CreatesFolders) {
    const TemporaryFolder folder;
    write_atomically(folder / "x/y/a.txt", "one");
    EXPECT_EQ(get(folder / "x/y/a.txt"), "one");
}

TEST(WriteAtomically, TakesTheLongestName) {
    const TemporaryFolder folder;
    const std::string name(255, 'n');
    write_atomically(folder / name, "one");
    EXPECT_EQ(get(folder / name), "one");
}

TEST(WriteAtomically, WritesThroughLinks) {
    const TemporaryFolder folder;
    put(folder / "real", "old");
    fs::create_symlink("real", folder / "link");
    write_atomically(folder / "link", "new");
    EXPECT_EQ(get(folder / "real"), "new");
    EXPECT_TRUE(fs::is_symlink(folder / "link"));
}

TEST(WriteAtomically, RefusesWhatIsNoFile) {
    const TemporaryFolder folder;
    fs::create_directory(folder / "d");
    EXPECT_EQ(refusal([&] { write_atomically(folder / "d", "x"); }),
              fmt::format("cannot write {}: it exists and is not a regular file", (folder / "d").string()));
    EXPECT_EQ(refusal([&] { write_atomically("/dev/null", "x"); }),
              "cannot write /dev/null: it exists and is not a regular file");
    EXPECT_EQ(refusal([&] { write_atomically(folder / "d/", "x"); }),
              fmt::format("cannot write {}/d/: not a file name", folder.path().string()));
    EXPECT_EQ(folder.entries(), 1U);
}

TEST(WriteAtomically, NamesTheSystemsReason) {
    const TemporaryFolder folder;
    put(folder / "file", "");
    EXPECT_EQ(refusal([&] { write_atomically(folder / "file/a", "x"); }),
              fmt::format("cannot write {}: Not a directory", (folder / "file/a").string()));
    EXPECT_EQ(refusal([&] { write_atomically("/proc/tessera", "x"); }),
              "cannot write /proc/tessera: No such file or directory");
}

TEST(WriteAtomically, LeavesTheOldFileWhenTheDiskIsFull) {
    const TemporaryFolder folder;
    write_atomically(folder / "a", "old");
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1000, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small); // stands for a full disk
    const std::string message = refusal([&] { write_atomically(folder / "a", std::string(5000, 'x')); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(message, fmt::format("cannot write {}: File too large", (folder / "a").string()));
    EXPECT_EQ(get(folder / "a"), "old");
    EXPECT_EQ(folder.entries(), 1U);
}

TEST(WriteAtomically, IsSafeFromManyThreads) {
    const TemporaryFolder folder;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            for (int j = 0; j < 20; ++j) {
                write_atomically(folder / "a", std::string(1000, static_cast<char>('a' + i)));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    const std::string content = get(folder / "a");
    EXPECT_EQ(content, std::string(1000, content[0]));
    EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFileTest, AppearsOnCommitOnly) {
    const TemporaryFolder folder;
    {
        AtomicFile file(folder / "model.pt");
        EXPECT_EQ(file.path().parent_path(), folder.path());
        EXPECT_EQ(file.path().extension(), ".pt"); // some libraries choose the format by it
        put(file.path(), "weights");
        EXPECT_FALSE(fs::exists(folder / "model.pt"));
        file.commit();
    }
    EXPECT_EQ(get(folder / "model.pt"), "weights");
    EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFileTest, GrowsPieceByPiece) {
    const TemporaryFolder folder;
    {
        AtomicFile file(folder / "a");
        file.append("one");
        file.append("");
        file.append(" two");
        EXPECT_FALSE(fs::exists(folder / "a"));
        file.commit();
    }
    EXPECT_EQ(get(folder / "a"), "one two");
    {
        AtomicFile abandoned(folder / "a");
        abandoned.append("three");
    }
    EXPECT_EQ(get(folder / "a"), "one two");
    EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFileTest, IsRemovedWithoutCommit) {
    const TemporaryFolder folder;
    {
        const AtomicFile file(folder / "a");
        put(file.path(), "x");
        EXPECT_EQ(folder.entries(), 1U);
    }
    EXPECT_EQ(folder.entries(), 0U);
}

TEST(AtomicFileTest, RefusesToCommitWhatWasNeverWritten) {
    const TemporaryFolder folder;
    AtomicFile file(folder / "a");
    EXPECT_THROW(file.commit(), RunError);
    EXPECT_FALSE(fs::exists(folder / "a"));
}

TEST(ReadFile, ReturnsAllBytes) {
    const TemporaryFolder folder;
    const std::string content = std::string(200'000, 'x') + '\0' + "\r\n";
    put(folder / "a", content);
    EXPECT_EQ(read_file(folder / "a"), content);
    put(folder / "empty", "");
    EXPECT_EQ(read_file(folder / "empty"), "");
    EXPECT_NE(read_file("/proc/self/status"), ""); // claims to be empty
}

TEST(ReadFile, RefusesMissingFoldersPipesAndDevices) {
    const TemporaryFolder folder;
    EXPECT_EQ(refusal([&] { read_file("/nowhere/x"); }), "cannot read /nowhere/x: No such file or directory");
    EXPECT_EQ(refusal([&] { read_file("/tmp"); }), "cannot read /tmp: it is a folder");
    EXPECT_EQ(refusal([&] { read_file("/dev/zero"); }), "cannot read /dev/zero: not a regular file");
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(refusal([&] { read_file(folder / "pipe"); }),
              fmt::format("cannot read {}: not a regular file", (folder / "pipe").string()));
}

TEST(ReadFile, RefusesMoreThanTheLimit) {
    const TemporaryFolder folder;
    put(folder / "a", "12345");
    EXPECT_EQ(read_file(folder / "a", 5), "12345");
    EXPECT_EQ(refusal([&] { read_file(folder / "a", 4); }),
              fmt::format("cannot read {}: larger than the 4 bytes allowed", (folder / "a").string()));
    EXPECT_THROW(read_file("/proc/self/status", 10), RunError);
}

TEST(AppendLine, AppendsAndRepairsACutLine) {
    const TemporaryFolder folder;
    append_line(folder / "log", "one");
    append_line(folder / "log", "two");
    EXPECT_EQ(get(folder / "log"), "one\ntwo\n");
    put(folder / "cut", "{\"time");
    append_line(folder / "cut", "{}");
    EXPECT_EQ(get(folder / "cut"), "{\"time\n{}\n");
}

TEST(AppendLine, NamesTheSystemsReason) {
    EXPECT_EQ(refusal([&] { append_line("/nowhere/log", "x"); }),
              "cannot write /nowhere/log: No such file or directory");
    EXPECT_EQ(refusal([&] { append_line("/dev/full", "x"); }),
              "cannot write /dev/full: No space left on device");
}

TEST(FolderLockTest, KeepsOthersOutWhileItLives) {
    const TemporaryFolder folder;
    {
        const FolderLock lock(folder.path());
        EXPECT_EQ(get(folder / "lock"), fmt::format("{}\n", ::getpid()));
        EXPECT_EQ(refusal([&] { const FolderLock second(folder.path()); }),
                  fmt::format("{} is in use by process {}: wait for it or stop it", folder.path().string(),
                              ::getpid()));
    }
    const FolderLock again(folder.path());
}

TEST(FolderLockTest, TakesOverAFileThatNobodyHolds) {
    const TemporaryFolder folder;
    put(folder / "lock", "99999999\n"); // of a process that was killed
    const FolderLock lock(folder.path());
    EXPECT_EQ(get(folder / "lock"), fmt::format("{}\n", ::getpid()));
}

TEST(FolderLockTest, NeedsTheFolder) {
    EXPECT_EQ(refusal([] { const FolderLock lock("/nowhere/run"); }),
              "cannot lock /nowhere/run: No such file or directory");
}

} // namespace
} // namespace tessera::support
