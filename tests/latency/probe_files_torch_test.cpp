#include "latency/probe_files.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include "latency/brought_tables.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"

namespace tessera::latency {
namespace {

using search_spaces::SearchSpace;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

SearchSpace space_of(const std::string& choices) {
    return SearchSpace::read(support::Document::parse(fmt::format(R"(
space:
  input: [3, 16, 16]
  classes: 10
  stem: {{channels: 8}}
  blocks:
    - {{name: b0, channels: 16, stride: 2, choices: [conv: {{width: [0.5, 1]}}]}}
    - {{name: b1, channels: 16, choices: [{0}]}}
    - {{name: b2, channels: 16, choices: [{0}]}}
)",
                                                                  choices))
                                 .root()
                                 .section("space", ""));
}

class ProbeFolder : public testing::Test {
protected:
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::string cell(const support::CsvTable& csv, std::size_t row, const char* column) const {
        return csv.rows.at(row).at(csv.column(column, "manifest"));
    }

    const SearchSpace space = space_of("mbconv: {expand: [1, 2]}, identity: {}");
    ProbeOptions options;
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("tessera-probes-" + std::to_string(getpid()));
};

TEST_F(ProbeFolder, HoldsEveryPartAndWholeNetworks) {
    options.batch = 2;
    options.networks = 3; // fewer than are worth carrying elsewhere
    const ProbeFiles written = write_probe_files(space, options, 1, folder);
    EXPECT_EQ(written.networks, 10);
    EXPECT_EQ(written.modules, 3 + 2 + 3 + 10); // b1 and b2 share theirs
    EXPECT_EQ(written.rows, 3 + 8 + 10);
    const auto manifest = support::read_csv(folder / "manifest.csv");
    ASSERT_EQ(manifest.rows.size(), 21U);
    std::map<std::string, std::string> files;
    for (std::size_t i = 0; i < manifest.rows.size(); ++i) {
        const auto number = [&](const char* column) { return std::stol(cell(manifest, i, column)); };
        torch::jit::Module module = torch::jit::load((folder / cell(manifest, i, "file")).string());
        const torch::NoGradGuard no_grad;
        const auto y =
            module
                .forward(
                    {torch::randn({number("batch"), number("channels"), number("height"), number("width")})})
                .toTensor();
        EXPECT_EQ(y.size(0), 2);
        EXPECT_EQ(cell(manifest, i, "space"), space.hash());
        EXPECT_EQ(cell(manifest, i, "dtype"), "float32");
        files[cell(manifest, i, "block") + " " + cell(manifest, i, "choice")] = cell(manifest, i, "file");
    }
    EXPECT_EQ(files.at("b1 identity"), files.at("b2 identity"));
    EXPECT_EQ(files.at("call "), "modules/call.pt");
    EXPECT_THAT(support::read_file(folder / "README.txt"), HasSubstr("measure.py"));
}

TEST_F(ProbeFolder, IsTheSameBytesForTheSameSeed) {
    write_probe_files(space, options, 1, folder / "a");
    write_probe_files(space, options, 1, folder / "b");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "a")) {
        if (entry.is_regular_file()) {
            const auto name = entry.path().lexically_relative(folder / "a");
            EXPECT_EQ(support::read_file(entry.path()), support::read_file(folder / "b" / name)) << name;
        }
    }
}

TEST_F(ProbeFolder, IsNotWrittenOverAnything) {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "mine.txt") << "mine";
    EXPECT_THAT([&] { write_probe_files(space, options, 1, folder); },
                ThrowsMessage<support::RunError>(HasSubstr("name an empty or a new folder")));
    EXPECT_THAT([&] { write_probe_files(space, options, 1, folder / "mine.txt"); },
                ThrowsMessage<support::RunError>(HasSubstr("mine.txt")));
    EXPECT_EQ(support::read_file(folder / "mine.txt"), "mine");
}

/// Results as a runner without Python would write them: 1 ms a call, and what is asked for besides.
TEST_F(ProbeFolder, ResultsAreReadBackWithTheCallTakenOff) {
    write_probe_files(space, options, 1, folder);
    const auto manifest = support::read_csv(folder / "manifest.csv");
    support::CsvTable results;
    results.header = {"block", "choice", "architecture", "space", "latency_ms", "device"};
    for (std::size_t i = 0; i < manifest.rows.size(); ++i) {
        const std::string block = cell(manifest, i, "block"), text = cell(manifest, i, "architecture");
        double ms = block == "call" ? 1 : block == "stem" || block == "head" ? 3 : 5;
        if (!text.empty()) {
            ms = 3 + 2 + 3 * 4; // one call
        }
        results.add({block, cell(manifest, i, "choice"), text, cell(manifest, i, "space"),
                     support::number(ms), "watch"});
    }
    support::write_atomically(folder / "RESULTS.csv", results.text());
    TableOptions table;
    table.file = folder / "RESULTS.csv";
    const BroughtTables brought = load_tables(table, space);
    EXPECT_THAT(brought.warnings, IsEmpty());
    const LatencyTable& read = brought.tables.at(0);
    EXPECT_EQ(read.context.device, "watch");
    EXPECT_DOUBLE_EQ(read.stem.p50_ms, 3);
    EXPECT_DOUBLE_EQ(read.head.p50_ms, 2);
    EXPECT_DOUBLE_EQ(read.find("b1", "identity")->p50_ms, 4);
    EXPECT_EQ(read.additivity.size(), 12U);
    EXPECT_NEAR(read.additivity_error(), 0, 1e-12);

    EXPECT_THAT([&] { load_tables(table, space_of("mbconv: {expand: [1, 3]}, identity: {}")); },
                ThrowsMessage<support::RunError>(HasSubstr("RESULTS.csv:2: measured for another space")));
}

