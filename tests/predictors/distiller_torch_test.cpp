// Acceptance facts 2 to 4 of blockwise distillation, and what becomes of a choice that diverges or does not
// learn.
#include "predictors/distiller.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "predictors/swapped_quality.h"
#include "tests/predictors/distilling.h"

namespace tessera::predictors {
namespace {

TEST_F(DistillerTest, AnEntryIsTheSameAloneOrAmongOthersWithAnyWorkersAndBudget) {
    const SearchSpace all = all_choices(), few = few_choices();
    const auto one = distilled("one", all, 1), three = distilled("three", all, 3),
               subset = distilled("subset", few, 2);
    options_.memory_mb = 1; // every student in a pass of its own
    DistilReport report;
    const auto tight = distilled("tight", all, 2, &report);
    EXPECT_EQ(report.groups, 8);
    for (std::size_t b = 0; b < all.blocks().size(); ++b) {
        for (std::size_t m = 0; m < all.blocks()[b].choices.size(); ++m) {
            const std::string bytes = support::read_file(one.file(b, m));
            EXPECT_EQ(bytes, support::read_file(three.file(b, m))) << all.blocks()[b].choices[m].text();
            EXPECT_EQ(bytes, support::read_file(tight.file(b, m))) << all.blocks()[b].choices[m].text();
        }
        for (std::size_t m = 0; m < few.blocks()[b].choices.size(); ++m) {
            const auto& choices = all.blocks()[b].choices;
            const auto same =
                std::find(choices.begin(), choices.end(), few.blocks()[b].choices[m]) - choices.begin();
            EXPECT_EQ(support::read_file(subset.file(b, m)),
                      support::read_file(one.file(b, static_cast<std::size_t>(same))));
        }
    }
    EXPECT_EQ(support::read_file(one.table()), support::read_file(three.table()));
}

TEST_F(DistillerTest, TheReferenceHasNoNoiseAndComesOutOfTheLibraryUnchanged) {
    const SearchSpace space = few_choices();
    auto network = reference(space);
    const auto library = distilled("reference", space, 2);
    EXPECT_EQ(library.entry(0, 0).nsr, 0);
    EXPECT_EQ(library.entry(1, 0).nsr, 0);
    EXPECT_EQ(library.entry(1, 0).status, EntryStatus::reference);
    auto rebuilt = assemble(space, space.reference(), library, training::state_of(*network));
    const torch::Tensor x = torch::randn({16, 3, 8, 8});
    const torch::NoGradGuard no_gradients;
    EXPECT_TRUE(torch::equal(network->forward(x), rebuilt->forward(x)));
}

TEST_F(DistillerTest, TrainingLowersTheNoiseAndMoreOfItMore) {
    const SearchSpace space = few_choices();
    options_.train_limit = 32;
    const double little = distilled("little", space, 2).entry(0, 1).nsr;
    options_.train_limit = 0;
    options_.epochs = 6;
    const double more = distilled("more", space, 2).entry(0, 1).nsr;
    EXPECT_GT(little, 0);
    EXPECT_LT(more, 0.7 * little);
    EXPECT_LT(more, 1); // better than predicting the mean
}

TEST_F(DistillerTest, AChoiceThatDivergesTwiceIsUnusableAndNeverUsed) {
    const SearchSpace space = few_choices();
    options_.learning_rate = 1e30;
    options_.clip = 0;
    DistilReport report;
    const auto library = distilled("diverged", space, 2, &report);
    // The strided identity has weights as well; the plain one has nothing that could diverge.
    EXPECT_EQ(report.unusable, 3);
    const auto entry = library.entry(0, 1);
    EXPECT_EQ(entry.status, EntryStatus::unusable);
    EXPECT_TRUE(std::isnan(entry.nsr));
    EXPECT_THROW(library.weights(0, 1), support::RunError);
    const auto quality = read_quality(library.table(), space);
    EXPECT_TRUE(std::isnan(quality[0][1]));
    EXPECT_EQ(quality[0][0], 0);
    EXPECT_TRUE(std::isnan(read_qualities(library.table(), space)[0][1].loss_rise.value()));
}

TEST_F(DistillerTest, ChoicesAreTriedInTheReferenceOnSomeOfTheHeldOutImages) {
    const SearchSpace space = few_choices();
    options_.held_out_images = 60;
    options_.inspect_images = 20;
    const auto library = distilled("tried", space, 2);
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < 60; i += 3) {
        rows.push_back(i);
    }
    auto network = reference(space);
    const auto expected = swapped_qualities(space, network, library, data_.validation.subset(rows),
                                            data_.normalisation, torch::kCPU, 1);
    const auto qualities = read_qualities(library.table(), space);
    double sum = 0;
    for (std::size_t b = 0; b < 2; ++b) {
        for (std::size_t m = 0; m < 3; ++m) {
            EXPECT_EQ(qualities[b][m].loss_rise, expected[b][m].loss_rise) << b << " " << m;
            sum += expected[b][m].loss_rise;
        }
    }
    EXPECT_GT(sum, 0);
}

TEST_F(DistillerTest, WhatHasNotBeenTriedYetIsWithoutTrainingAnything) {
    const SearchSpace all = all_choices(), few = few_choices();
    const auto straight = distilled("straight", all, 2);
    options_.inspect_images = 0; // as libraries of earlier versions are
    const auto library = distilled("later", all, 2);
    EXPECT_FALSE(library.entry(0, 1).inspected.has_value());
    EXPECT_FALSE(read_qualities(library.table(), all)[0][1].loss_rise.has_value());
    options_.inspect_images = DistilOptions().inspect_images;
    DistilReport report;
    distilled("later", all, 3, &report);
    EXPECT_EQ(report.student_steps, 0);
    expect_same(straight, library, all);

    // Fewer images are another number: all are tried again. Choices that come later are tried alone.
    options_.inspect_images = 20;
    EXPECT_EQ(distilled("later", all, 1).entry(0, 1).inspected->images, 20);
    const auto part = distilled("part", few, 2);
    const auto time = std::filesystem::last_write_time(part.file(0, 1));
    distilled("part", all, 2, &report);
    EXPECT_EQ(report.skipped, 4);
    EXPECT_EQ(std::filesystem::last_write_time(part.file(0, 1)), time);
    expect_same(library, BlockLibrary(folder_ / "part", all, "fingerprint"), all);
}

TEST_F(DistillerTest, AChoiceThatHasNotLearntIsKept) {
    const SearchSpace space = few_choices();
    auto network = reference(space);
    // Faint maps: whatever a fresh student says is far off, and so it is after one step.
    for (const auto& module : network->modules()) {
        if (auto* norm = module->as<torch::nn::BatchNorm2d>()) {
            const torch::NoGradGuard no_gradients;
            norm->weight.mul_(0.1);
            norm->bias.mul_(0.1);
        }
    }
    options_.train_limit = 32;
    options_.start = StudentStart::fresh;
    DistilReport report;
    const auto library = distilled("faint", space, network, 2, &report);
    EXPECT_EQ(report.unusable, 0);
    EXPECT_EQ(report.student_steps, 4); // none was tried again
    EXPECT_GT(library.entry(0, 1).nsr, 10);
    EXPECT_EQ(library.entry(0, 1).status, EntryStatus::trained);
    EXPECT_FALSE(library.weights(0, 1).empty());
}

TEST_F(DistillerTest, ASecondCallTrainsNothingAndOneOfAnotherFingerprintEverything) {
    const SearchSpace space = few_choices();
    DistilReport first, second;
    distilled("twice", space, 2, &first);
    distilled("twice", space, 2, &second);
    EXPECT_EQ(first.skipped, 0);
    EXPECT_EQ(second.skipped, 4);
    EXPECT_EQ(second.groups, 0);
    BlockLibrary other(folder_ / "twice", space, "another fingerprint");
    EXPECT_FALSE(other.has(0, 1));
}

TEST_F(DistillerTest, ThePlannedMemoryCoversWhatAStudentAllocates) {
    const SearchSpace space = all_choices();
    auto network = reference(space);
    const PassContext context{space, network, data_, options_, torch::kCPU, 1, 7, {}};
    const auto small = measure_memory(context, 0, 2, 256), large = measure_memory(context, 0, 2, 512);
    EXPECT_GT(small.resident, 0);
    // At least input gradient and output of the widest layer (expansion 2 of 8 channels on 8 x 8) are alive
    // at once.
    EXPECT_GT(small.graph, 2LL * 256 * 16 * 64 * 4);
    EXPECT_GT(large.graph, small.graph);
    EXPECT_LE(large.graph, 2 * small.graph);
    // A batch of two is trained in little; that it is evaluated in batches of 128 counts.
    const auto tiny = measure_memory(context, 0, 2, 2);
    EXPECT_GT(tiny.graph, 128LL * 16 * 64 * 4);
    EXPECT_EQ(tiny.resident, small.resident);
}

TEST_F(DistillerTest, GroupsStandAtOneStepEach) {
    const SearchSpace space = all_choices();
    auto network = reference(space);
    const PassContext context{space, network, data_, options_, torch::kCPU, 2, 7, {}};
    PassPlanner planner(context);
    const auto groups = planner.plan({{0, 1, 1e-3, 0}, {0, 2, 1e-3, 5}, {1, 1, 1e-3, 0}, {1, 2, 1e-4, 5}});
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].tasks.size(), 2U);
    EXPECT_EQ(groups[0].tasks[0].step, 5);
    EXPECT_EQ(groups[0].tasks[1].learning_rate, 1e-4);
    EXPECT_EQ(groups[1].tasks[1].block, 1U);
    EXPECT_EQ(groups[1].tasks[1].step, 0);
    EXPECT_GT(groups[1].planned_bytes, 0);
}

