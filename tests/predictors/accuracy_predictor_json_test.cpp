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
                   "schema is not tessera-predictor-2");
    refuse_changed([](auto& j) { j["blocks"] = 0; }, "\"blocks\" is not within 1..1024");
    refuse_changed([](auto& j) { j["blocks"] = 1000000000; }, "\"blocks\" is not within");
    refuse_changed([](auto& j) { j["blocks"] = -1; }, "\"blocks\" is not within");
    refuse_changed([](auto& j) { j["blocks"] = 2.5; }, "\"blocks\" is not within");
    refuse_changed([](auto& j) { j["blocks"] = 4; }, "\"features\" do not belong");
    refuse_changed([](auto& j) { j["half_width"] = -0.1; }, "\"half_width\" is negative");
    refuse_changed([](auto& j) { j["regressions"] = ordered_json::array(); }, "needs 1 to 6");
    refuse_changed([](auto& j) { j["regressions"].push_back(j["regressions"][0]); }, "needs 1 to 6");
    refuse_changed([](auto& j) { j["regressions"] = 3; }, "needs 1 to 6");
    refuse_changed([](auto& j) { j["regressions"].erase(0); }, "do not sum to 1");
    const auto refuse_regression = [&](auto change, const std::string& why) {
        refuse_changed([&](auto& j) { change(j["regressions"][1]); }, why);
    };
    refuse_regression([](auto& r) { r = 7; }, "\"form\" is missing");
    refuse_regression([](auto& r) { r["form"] = "automatic"; }, "\"form\" is unknown");
    refuse_regression([](auto& r) { r["form"] = 3; }, "\"form\" is not a text");
    refuse_regression([](auto& r) { r["target"] = "loss"; }, "\"target\" is unknown");
    refuse_regression([](auto& r) { r["weight"] = -0.5; }, "\"weight\" is outside 0..1");
    refuse_regression([](auto& r) { r["weights"].erase(0); }, "\"weights\" needs");
    refuse_regression([](auto& r) { r["weights"][0] = "much"; }, "\"weights\" is not a number");
    refuse_regression([](auto& r) { r["mean"] = 3; }, "\"mean\" needs");
    refuse_regression([](auto& r) { r["scale"][1] = 0; }, "\"scale\" is not positive");
    refuse_regression([](auto& r) { r["lambda"] = 0; }, "\"lambda\" is not positive");
    refuse_regression([](auto& r) { r["intercept"] = nullptr; }, "\"intercept\" is not a number");
}

} // namespace
} // namespace tessera::predictors