/// With an independent and older PyTorch, as on the user's machine.
TEST_F(ProbeFolder, TheScriptMeasuresThem) {
    const std::string python = "/usr/bin/python3";
    if (std::system((python + " -c 'import torch' >/dev/null 2>&1").c_str()) != 0) {
        GTEST_SKIP() << python << " has no torch; apt-get install python3-torch brings one";
    }
    write_probe_files(space, options, 1, folder);
    const std::string command =
        fmt::format("{} '{}' --device-name test --rounds 3 --calls 2 >'{}' 2>&1", python,
                    (folder / "measure.py").string(), (folder / "said.txt").string());
    ASSERT_EQ(std::system(command.c_str()), 0) << support::read_file(folder / "said.txt");
    TableOptions table;
    table.file = folder / "RESULTS.csv";
    const BroughtTables brought = load_tables(table, space);
    EXPECT_THAT(brought.warnings, IsEmpty());
    const LatencyTable& read = brought.tables.at(0);
    EXPECT_EQ(read.context.device, "test");
    EXPECT_THAT(read.context.form, HasSubstr("PyTorch"));
    EXPECT_EQ(read.rows().size(), 8U);
    EXPECT_EQ(read.additivity.size(), 12U);
    EXPECT_GT(read.find("b0", "conv(depth=1,kernel=3,width=1)")->p50_ms, read.find("b1", "identity")->p50_ms);
}

/// A module called `torch` that computes nothing; its modules are interrupted at call number $INTERRUPT.
constexpr const char* stub_torch = R"py(
import contextlib, os

__version__ = "none"
channels_last = None
calls = 0


class Tensor:
    def to(self, device): return self
    def contiguous(self, memory_format): return self


class Module:
    def eval(self): return self
    def __call__(self, x):
        global calls
        calls += 1
        if calls == int(os.environ["INTERRUPT"]): raise KeyboardInterrupt
        return x


class jit:
    @staticmethod
    def load(file, map_location): return Module()


class device:
    def __init__(self, name): self.type = name


@contextlib.contextmanager
def no_grad(): yield
def randn(shape): return Tensor()
def set_num_threads(number): pass
)py";

TEST_F(ProbeFolder, TheScriptWritesWhatItHasWhenItIsInterrupted) {
    if (std::system("python3 -c '' >/dev/null 2>&1") != 0) {
        GTEST_SKIP() << "no python3";
    }
    write_probe_files(space, options, 1, folder / "probes");
    support::write_atomically(folder / "stub/torch.py", stub_torch);
    const auto results = folder / "probes/RESULTS.csv";
    const auto interrupted_at = [&](int call) {
        std::filesystem::remove(results);
        const std::string command = fmt::format(
            "INTERRUPT={} PYTHONPATH='{}' python3 '{}' --device-name test --rounds 1000000 >'{}' 2>&1", call,
            (folder / "stub").string(), (folder / "probes/measure.py").string(),
            (folder / "said.txt").string());
        EXPECT_EQ(std::system(command.c_str()) / 256, 130) << support::read_file(folder / "said.txt");
        return support::read_file(folder / "said.txt");
    };
    EXPECT_THAT(interrupted_at(20'000), HasSubstr("interrupted: 23 of 23 rows have been timed"));
    TableOptions table;
    table.file = results;
    EXPECT_EQ(load_tables(table, space).tables.at(0).rows().size(), 8U);

    EXPECT_THAT(interrupted_at(10), HasSubstr("interrupted: 0 of 23 rows have been timed"));
    EXPECT_FALSE(std::filesystem::exists(results));
    // The first round after the warm-up: some parts have been called and others not.
    for (int call = 40; !std::filesystem::exists(results) && call < 4000; call += 20) {
        interrupted_at(call);
    }
    const auto rows = support::read_csv(results).rows.size();
    EXPECT_TRUE(rows > 0 && rows < 23) << rows;
}

} // namespace
} // namespace tessera::latency
