#include "nas/preprocessing_file.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/error.h"

namespace tessera::nas {
namespace {

using training::Preprocessing;

constexpr const char* preprocessing_schema = "tessera-preprocessing-1";
constexpr const char* depth_output = "depth of each pixel, N x 1 x height x width";
constexpr std::int64_t largest_input = 16384;
constexpr std::size_t most_classes = 1'000'000;

/// Reads members of the document; every refusal names the source and the member.
class Reader {
public:
    Reader(std::string_view text, const std::string& source) : source_(source) {
        document_ = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
        if (!document_.is_object()) {
            refuse("not a JSON object");
        }
    }

    [[noreturn]] void refuse(const std::string& why) const {
        throw support::RunError(fmt::format("{}: {}", source_, why));
    }

    const nlohmann::json& member(const char* name) const {
        const auto found = document_.find(name);
        if (found == document_.end()) {
            refuse(fmt::format("'{}' is missing", name));
        }
        return *found;
    }

    /// Refuses any other value: what this version does not know, it cannot do.
    void expect(const char* name, const nlohmann::json& value) const {
        if (member(name) != value) {
            refuse(fmt::format("'{}' is {}; this version knows {}", name, shortened(member(name)),
                               value.dump()));
        }
    }

    std::int64_t size(const char* name) const {
        const nlohmann::json& value = member(name);
        if (!value.is_number_integer() || value < 1 || value > largest_input) {
            refuse(fmt::format("'{}' is {}; expected 1 to {}", name, shortened(value), largest_input));
        }
        return value.get<std::int64_t>();
    }

    /// Absent in files of earlier versions.
    std::int64_t max_pixels() const {
        constexpr std::int64_t most = 4'000'000'000;
        const auto found = document_.find("max_pixels");
        if (found == document_.end()) {
            return training::default_max_pixels;
        }
        if (!found->is_number_integer() || *found < 1 || *found > most) {
            refuse(fmt::format("'max_pixels' is {}; expected 1 to {}", shortened(*found), most));
        }
        return found->get<std::int64_t>();
    }

    std::vector<double> numbers(const char* name, std::int64_t count) const {
        const nlohmann::json& value = member(name);
        std::vector<double> result;
        for (const nlohmann::json& one : value.is_array() ? value : nlohmann::json::array()) {
            if (one.is_number() && std::isfinite(one.get<double>())) {
                result.push_back(one.get<double>());
            }
        }
        if (static_cast<std::int64_t>(result.size()) != count || value.size() != result.size()) {
            refuse(fmt::format("'{}' is {}; expected {} numbers", name, shortened(value), count));
        }
        return result;
    }

    /// Absent where the outputs are logits.
    bool depths() const {
        if (document_.contains("output")) {
            expect("output", depth_output);
        }
        return document_.contains("output");
    }

    std::vector<std::string> classes() const {
        const nlohmann::json& value = member("classes");
        if (!value.is_array() || value.empty() || value.size() > most_classes) {
            refuse("'classes' is no list of names");
        }
        std::vector<std::string> names;
        std::set<std::string> seen;
        for (const nlohmann::json& one : value) {
            if (!one.is_string() || one.get<std::string>().empty()) {
                refuse(fmt::format("'classes' holds {}; expected a name", shortened(one)));
            }
            names.push_back(one.get<std::string>());
            if (!seen.insert(names.back()).second) {
                refuse(fmt::format("'classes' holds {} twice", shortened(one)));
            }
        }
        return names;
    }

    /// Nothing that is nested: written out it could be deeper than the stack.
    static std::string shortened(const nlohmann::json& value) {
        for (const nlohmann::json& one : value) {
            if (one.is_structured()) {
                return value.is_array() ? "a list of lists" : "an object";
            }
        }
        const std::string text =
            value.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
        return text.size() <= 60 ? text : text.substr(0, 57) + "...";
    }

private:
    std::string source_;
    nlohmann::json document_;
};

} // namespace

ScaledSize scaled_size(const Preprocessing& p) {
    const double factor = static_cast<double>(p.resize) / static_cast<double>(std::min(p.height, p.width));
    return {std::llround(factor * static_cast<double>(p.height)),
            std::llround(factor * static_cast<double>(p.width))};
}

std::string preprocessing_json(const Preprocessing& p) {
    nlohmann::ordered_json document;
    document["schema"] = preprocessing_schema;
    document["channels"] = p.channels;
    document["height"] = p.height;
    document["width"] = p.width;
    document["channel_order"] = p.channel_order;
    document["max_pixels"] = p.max_pixels;
    document["resize_shorter_side"] = p.resize;
    document["interpolation"] = "triangle";
    document["antialias"] = true;
    document["crop"] = "centre";
    document["range"] = {p.lowest, p.highest};
    document["mean"] = p.mean;
    document["std"] = p.deviation;
    document["layout"] = "NCHW";
    document["dtype"] = "float32";
    document["classes"] = p.classes;
    if (p.depths) {
        document["output"] = depth_output;
    }
    try {
        return document.dump(2) + "\n";
    } catch (const nlohmann::json::exception&) {
        throw support::RunError("a class name is not UTF-8, which preprocessing.json needs: rename the class "
                                "folder");
    }
}

Preprocessing parse_preprocessing(std::string_view text, const std::string& source) {
    const Reader in(text, source);
    in.expect("schema", preprocessing_schema);
    in.expect("interpolation", "triangle");
    in.expect("antialias", true);
    in.expect("crop", "centre");
    in.expect("range", {0.0, 1.0});
    in.expect("layout", "NCHW");
    in.expect("dtype", "float32");
    Preprocessing p;
    p.channels = in.size("channels");
    p.height = in.size("height");
    p.width = in.size("width");
    p.resize = in.size("resize_shorter_side");
    if (p.channels != 1 && p.channels != 3) {
        in.refuse(fmt::format("'channels' is {}; expected 1 (grey) or 3 (RGB)", p.channels));
    }
    p.channel_order = p.channels == 1 ? "grey" : "RGB";
    in.expect("channel_order", p.channel_order);
    p.max_pixels = in.max_pixels();
    if (p.resize < std::min(p.height, p.width)) {
        in.refuse(fmt::format("'resize_shorter_side' is {}, less than the crop of {}x{}", p.resize, p.height,
                              p.width));
    }
    p.mean = in.numbers("mean", p.channels);
    p.deviation = in.numbers("std", p.channels);
    for (const double deviation : p.deviation) {
        if (deviation <= 0) {
            in.refuse(fmt::format("'std' holds {}; expected positive numbers", deviation));
        }
    }
    p.classes = in.classes();
    p.depths = in.depths();
    return p;
}

} // namespace tessera::nas
