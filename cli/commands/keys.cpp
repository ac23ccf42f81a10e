// keys: the reference of all configuration keys, made from what the program reads.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "search_spaces/family.h"
#include "support/config_schema.h"

namespace tessera::cli {

namespace {

/// The smallest configuration in which every key is asked for.
constexpr const char* kSpecimen = R"(
space:
  input: [3, 8, 8]
  classes: 2
  stem: {}
  blocks:
    - {name: b1, channels: 8, choices: [identity: {}], reference: identity}
  head: {}
search:
  objectives:
    - {name: accuracy, direction: maximize}
)";
/// The one section that goes without blocks of the user's own.
constexpr const char* kConstruction = R"(
space: {input: [3, 8, 8], classes: 2, stem: {channels: 16}}
construct: {stages: [{layers: 1, maximum: 1}]}
)";

std::string escaped(std::string text) {
    for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
        text.insert(at, 1, '\\');
    }
    return text;
}

/// The axes that each layer family takes under space.blocks[].choices[].
std::string families_text() {
    std::string text =
        "\n## Layer families\n\nUnder `space.blocks[].choices[]`, each parameter takes a value or a list of "
        "values; the "
        "choices are all combinations.\n\n| family | parameter | default | values |\n|---|---|---|---|\n";
    for (const search_spaces::Family* family : search_spaces::families()) {
        if (family->parameters().empty()) {
            text += fmt::format("| `{}` | none |  |  |\n", family->name());
        }
        for (const auto& p : family->parameters()) {
            std::string values;
            using enum search_spaces::Parameter::Kind;
            if (p.kind == word || p.kind == subset) {
                for (const auto& each : p.words) {
                    values += (values.empty() ? "`" : ", `") + each + "`";
                }
                values = (p.kind == subset ? "one or more, joined by `+`: " : "") + values;
                for (const auto& [alias, value] : p.aliases) {
                    values += fmt::format("; `{}` is all of them", alias);
                }
            } else {
                values = fmt::format("{} to {}", p.low, p.high);
                if (p.kind == search_spaces::Parameter::Kind::number) {
                    values += ", fractions too";
                }
                for (const auto& [alias, value] : p.aliases) {
                    values += fmt::format("; `{}` is {}", alias, value);
                }
            }
            text +=
                fmt::format("| `{}` | `{}` | `{}` | {} |\n", family->name(), p.name, p.default_value, values);
        }
    }
    return text;
}

nlohmann::ordered_json parameter_schema(const search_spaces::Parameter& p) {
    nlohmann::ordered_json value;
    if (p.kind == search_spaces::Parameter::Kind::word) {
        value["enum"] = p.words;
    } else if (p.kind == search_spaces::Parameter::Kind::subset) {
        value["type"] = "string";
    } else {
        value["type"] = nlohmann::json::array({"number", "string"});
    }
    return {{"anyOf", nlohmann::ordered_json::array({value, {{"type", "array"}, {"items", value}}})}};
}

/// Every key that there is: those of a configuration with blocks of its own, then what constructs them.
std::vector<support::KeyInfo> all_keys() {
    const auto own = support::Document::parse(kSpecimen, "specimen");
    nas::Configuration::read(own);
    const auto constructed = support::Document::parse(kConstruction, "specimen");
    nas::Configuration::read(constructed);
    std::vector<support::KeyInfo> keys = own.keys();
    std::ranges::copy_if(constructed.keys(), std::back_inserter(keys), [](const support::KeyInfo& key) {
        return key.path == "construct" || key.path.starts_with("construct.");
    });
    return keys;
}

nlohmann::ordered_json schema_of(const std::vector<support::KeyInfo>& keys) {
    auto schema = support::json_schema(keys, "Configuration of tessera",
                                       {"space.blocks[].choices[]", "space.blocks[].unless[]"});
    auto& required = schema["properties"]["space"]["required"]; // of classifiers alone
    required.erase(std::remove(required.begin(), required.end(), "classes"), required.end());
    auto& choices =
        schema["properties"]["space"]["properties"]["blocks"]["items"]["properties"]["choices"]["items"];
    choices["properties"] = nlohmann::ordered_json::object();
    choices["additionalProperties"] = false;
    for (const search_spaces::Family* family : search_spaces::families()) {
        nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
        for (const auto& p : family->parameters()) {
            parameters[p.name] = parameter_schema(p);
        }
        choices["properties"][std::string(family->name())] = {
            {"type", "object"}, {"properties", parameters}, {"additionalProperties", false}};
    }
    return schema;
}

} // namespace

Command keys_command() {
    return {"keys",
            "prints every key of a configuration: type, default, range, meaning (Markdown)",
            "  tessera keys > docs/configuration.md\n"
            "  tessera keys --schema > tessera.schema.json   # for editors\n",
            [](const Arguments& arguments) {
                const auto keys = all_keys();
                if (arguments.has("schema")) {
                    const std::string schema = schema_of(keys).dump(1);
                    print(arguments, schema + "\n", schema);
                    return 0;
                }
                std::string text =
                    "# Configuration\n\nEvery key that a configuration may hold, printed by `tessera keys`. "
                    "A key "
                    "that is not here is refused, with the nearest spelling.\nPaths are relative to the "
                    "configuration's folder. `--set a.b=c` overrides a key\n"
                    "(paths there are relative to where you are); a run keeps it in its `config.yaml` for "
                    "calls to come.\n";
                nlohmann::json json = nlohmann::json::array();
                std::string section = "-";
                for (const auto& key : keys) {
                    const std::string top = key.path.substr(0, key.path.find_first_of(".["));
                    const std::string heading = top == key.path && key.type != "section" ? "" : top;
                    if (heading != section) {
                        section = heading;
                        text += fmt::format(
                            "\n## {}\n\n| key | type | default | range | meaning |\n|---|---|---|---|---|\n",
                            heading.empty() ? "Top level" : heading);
                    }
                    text += fmt::format(
                        "| `{}` | {} | {} | {} | {} |\n", key.path, escaped(key.type),
                        key.default_value.empty() ? "" : fmt::format("`{}`", escaped(key.default_value)),
                        escaped(key.range), escaped(key.meaning));
                    json.push_back({{"path", key.path},
                                    {"type", key.type},
                                    {"default", key.default_value},
                                    {"range", key.range},
                                    {"meaning", key.meaning}});
                }
                text += families_text();
                print(arguments, text, json.dump(1));
                return 0;
            },
            {{"schema", "", "a JSON schema instead, by which editors complete and check a configuration"}},
            {"", ""}};
}

} // namespace tessera::cli
