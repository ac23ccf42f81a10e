// What a narrower choice starts from.
#include <numeric>

#include <fmt/format.h>

#include "predictors/statistics_collector.h"
#include "search_spaces/narrowing.h"
#include "tests/predictors/distilling.h"

namespace tessera::predictors {
namespace {

using DistillerStartTest = DistillerTest;

/// The half of the reference's filters that distil.start says, computed here from what it is meant to be.
TEST_F(DistillerStartTest, ANarrowerChoiceStartsFromTheFiltersThatItIsTold) {
    const SearchSpace space =
        space_of("{mbconv: {depth: 1, kernel: 3, expand: [4, 2], attention: none, act: relu}}",
                 "mbconv(depth=1,kernel=3,expand=4,attention=none,act=relu)");
    options_.learning_rate = 1e-12; // what it starts with is what is stored
    options_.train_limit = 32;
    options_.calibration_images = data_.train.size();
    auto network = reference(space);
    const auto first_weights = [&](StudentStart start) {
        options_.start = start;
        const auto library = distilled(fmt::format("start{}", static_cast<int>(start)), space, network, 2);
        return library.weights(0, 1);
    };
    const auto wide = training::state_of(*network->blocks[0]);
    const auto narrow = search_spaces::build_block(space.blocks()[0].choices[1], space.blocks()[0].site);
    const auto close = [](const training::TensorMap& a, const training::TensorMap& b) {
        double most = 0;
        for (const auto& [name, tensor] : a) {
            if (!name.ends_with("running_mean") && !name.ends_with("running_var") &&
                tensor.is_floating_point()) {
                most = std::max(most, (tensor - b.at(name)).abs().max().item<double>());
            }
        }
        return most < 1e-6;
    };
    const auto expected = [&](const search_spaces::FilterScores& scores) {
        EXPECT_TRUE(search_spaces::start_from(*narrow, *network->blocks[0], scores));
        return training::state_of(*narrow);
    };
    const auto magnitude = search_spaces::magnitude_scores(*network->blocks[0]);
    EXPECT_TRUE(close(first_weights(StudentStart::magnitude), expected(magnitude)));

    // Mean squares over the calibration images.
    search_spaces::FilterScores squares;
    {
        const StatisticsCollector collector(*network->blocks[0]);
        const torch::NoGradGuard no_gradients;
        std::vector<std::int64_t> rows(static_cast<std::size_t>(options_.calibration_images));
        std::iota(rows.begin(), rows.end(), std::int64_t{0});
        network->forward(training::make_batch(data_.train, rows, data_.normalisation).images);
        for (const auto& layer : collector.layers()) {
            for (const auto& filter : layer.moments.per_filter()) {
                squares[layer.name].push_back(filter.mean_square);
            }
        }
    }
    const auto by_squares = expected(squares);
    const auto started = first_weights(StudentStart::statistics);
    EXPECT_TRUE(close(started, by_squares));
    EXPECT_FALSE(close(started, first_weights(StudentStart::fresh)));
    EXPECT_FALSE(close(started, first_weights(StudentStart::random)));
    EXPECT_FALSE(close(expected(magnitude), by_squares)); // else this says nothing
}

} // namespace
} // namespace tessera::predictors
