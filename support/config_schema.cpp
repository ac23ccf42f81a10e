#include "support/config_schema.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

namespace tessera::support {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view list_of = "list of ", one_of = "one of ";

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == separator) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

double number_of(std::string_view text) { return std::stod(std::string(text)); }

/// "1..8", "> 0 and <= 0.9", ">= 0", as they stand in KeyInfo::range.
void add_range(Json& schema, const std::string& range) {
    if (const auto dots = range.find(".."); dots != std::string::npos) {
        schema["minimum"] = number_of(range.substr(0, dots));
        schema["maximum"] = number_of(range.substr(dots + 2));
        return;
    }
    for (std::string_view rest = range; !rest.empty();) {
        const auto end = rest.find(" and ");
        const std::string_view part = rest.substr(0, end);
        for (const auto& [sign, key] : {std::pair{">= ", "minimum"},
                                        {"<= ", "maximum"},
                                        {"> ", "exclusiveMinimum"},
                                        {"< ", "exclusiveMaximum"}}) {
            if (part.starts_with(sign)) {
                schema[key] = number_of(part.substr(std::string_view(sign).size()));
                break;
            }
        }
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 5);
    }
}

Json value_schema(std::string_view type, const std::string& range) {
    Json schema;
    if (type.starts_with(list_of)) {
        const auto items = value_schema(type.substr(list_of.size()), range);
        return {{"type", "array"}, {"items", items}};
    }
    if (type.starts_with(one_of)) {
        schema["enum"] = split(type.substr(one_of.size()), '|');
    } else if (type.starts_with("section")) {
        schema = {{"type", Json::array({"object", "null"})},
                  {"properties", Json::object()},
                  {"additionalProperties", false}};
    } else if (type.starts_with("integer")) {
        schema["type"] = "integer";
        add_range(schema, range);
    } else if (type.starts_with("number")) {
        schema["type"] = "number";
        add_range(schema, range);
    } else if (type == "boolean") {
        schema["type"] = "boolean";
    } else { // texts and paths: a scalar that looks like a number is a text as well
        schema["type"] = Json::array({"string", "number", "boolean", "null"});
    }
    return schema;
}

/// The schema of the object at `path`, which has been declared before its members.
Json& object_at(Json& root, const std::vector<std::string>& path) {
    Json* at = &root;
    for (const std::string& name : path) {
        const bool list = name.ends_with("[]");
        Json& member = (*at)["properties"][list ? name.substr(0, name.size() - 2) : name];
        if (member.is_null()) { // a list is declared by its first element's keys as well
            member = value_schema(list ? "list of sections" : "section", "");
        }
        at = list ? &member["items"] : &member;
    }
    return *at;
}

} // namespace

Json json_schema(const std::vector<KeyInfo>& keys, const std::string& title,
                 const std::vector<std::string>& open) {
    Json root = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
    root.update(value_schema("section", ""));
    root["type"] = "object";
    for (const KeyInfo& key : keys) {
        auto path = split(key.path, '.');
        const std::string name = path.back();
        path.pop_back();
        Json& object = object_at(root, path);
        Json& member = object["properties"][name];
        if (!member.is_null()) {
            continue;
        }
        member = value_schema(key.type, key.range);
        member["description"] = key.meaning;
        if (key.default_value == "required") {
            object["required"].push_back(name);
        }
    }
    for (const std::string& path : open) {
        object_at(root, split(path, '.')).erase("additionalProperties");
    }
    return root;
}

} // namespace tessera::support
