// The shared pass keeps to its memory budget, checkpoints and evaluation included, seen from outside: the
// process's own peak of resident memory.
#include <filesystem>
#include <fstream>
#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include "predictors/distiller.h"
#include "support/files.h"
#include "training/layout.h"
#include "training/state.h"

namespace tessera::predictors {
namespace {

std::int64_t status_mib(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(key)) {
            return std::stoll(line.substr(key.size() + 1)) / 1024;
        }
    }
    return -1;
}

bool reset_peak() { return static_cast<bool>(std::ofstream("/proc/self/clear_refs") << "5" << std::flush); }

/// One block of 256 channels; a student has 4 x 2.4 MB of weights, gradients and moments.
search_spaces::SearchSpace wide_block(int stem_stride) {
    const auto document = support::Document::parse(fmt::format(R"YAML(
space:
  input: [3, 8, 8]
  classes: 4
  stem: {{channels: 256, kernel: 3, stride: {}}}
  blocks:
    - name: b1
      channels: 256
      stride: 1
      reference: conv(depth=1,kernel=3,width=1)
      choices:
        - conv: {{depth: 1, kernel: 3, width: [0.78, 0.8, 0.82, 0.84, 0.86, 0.88, 0.9, 0.92, 0.94, 0.96, 0.98, 1]}}
  head: {{}}
)YAML",
                                                               stem_stride));
    return search_spaces::SearchSpace::read(document.root().section("space", ""));
}

class MemoryBudget : public testing::Test {
protected:
    struct Run {
        DistilReport report;
        std::int64_t grown; ///< MiB
        BlockLibrary library;
    };

    void SetUp() override {
        if (!reset_peak()) {
            GTEST_SKIP() << "this system cannot reset the peak of resident memory";
        }
        // What is freed leaves the process: this is about the plan, not about how the allocator keeps and
        // splits.
        mallopt(M_MMAP_THRESHOLD, 64 << 10);
        mallopt(M_TRIM_THRESHOLD, 64 << 10);
        std::filesystem::remove_all(folder_);
        training::DataOptions images;
        images.synthetic_train = 256;
        images.synthetic_test = 20;
        images.synthetic_classes = 4;
        images.synthetic_size = 8;
        images.validation = 0.5;
        data_ = training::load_datasets(images, 3, 8, 8, 4);
        options_.learning_rate = 1e-3;
        options_.settle_images = 64;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    search_spaces::Network reference(const search_spaces::SearchSpace& space) const {
        search_spaces::Network network(space, space.reference());
        search_spaces::initialise(*network, 1);
        training::to_channels_last(*network);
        // Settled BatchNorm statistics; without them most channels are dead after the ReLU.
        const torch::NoGradGuard no_gradients;
        std::vector<std::int64_t> rows(32);
        std::iota(rows.begin(), rows.end(), 0);
        for (int i = 0; i < 20; ++i) {
            network->forward(training::make_batch(data_.train, rows, data_.normalisation).images);
        }
        network->eval();
        return network;
    }

    Run run(const std::string& name, const search_spaces::SearchSpace& space, std::int64_t budget) {
        options_.memory_mb = budget;
        BlockLibrary library(folder_ / name, space, "fingerprint");
        const auto network = reference(space);
        malloc_trim(0);
        reset_peak();
        const std::int64_t before = status_mib("VmRSS:");
        const auto report = distil({space, network, data_, options_, torch::kCPU, 2, 1, {}}, library,
                                   training::state_of(*network));
        const Run result{report, status_mib("VmHWM:") - before, library};
        std::printf("%s: %lld groups, planned %lld MiB, grown by %lld MiB\n", name.c_str(),
                    static_cast<long long>(report.groups), static_cast<long long>(report.planned_bytes >> 20),
                    static_cast<long long>(result.grown));
        return result;
    }

    /// Beyond the plan there is what LibTorch's kernels take for themselves.
    static void expect_within(const Run& run, std::int64_t budget) {
        EXPECT_LE(run.report.planned_bytes, budget << 20);
        EXPECT_LE(run.grown, budget + budget / 5);
    }

    static void expect_equal(const Run& a, const Run& b, const search_spaces::SearchSpace& space) {
        for (std::size_t m = 0; m < space.blocks()[0].choices.size(); ++m) {
            EXPECT_EQ(support::read_file(a.library.file(0, m)), support::read_file(b.library.file(0, m)));
        }
    }

    const std::filesystem::path folder_ =
        std::filesystem::path(testing::TempDir()) / ("memory_budget-" + std::to_string(getpid()));
    training::Datasets data_;
    DistilOptions options_;
};

TEST_F(MemoryBudget, IsKeptWhileCheckpointsAreWritten) {
    // Maps of 2 x 2: nearly all is weights, and a copy of them would more than double it.
    const auto space = wide_block(4);
    options_.batch = 32;
    options_.checkpoint_seconds = 0;
    run("warm up", space, 4096); // LibTorch's own buffers, once
    const Run tight = run("tight", space, 80), wide = run("wide", space, 4096);
    EXPECT_GE(tight.report.groups, 2);
    EXPECT_EQ(wide.report.groups, 1);
    expect_within(tight, 80);
    expect_within(wide, (wide.report.planned_bytes >> 20) + 1);
    expect_equal(tight, wide, space);
}

TEST_F(MemoryBudget, IsKeptWhileQualityIsTaken) {
    // Training sees 8 maps of 64 KiB at a time, evaluation 128: a plan for the first alone would put all
    // students into one group.
    const auto space = wide_block(1);
    options_.batch = 8;
    options_.train_limit = 16;
    run("warm up", space, 4096);
    const Run tight = run("tight", space, 180), wide = run("wide", space, 4096);
    EXPECT_GE(tight.report.groups, 2);
    EXPECT_EQ(wide.report.groups, 1);
    expect_within(tight, 180);
    EXPECT_GT(wide.grown, 180 + 180 / 5);
    expect_equal(tight, wide, space);
}

} // namespace
} // namespace tessera::predictors
