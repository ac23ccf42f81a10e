#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "predictors/accuracy_predictor.h"
#include "predictors/features.h"
#include "support/error.h"

namespace tessera::predictors {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* schema = "tessera-predictor-2";
constexpr std::size_t most_blocks = 1024; // second order: half a million coefficients
constexpr std::size_t most_regressions = 6;

/// Reads members with their types checked; every complaint names the file.
struct Reader {
    const Json& object;
    const std::string& source;

    [[noreturn]] void fail(const std::string& why) const {
        throw support::RunError(
            fmt::format("{}: not a usable accuracy predictor: {}; fit it again", source, why));
    }
    const Json& at(const char* key) const {
        if (!object.is_object() || !object.contains(key)) {
            fail(fmt::format("\"{}\" is missing", key));
        }
        return object.at(key);
    }
    double number(const Json& value, const char* key) const {
        if (!value.is_number() || !std::isfinite(value.get<double>())) {
            fail(fmt::format("\"{}\" is not a number", key));
        }
        return value.get<double>();
    }
    std::string text(const char* key) const {
        if (!at(key).is_string()) {
            fail(fmt::format("\"{}\" is not a text", key));
        }
        return at(key).get<std::string>();
    }
    std::vector<double> numbers(const char* key, std::size_t count) const {
        if (!at(key).is_array() || at(key).size() != count) {
            fail(fmt::format("\"{}\" needs {} numbers", key, count));
        }
        std::vector<double> values;
        for (const Json& v : at(key)) {
            values.push_back(number(v, key));
        }
        return values;
    }
    template <class E>
    E member(const char* key, std::initializer_list<E> members) const {
        for (const E value : members) {
            if (text(key) == to_text(value)) {
                return value;
            }
        }
        fail(fmt::format("\"{}\" is unknown", key));
    }
};

Regression read_regression(const Reader& in, std::size_t blocks) {
    Regression regression;
    regression.form = in.member("form", {Form::linear, Form::additive, Form::second_order});
    regression.target = in.member("target", {Target::accuracy, Target::log_error});
    regression.weight = in.number(in.at("weight"), "weight");
    if (!(regression.weight >= 0 && regression.weight <= 1)) {
        in.fail("\"weight\" is outside 0..1");
    }
    const std::size_t count = feature_count(regression.form, blocks);
    if (in.at("features") != Json(feature_names(regression.form, blocks))) {
        in.fail("\"features\" do not belong to its form");
    }
    RidgeModel& model = regression.model;
    model = {in.number(in.at("intercept"), "intercept"), in.number(in.at("lambda"), "lambda"),
             in.numbers("mean", count), in.numbers("scale", count), in.numbers("weights", count)};
    if (!(model.lambda > 0)) {
        in.fail("\"lambda\" is not positive");
    }
    if (!std::ranges::all_of(model.scale, [](double s) { return s > 0; })) {
        in.fail("\"scale\" is not positive");
    }
    return regression;
}

} // namespace

std::string AccuracyPredictor::json() const {
    Json out;
    out["schema"] = schema;
    out["blocks"] = blocks_;
    out["half_width"] =
        std::isfinite(half_width_) ? Json(half_width_) : Json(nullptr); // null: the whole of 0..1
    out["regressions"] = Json::array();
    for (const Regression& r : regressions_) {
        out["regressions"].push_back({{"form", to_text(r.form)},
                                      {"target", to_text(r.target)},
                                      {"weight", r.weight},
                                      {"lambda", r.model.lambda},
                                      {"intercept", r.model.intercept},
                                      {"features", feature_names(r.form, blocks_)},
                                      {"mean", r.model.mean},
                                      {"scale", r.model.scale},
                                      {"weights", r.model.weights}});
    }
    return out.dump(1) + "\n";
}

AccuracyPredictor AccuracyPredictor::from_json(const std::string& text, const std::string& source) {
    const Json parsed = Json::parse(text, nullptr, false);
    const Reader in{parsed, source};
    if (parsed.is_discarded()) {
        in.fail("it is not JSON");
    }
    if (in.text("schema") != schema) {
        in.fail(fmt::format("its schema is not {}", schema));
    }
    AccuracyPredictor predictor;
    const Json& blocks = in.at("blocks");
    if (!blocks.is_number_unsigned() || blocks.get<std::size_t>() < 1 ||
        blocks.get<std::size_t>() > most_blocks) {
        in.fail(fmt::format("\"blocks\" is not within 1..{}", most_blocks));
    }
    predictor.blocks_ = blocks.get<std::size_t>();
    const Json& regressions = in.at("regressions");
    if (!regressions.is_array() || regressions.empty() || regressions.size() > most_regressions) {
        in.fail(fmt::format("\"regressions\" needs 1 to {} of them", most_regressions));
    }
    double sum = 0;
    for (const Json& regression : regressions) {
        predictor.regressions_.push_back(read_regression({regression, source}, predictor.blocks_));
        sum += predictor.regressions_.back().weight;
    }
    if (std::abs(sum - 1) > 1e-6) {
        in.fail("the weights of its regressions do not sum to 1");
    }
    const Json& width = in.at("half_width");
    predictor.half_width_ =
        width.is_null() ? std::numeric_limits<double>::infinity() : in.number(width, "half_width");
    if (predictor.half_width_ < 0) {
        in.fail("\"half_width\" is negative");
    }
    return predictor;
}

} // namespace tessera::predictors
