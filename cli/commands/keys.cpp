// keys: the reference of all configuration keys, made from what the program reads.
#include <algorithm>

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
            if (p.kind == search_spaces::Parameter::Kind::word) {
                for (const auto& word : p.words) {
                    values += (values.empty() ? "`" : ", `") + word + "`";
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
    } else {
        value["type"] = nlohmann::json::array({"number", "string"});
    }
    return {{"anyOf", nlohmann::ordered_json::array({value, {{"type", "array"}, {"items", value}}})}};
}

nlohmann::ordered_json schema_of(const support::Document& document) {
    auto schema = support::json_schema(document.keys(), "Configuration of tessera",
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
                const auto document = support::Document::parse(kSpecimen, "specimen");
                nas::Configuration::read(document);
                if (arguments.has("schema")) {
                    const std::string schema = schema_of(document).dump(1);
                    print(arguments, schema + "\n", schema);
                    return 0;
                }
                std::string text =
                    "# Configuration\n\nEvery key that a configuration may hold, printed by `tessera keys`. "
                    "A key "
                    "that is not here is refused, with the nearest spelling.\nPaths are relative to the "
                    "configuration's folder. `--set a.b=c` overrides a key for one call.\n";
                nlohmann::json json = nlohmann::json::array();
                std::string section = "-";
                for (const auto& key : document.keys()) {
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
