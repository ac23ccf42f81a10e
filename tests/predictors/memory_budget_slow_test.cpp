// The shared pass keeps to its memory budget, seen from outside: the process's own peak of resident memory.
#include <filesystem>
#include <fstream>
#include <numeric>

#include <gtest/gtest.h>
#include <malloc.h>

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

TEST(MemoryBudget, GroupsKeepThePeakBelowTheBudgetAndChangeNoResult) {
    if (!reset_peak()) {
        GTEST_SKIP() << "this system cannot reset the peak of resident memory";
    }
    // Wide blocks on a small map: weights, gradients and moments (4 x 4.7 MB a student) outweigh activations.
    const auto document = support::Document::parse(R"(
space:
  input: [3, 8, 8]
  classes: 4
  stem: {channels: 256, kernel: 3, stride: 4}
  blocks:
    - name: b1
      channels: 256
      stride: 1
      reference: conv(depth=1,kernel=3,width=1)
      choices:
        - conv: {depth: 1, kernel: 3, width: [0.78, 0.8, 0.82, 0.84, 0.86, 0.88, 0.9, 0.92, 0.94, 0.96, 0.98, 1]}
  head: {}
)");
    const auto space = search_spaces::SearchSpace::read(document.root().section("space", ""));
    training::DataOptions images;
    images.synthetic_train = 64;
    images.synthetic_test = 20;
    images.synthetic_classes = 4;
    images.synthetic_size = 8;
    images.validation = 0.25;
    const auto data = training::load_datasets(images, 3, 8, 8, 4);
    search_spaces::Network reference(space, space.reference());
    search_spaces::initialise(*reference, 1);
    training::to_channels_last(*reference);
    {
        // Settled BatchNorm statistics; without them most channels are dead after the ReLU.
        const torch::NoGradGuard no_gradients;
        std::vector<std::int64_t> rows(32);
        std::iota(rows.begin(), rows.end(), 0);
        for (int i = 0; i < 20; ++i) {
            reference->forward(training::make_batch(data.train, rows, data.normalisation).images);
        }
    }
    reference->eval();
    DistilOptions options;
    options.batch = 16;
    options.learning_rate = 1e-3;
    options.epochs = 6;

    const auto folder = std::filesystem::path(testing::TempDir()) / "memory_budget";
    std::filesystem::remove_all(folder);
    struct Run {
        DistilReport report;
        std::int64_t grown;
        BlockLibrary library;
    };
    const auto run = [&](const std::string& name, std::int64_t budget) {
        options.memory_mb = budget;
        BlockLibrary library(folder / name, space, "fingerprint");
        malloc_trim(0);
        reset_peak();
        const std::int64_t before = status_mib("VmRSS:");
        const auto report = distil({space, reference, data, options, torch::kCPU, 2, 1, {}}, library,
                                   training::state_of(*reference));
        return Run{report, status_mib("VmHWM:") - before, library};
    };
    run("warm up", 4096); // LibTorch's own buffers, once
    const Run tight = run("tight", 80), wide = run("wide", 4096);
    EXPECT_EQ(wide.report.groups, 1);
    EXPECT_GE(tight.report.groups, 3);
    EXPECT_LE(tight.report.planned_bytes, 80LL << 20);
    // Beyond the plan: what the allocator keeps per thread, LibTorch's scratch, the entry that is being
    // written.
    EXPECT_LE(tight.grown, 80 + 100);
    EXPECT_GE(wide.grown, tight.grown + 50);
    for (std::size_t m = 0; m < space.blocks()[0].choices.size(); ++m) {
        EXPECT_EQ(support::read_file(tight.library.file(0, m)), support::read_file(wide.library.file(0, m)));
    }
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace tessera::predictors
