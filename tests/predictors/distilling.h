// A small reference and spaces around it that are distilled in a moment.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "predictors/distiller.h"
#include "support/config.h"
#include "support/error.h"
#include "support/files.h"
#include "training/device.h"
#include "training/layout.h"
#include "training/state.h"
#include "training/trainer.h"

namespace tessera::predictors {

using search_spaces::SearchSpace;

inline SearchSpace space_of(const std::string& choices,
                            const std::string& reference = "conv(depth=1,kernel=3,width=1)") {
    const std::string yaml = R"YAML(
space:
  input: [3, 8, 8]
  classes: 4
  stem: {channels: 8, kernel: 3, stride: 1, act: relu}
  blocks:
    - {name: b1, channels: 8, stride: 1, reference: &r ")YAML" +
                             reference + "\", choices: &c [" + choices +
                             R"YAML(]}
    - {name: b2, channels: 12, stride: 2, reference: *r, choices: *c}
  head: {}
)YAML";
    return SearchSpace::read(support::Document::parse(yaml).root().section("space", ""));
}

inline SearchSpace all_choices() {
    return space_of(
        "{conv: {depth: 1, kernel: 3, width: [0.5, 1]}}, {mbconv: {depth: 1, kernel: 3, expand: 2, "
        "attention: [none, se], act: relu}}, {identity: {}}");
}
inline SearchSpace few_choices() {
    return space_of("{conv: {depth: 1, kernel: 3, width: [0.5, 1]}}, {identity: {}}");
}

class DistillerTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::path(testing::TempDir()) /
                  (std::string("distiller_") + testing::UnitTest::GetInstance()->current_test_info()->name());
        std::filesystem::remove_all(folder_);
        training::DataOptions data;
        data.synthetic_train = 400;
        data.synthetic_test = 40;
        data.synthetic_classes = 4;
        data.synthetic_size = 8;
        data.validation = 0.2;
        data_ = training::load_datasets(data, 3, 8, 8, 4);
        options_.batch = 32;
        options_.learning_rate = 3e-3;
        options_.calibration_images = 128;
        options_.settle_images = 128;
        options_.checkpoint_seconds = 1e9;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    search_spaces::Network reference(const SearchSpace& space) const {
        training::use_threads(1); // BatchNorm in training has other bits with other counts
        search_spaces::Network network(space, space.reference());
        search_spaces::initialise(*network, 5);
        training::to_channels_last(*network);
        network->train();
        // A few passes, so that BatchNorm statistics are those of images and not of nothing.
        const torch::NoGradGuard no_gradients;
        std::vector<std::int64_t> rows(128);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            rows[i] = static_cast<std::int64_t>(i);
        }
        for (int i = 0; i < 20; ++i) {
            network->forward(training::make_batch(data_.train, rows, data_.normalisation).images);
        }
        network->eval();
        return network;
    }

    BlockLibrary distilled(const std::string& name, const SearchSpace& space, int workers,
                           DistilReport* report = nullptr) {
        return distilled(name, space, reference(space), workers, report);
    }
    BlockLibrary distilled(const std::string& name, const SearchSpace& space,
                           const search_spaces::Network& network, int workers,
                           DistilReport* report = nullptr) {
        BlockLibrary library(folder_ / name, space, "fingerprint");
        const auto result = distil({space, network, data_, options_, torch::kCPU, workers, 7, {}}, library,
                                   training::state_of(*network));
        if (report != nullptr) {
            *report = result;
        }
        return library;
    }

    static std::filesystem::path checkpoint_of(const BlockLibrary& library, std::size_t b, std::size_t m) {
        return library.file(b, m).replace_extension(".pass.safetensors");
    }
    /// Distils until `file` is to be written, and dies there: a folder of its name stands in the way.
    void killed_at(const std::filesystem::path& file, const std::string& name, const SearchSpace& space) {
        std::filesystem::create_directories(file);
        EXPECT_THROW(distilled(name, space, 2), support::RunError);
        std::filesystem::remove(file);
    }
    static std::size_t checkpoints_in(const BlockLibrary& library) {
        std::size_t count = 0;
        for (const auto& item : std::filesystem::recursive_directory_iterator(library.folder())) {
            count += item.path().string().ends_with(".pass.safetensors") ? 1 : 0;
        }
        return count;
    }
    static void expect_same(const BlockLibrary& expected, const BlockLibrary& found,
                            const SearchSpace& space) {
        for (std::size_t b = 0; b < space.blocks().size(); ++b) {
            for (std::size_t m = 0; m < space.blocks()[b].choices.size(); ++m) {
                EXPECT_EQ(support::read_file(expected.file(b, m)), support::read_file(found.file(b, m)))
                    << b << " " << m;
            }
        }
        EXPECT_EQ(support::read_file(expected.table()), support::read_file(found.table()));
        EXPECT_EQ(checkpoints_in(found), 0U);
    }

    std::filesystem::path folder_;
    training::Datasets data_;
    DistilOptions options_;
};

} // namespace tessera::predictors
