#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "predictors/accuracy_predictor.h"
#include "support/error.h"

namespace tessera::predictors {
namespace {

FitOptions read(const std::string& text) {
    return FitOptions::read(support::Document::parse(text, "c.yaml").root());
}

TEST(FitOptionsTest, ReadsValuesAndKeepsDefaults) {
    const FitOptions defaults = read("{}");
    EXPECT_EQ(defaults.form, Form::additive);
    EXPECT_EQ(defaults.coverage, 0.9);
    const FitOptions given = read("form: second_order\ncoverage: 0.8\n");
    EXPECT_EQ(given.form, Form::second_order);
    EXPECT_EQ(given.coverage, 0.8);
}

TEST(FitOptionsTest, RefusesWrongValuesAndKeys) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"form: quadratic\n", "form"},   {"target: loss\n", "target"},     {"coverage: 1.5\n", "coverage"},
        {"coverage: 0.2\n", "coverage"}, {"coverage: wide\n", "coverage"}, {"from: linear\n", "form"}};
    for (const auto& [text, what] : cases) {
        EXPECT_THAT([&] { read(text); },
                    testing::ThrowsMessage<support::UsageError>(testing::HasSubstr(what)))
            << text;
    }
}

TEST(FitOptionsTest, SpellingsGoBothWays) {
    for (const Form form : {Form::additive, Form::second_order}) {
        EXPECT_EQ(read("form: " + std::string(to_text(form)) + "\n").form, form);
    }
}

} // namespace
} // namespace tessera::predictors
