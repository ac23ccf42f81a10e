#include <fmt/format.h>
#include <fmt/ranges.h>

#include "latency/latency_table.h"
#include "support/csv.h"

namespace tessera::latency {
namespace {

using support::number;

/// Double-quoted YAML. Bytes beyond ASCII are left as they are: UTF-8.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::string fields(const Timing& t) {
    return fmt::format("count: {}, mean_ms: {}, variance_ms2: {}, p10_ms: {}, p50_ms: {}, p90_ms: {}",
                       t.count, number(t.mean_ms), number(t.variance_ms2), number(t.p10_ms), number(t.p50_ms),
                       number(t.p90_ms));
}

} // namespace

std::string LatencyTable::yaml() const {
    const LatencyContext& c = context;
    std::string out = "schema: tessera-latency-1\ncontext:\n";
    out += fmt::format("  device: {}\n  hardware: {}\n", quoted(c.device), quoted(c.hardware));
    out += fmt::format("  threads: {}\n  batch: {}\n", c.threads, c.batch);
    out += fmt::format("  dtype: {}\n  layout: {}\n", quoted(c.dtype), quoted(c.layout));
    out += fmt::format("  form: {}\n  libtorch: {}\n", quoted(c.form), quoted(c.libtorch));
    out += fmt::format("  input: [{}]\n", fmt::join(c.input, ", "));
    out += fmt::format("stem: {{{}}}\nhead: {{{}}}\n", fields(stem), fields(head));
    out += fmt::format("correction: {{offset_ms: {}, scale: {}}}\n", number(offset_ms), number(scale));
    out += additivity.empty() ? "additivity: []\n" : "additivity:\n";
    for (const WholeNetwork& w : additivity) {
        out += fmt::format("  - {{architecture: {}, predicted_ms: {}, measured_ms: {}}}\n",
                           quoted(w.architecture), number(w.predicted_ms), number(w.measured_ms));
    }
    out += rows_.empty() ? "rows: []\n" : "rows:\n";
    for (const auto& [key, timing] : rows_) {
        out += fmt::format("  - {{block: {}, choice: {}, {}}}\n", quoted(key.first), quoted(key.second),
                           fields(timing));
    }
    return out;
}

} // namespace tessera::latency
