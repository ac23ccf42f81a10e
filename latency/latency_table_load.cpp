#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "latency/latency_table.h"
#include "latency/table_csv.h"
#include "support/config.h"
#include "support/csv.h"
#include "support/error.h"
#include "support/files.h"

namespace tessera::latency {
namespace {

using Keys = std::vector<std::string>;
constexpr const char* schema = "tessera-latency-1";
constexpr std::uint64_t size_limit = 16ULL << 20;
const Keys table_keys = {"schema", "context", "stem", "head", "correction", "additivity", "rows"};
const Keys context_keys = {"device", "hardware", "threads",  "batch", "dtype",
                           "layout", "form",     "libtorch", "input"};
const Keys timing_keys = {"count", "mean_ms", "variance_ms2", "p10_ms", "p50_ms", "p90_ms"};
const Keys row_keys = {"block", "choice", "count", "mean_ms", "variance_ms2", "p10_ms", "p50_ms", "p90_ms"};
const Keys network_keys = {"architecture", "predicted_ms", "measured_ms"};
const Keys correction_keys = {"offset_ms", "scale"};

/// A mapping of the file: every key known, present and there once.
class Mapping {
public:
    Mapping(const YAML::Node& node, const std::string& file, const std::vector<std::string>& known)
        : node_(node), file_(file) {
        if (!node.IsMap()) {
            fail(node, "a mapping is expected");
        }
        std::set<std::string> seen;
        for (const auto& entry : node) {
            const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
            if (std::find(known.begin(), known.end(), key) == known.end()) {
                const std::string near = support::nearest(key, known);
                fail(entry.first, fmt::format("unknown key '{}'{}", key,
                                              near.empty() ? "" : "; did you mean '" + near + "'?"));
            }
            if (!seen.insert(key).second) {
                fail(entry.first, fmt::format("key '{}' is there twice", key));
            }
        }
        for (const std::string& key : known) {
            if (!seen.contains(key)) {
                fail(node, fmt::format("'{}' is missing", key));
            }
        }
    }

    [[noreturn]] void fail(const YAML::Node& at, const std::string& why) const {
        throw support::RunError(fmt::format("{}:{}: {}", file_, at.Mark().line + 1, why));
    }
    YAML::Node at(const char* key) const { return node_[key]; }
    const YAML::Node& node() const { return node_; }
    std::string text(const char* key) const {
        if (!at(key).IsScalar()) {
            fail(at(key), fmt::format("'{}' is not a text", key));
        }
        return at(key).Scalar();
    }
    double real(const char* key) const { return parse(at(key), key); }
    std::int64_t whole(const YAML::Node& node, const char* key, std::int64_t low) const {
        const double value = parse(node, key);
        if (value != std::floor(value) || value < static_cast<double>(low) || value > 1e15) {
            fail(node, fmt::format("'{}' is not a whole number of at least {}", key, low));
        }
        return static_cast<std::int64_t>(value);
    }
    YAML::Node list(const char* key) const {
        if (!at(key).IsSequence()) {
            fail(at(key), fmt::format("'{}' is not a list", key));
        }
        return at(key);
    }

private:
    double parse(const YAML::Node& node, const char* key) const {
        double value = std::nan("");
        try {
            if (node.IsScalar()) {
                value = support::parse_number(node.Scalar(), key);
            }
        } catch (const support::Error&) { value = std::nan(""); } // refused below, with its line
        if (!std::isfinite(value)) {
            fail(node, fmt::format("'{}' is not a finite number", key));
        }
        return value;
    }

