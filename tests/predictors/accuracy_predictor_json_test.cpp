#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "predictors/accuracy_predictor.h"
#include "support/error.h"
#include "synthetic.h"

namespace tessera::predictors {
namespace {

using nlohmann::ordered_json;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(AccuracyPredictorJson, ReadsBackToTheSamePredictions) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        LinearWorld world(seed, 0.02, 1 + seed % 7);
        const auto predictor = AccuracyPredictor::fit(world.samples(5 + seed), {});
        const std::string text = predictor.json();
        const auto back = AccuracyPredictor::from_json(text, "predictor.json");
        EXPECT_EQ(back.json(), text);
        const auto q = world.qualities();
        EXPECT_EQ(back.predict(q).accuracy, predictor.predict(q).accuracy);
        EXPECT_EQ(back.predict(q).low, predictor.predict(q).low);
        EXPECT_EQ(back.predict(q).high, predictor.predict(q).high);
    }
}

TEST(AccuracyPredictorJson, KeepsProductsAndWhatChoicesCost) {
    LinearWorld world(3, 0.02, 3);
    auto samples = world.samples(12);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        samples[i].choices = {i % 2 == 0 ? "a" : "b", "a", i % 3 == 0 ? "a" : "c"};
    }
    const auto predictor = AccuracyPredictor::fit(samples, {Form::second_order, 0.9});
    const auto back = AccuracyPredictor::from_json(predictor.json(), "predictor.json");
    EXPECT_EQ(back.json(), predictor.json());
    const auto q = world.qualities();
    const std::vector<std::string> choices = {"b", "a", "c"};
    EXPECT_EQ(back.predict(q, choices).accuracy, predictor.predict(q, choices).accuracy);
    EXPECT_NE(back.predict(q, choices).accuracy, predictor.predict(q).accuracy);
}

TEST(AccuracyPredictorJson, KeepsWhatWasFittedWithTheRiseOfTheLoss) {
    LinearWorld world(3, 0.02, 3);
    auto samples = world.samples(12);
    for (Sample& s : samples) {
        for (Quality& q : s.qualities) {
            q.loss_rise = 0.5 * q.nsr;
        }
    }
    const auto predictor = AccuracyPredictor::fit(samples, {});
    ASSERT_EQ(predictor.regressions().size(), 4U);
    const auto back = AccuracyPredictor::from_json(predictor.json(), "predictor.json");
    EXPECT_EQ(back.json(), predictor.json());
    EXPECT_EQ(back.predict(samples[2].qualities).accuracy, predictor.predict(samples[2].qualities).accuracy);
}

class DamagedPredictor : public testing::Test {
protected:
    void refuse(const std::string& text, const std::string& why) {
        EXPECT_THAT([&] { AccuracyPredictor::from_json(text, "run/predictor.json"); },
                    ThrowsMessage<support::RunError>(AllOf(HasSubstr("run/predictor.json"), HasSubstr(why))))
            << text;
    }
    template <class Change>
    void refuse_changed(Change change, const std::string& why) {
        ordered_json copy = good;
        change(copy);
        refuse(copy.dump(), why);
    }
    LinearWorld world{4};
    ordered_json good = ordered_json::parse(AccuracyPredictor::fit(world.samples(12), {}).json());
};

TEST_F(DamagedPredictor, IsRefusedWithItsFile) {
    refuse("", "not JSON");
    refuse("{\"schema\": ", "not JSON");
    refuse("[]", "\"schema\" is missing");
    refuse("{}", "\"schema\" is missing");
    for (const auto& [key, value] : good.items()) {
        refuse_changed([&](auto& j) { j.erase(key); }, "\"" + key + "\" is missing");
    }
    for (const auto& [key, value] : good["regressions"][0].items()) {
        refuse_changed([&](auto& j) { j["regressions"][0].erase(key); }, "\"" + key + "\" is missing");
    }
    refuse_changed([](auto& j) { j["schema"] = "tessera-predictor-99"; },
                   "schema is not tessera-predictor-4");
    refuse_changed([](auto& j) { j["blocks"] = 0; }, "\"blocks\" is not within 1..1024");
    refuse_changed([](auto& j) { j["blocks"] = 1000000000; }, "\"blocks\" is not within");
    refuse_changed([](auto& j) { j["blocks"] = -1; }, "\"blocks\" is not within");
    refuse_changed([](auto& j) { j["blocks"] = 2.5; }, "\"blocks\" is not within");
    refuse_changed([](auto& j) { j["blocks"] = 4; }, "\"slopes\" needs 4 numbers");
    refuse_changed([](auto& j) { j["half_width"] = -0.1; }, "\"half_width\" is negative");
    refuse_changed([](auto& j) { j["schema"] = "tessera-predictor-3"; }, "fit it again");
    refuse_changed([](auto& j) { j["regressions"] = ordered_json::array(); }, "needs 1 to 4");
    refuse_changed(
        [](auto& j) {
            j["regressions"].push_back(j["regressions"][0]);
            j["regressions"].push_back(j["regressions"][0]);
        },
        "needs 1 to 4");
    refuse_changed([](auto& j) { j["regressions"] = 3; }, "needs 1 to 4");
    refuse_changed([](auto& j) { j["regressions"].erase(0); }, "do not sum to 1");
    const auto refuse_regression = [&](auto change, const std::string& why) {
        refuse_changed([&](auto& j) { change(j["regressions"][1]); }, why);
    };
    refuse_changed([](auto& j) { j["ceiling"] = 0; }, "\"ceiling\" is outside");
    refuse_changed([](auto& j) { j["ceiling"] = 93; }, "\"ceiling\" is outside");
    refuse_regression([](auto& r) { r = 7; }, "\"scale\" is missing");
    refuse_regression([](auto& r) { r["scale"] = "cube"; }, "\"scale\" is unknown");
    refuse_regression([](auto& r) { r["scale"] = 3; }, "\"scale\" is not a text");
    refuse_regression([](auto& r) { r["weight"] = -0.5; }, "\"weight\" is outside 0..1");
    refuse_regression([](auto& r) { r["slopes"].erase(0); }, "\"slopes\" needs");
    refuse_regression([](auto& r) { r["slopes"][0] = "much"; }, "\"slopes\" is not a number");
    refuse_regression([](auto& r) { r["products"] = {1, 2}; }, "\"products\" needs 10 numbers");
    refuse_regression([](auto& r) { r["extra"].erase(0); }, "\"extra\" needs 5 objects");
    refuse_regression([](auto& r) { r["extra"][0] = 3; }, "\"extra\" holds something that is no object");
    refuse_regression([](auto& r) { r["extra"][0]["conv"] = "bad"; }, "\"extra\" is not a number");
    refuse_regression([](auto& r) { r["intercept"] = nullptr; }, "\"intercept\" is not a number");
}

} // namespace
} // namespace tessera::predictors
