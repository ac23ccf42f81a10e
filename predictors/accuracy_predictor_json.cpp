#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "predictors/accuracy_predictor.h"
#include "support/error.h"

namespace tessera::predictors {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* schema = "tessera-predictor-4";
constexpr std::size_t most_blocks = 1024; // second order: half a million products
constexpr std::size_t most_regressions = 4;

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
    Regression r;
    r.scale = in.member("scale", {Scale::noise, Scale::root, Scale::power, Scale::combined});
    r.weight = in.number(in.at("weight"), "weight");
    if (!(r.weight >= 0 && r.weight <= 1)) {
        in.fail("\"weight\" is outside 0..1");
    }
    r.intercept = in.number(in.at("intercept"), "intercept");
    r.slopes = in.numbers("slopes", blocks);
    const Json& products = in.at("products");
    r.products = in.numbers("products", products.empty() ? 0 : blocks * (blocks - 1) / 2);
    const Json& extra = in.at("extra");
    if (!extra.is_array() || extra.size() != blocks) {
        in.fail(fmt::format("\"extra\" needs {} objects", blocks));
    }
    for (const Json& of_block : extra) {
        if (!of_block.is_object()) {
            in.fail("\"extra\" holds something that is no object");
        }
        std::map<std::string, double> values;
        for (const auto& [choice, value] : of_block.items()) {
            values[choice] = in.number(value, "extra");
        }
        r.extra.push_back(std::move(values));
    }
    return r;
}

} // namespace

std::string AccuracyPredictor::json() const {
    Json out;
    out["schema"] = schema;
    out["blocks"] = blocks_;
    out["half_width"] =
        std::isfinite(half_width_) ? Json(half_width_) : Json(nullptr); // null: the whole of 0..1
    out["ceiling"] = ceiling_;
    out["regressions"] = Json::array();
    for (const Regression& r : regressions_) {
        out["regressions"].push_back({{"scale", to_text(r.scale)},
                                      {"weight", r.weight},
                                      {"intercept", r.intercept},
                                      {"slopes", r.slopes},
                                      {"extra", r.extra},
                                      {"products", r.products}});
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
    predictor.ceiling_ = in.number(in.at("ceiling"), "ceiling");
    if (!(predictor.ceiling_ > 0 && predictor.ceiling_ <= 12)) {
        in.fail("\"ceiling\" is outside 0..12");
    }
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