    YAML::Node node_;
    const std::string& file_;
};

/// Of count 0 are a stem or head that was not measured and takes no time (`end`), and a row whose time was
/// not measured but estimated.
Timing read_timing(const Mapping& m, bool end) {
    Timing t;
    t.count = m.whole(m.at("count"), "count", 0);
    t.mean_ms = m.real("mean_ms");
    t.variance_ms2 = m.real("variance_ms2");
    t.p10_ms = m.real("p10_ms");
    t.p50_ms = m.real("p50_ms");
    t.p90_ms = m.real("p90_ms");
    if (!(t.variance_ms2 >= 0)) {
        m.fail(m.at("variance_ms2"), "the variance is negative");
    }
    const bool absent = end && t.count == 0;
    if (!absent && !(t.mean_ms > 0 && t.p10_ms > 0)) {
        m.fail(m.node(), "a time is not positive");
    }
    if (absent && !(t.mean_ms == 0 && t.p10_ms == 0 && t.p90_ms == 0)) {
        m.fail(m.node(), "a time without a measurement");
    }
    if (t.p10_ms > t.p50_ms || t.p50_ms > t.p90_ms) {
        m.fail(m.node(), "p10_ms <= p50_ms <= p90_ms does not hold");
    }
    return t;
}

LatencyContext read_context(const YAML::Node& node, const std::string& file) {
    const Mapping m(node, file, context_keys);
    LatencyContext c;
    c.device = m.text("device");
    if (c.device.empty()) {
        m.fail(m.at("device"), "'device' is empty");
    }
    try {
        check_device_name(c.device, "'device'");
    } catch (const support::RunError& error) { m.fail(m.at("device"), error.what()); }
    c.hardware = m.text("hardware");
    c.threads = m.whole(m.at("threads"), "threads", 1);
    c.batch = m.whole(m.at("batch"), "batch", 1);
    c.dtype = m.text("dtype");
    c.layout = m.text("layout");
    c.form = m.text("form");
    c.libtorch = m.text("libtorch");
    for (const auto& extent : m.list("input")) {
        c.input.push_back(m.whole(extent, "input", 1));
    }
    if (!c.input.empty() && c.input.size() != 3) {
        m.fail(m.at("input"), "'input' is not [channels, height, width]");
    }
    return c;
}

YAML::Node parse_yaml(const std::filesystem::path& file) {
    const std::string text = support::read_file(file, size_limit);
    try {
        return YAML::Load(text);
    } catch (const YAML::Exception& error) {
        throw support::RunError(
            fmt::format("{}:{}: malformed YAML: {}", file.string(), error.mark.line + 1, error.msg));
    }
}

} // namespace

LatencyTable LatencyTable::load(const std::filesystem::path& file) {
    const std::string name = file.string();
    const Mapping top(parse_yaml(file), name, table_keys);
    if (top.text("schema") != schema) {
        top.fail(top.at("schema"),
                 fmt::format("its schema is '{}', this version reads {}", top.text("schema"), schema));
    }
    LatencyTable table;
    table.context = read_context(top.at("context"), name);
    table.stem = read_timing(Mapping(top.at("stem"), name, timing_keys), true);
    table.head = read_timing(Mapping(top.at("head"), name, timing_keys), true);
    const Mapping correction(top.at("correction"), name, correction_keys);
    table.offset_ms = correction.real("offset_ms");
    table.scale = correction.real("scale");
    if (!(table.scale > 0)) {
        correction.fail(correction.at("scale"), "'scale' is not positive");
    }
    for (const auto& node : top.list("additivity")) {
        const Mapping m(node, name, network_keys);
        table.additivity.push_back({m.text("architecture"), m.real("predicted_ms"), m.real("measured_ms")});
        const WholeNetwork& w = table.additivity.back();
        if (!(w.predicted_ms > 0 && w.measured_ms > 0)) {
            m.fail(node, "a time is not positive");
        }
    }
    for (const auto& node : top.list("rows")) {
        const Mapping m(node, name, row_keys);
        const std::string block = m.text("block"), choice = m.text("choice");
        if (table.find(block, choice) != nullptr) {
            m.fail(node, fmt::format("block '{}', choice '{}' is there twice", block, choice));
        }
        table.add(block, choice, read_timing(m, false));
    }
    return table;
}

} // namespace tessera::latency