TEST_F(DistillerTest, TheLibraryBeatsRandomBlocksBeforeAnyFineTuning) {
    const SearchSpace space = few_choices();
    auto network = reference(space);
    options_.epochs = 4;
    const auto library = distilled("initial", space, 2);
    const search_spaces::Architecture student = space.architecture(std::vector<int>{1, 1});
    auto from_library = assemble(space, student, library, training::state_of(*network));
    search_spaces::Network random(space, student);
    search_spaces::initialise(*random, 9);
    random->eval();
    const torch::NoGradGuard no_gradients;
    std::vector<std::int64_t> rows(80);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        rows[i] = static_cast<std::int64_t>(i);
    }
    const auto batch = training::make_batch(data_.validation, rows, data_.normalisation);
    const auto target = network->forward(batch.images);
    const auto error = [&](search_spaces::Network& n) {
        return (n->forward(batch.images) - target).square().mean().item<double>();
    };
    EXPECT_LT(error(from_library), 0.5 * error(random));
}

TEST_F(DistillerTest, WalksOnAGpuWhereThereIsOne) {
    const torch::Device device = training::select_device("auto");
    if (device.is_cpu()) {
        GTEST_SKIP() << "no usable GPU";
    }
    const SearchSpace space = all_choices();
    auto network = reference(space);
    const auto state = training::state_of(*network);
    network->to(device);
    options_.learning_rate = 0;
    options_.pilot_batches = 4;
    options_.checkpoint_seconds = 0;
    const BlockLibrary library(folder_ / "gpu", space, "fingerprint");
    const auto report = distil({space, network, data_, options_, device, 1, 7, {}}, library, state);
    EXPECT_EQ(report.trained, 8);
    for (std::size_t m = 1; m < space.blocks()[1].choices.size(); ++m) {
        EXPECT_TRUE(std::isfinite(library.entry(1, m).nsr));
    }
    EXPECT_LT(library.entry(1, 0).nsr, 1e-6); // a GPU's kernels need not repeat their bits
}

TEST_F(DistillerTest, TheLearningRateIsSearchedOnceAndKept) {
    const SearchSpace space = few_choices();
    options_.learning_rate = 0;
    options_.pilot_batches = 4;
    DistilReport report;
    const auto library = distilled("rate", space, 2, &report);
    EXPECT_GT(report.learning_rate, 0);
    EXPECT_TRUE(std::filesystem::exists(library.folder() / "learning_rate.json"));
    EXPECT_EQ(library.entry(0, 1).learning_rate, report.learning_rate);
}

} // namespace
} // namespace tessera::predictors
