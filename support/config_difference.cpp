#include "support/config_difference.h"

#include <map>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace tessera::support {
namespace {

using Scalars = std::vector<std::pair<std::string, std::string>>;

void flatten(const YAML::Node& node, const std::string& path, Scalars& into) {
    if (node.IsMap()) {
        for (const auto& item : node) {
            const auto key = item.first.as<std::string>();
            flatten(item.second, path.empty() ? key : path + "." + key, into);
        }
    } else if (node.IsSequence()) {
        std::size_t i = 0;
        for (const auto& item : node) {
            flatten(item, fmt::format("{}[{}]", path, i++), into);
        }
    } else if (node.IsScalar()) {
        into.emplace_back(path, node.Scalar());
    }
}

Scalars scalars_of(const std::string& text, const std::string& path) {
    Scalars result;
    try {
        flatten(YAML::Load(text), path, result);
    } catch (const YAML::Exception&) { result = {{path, text}}; }
    return result;
}

} // namespace

std::string KeyChange::text() const {
    const auto shown = [](const std::string& value) { return value.empty() ? std::string("none") : value; };
    return fmt::format("{}: {} -> {}", path, shown(before), shown(after));
}

std::vector<KeyChange> differences(const std::string& before, const std::string& after,
                                   const std::string& path) {
    const Scalars old = scalars_of(before, path), young = scalars_of(after, path);
    const std::map<std::string, std::string> was(old.begin(), old.end()), is(young.begin(), young.end());
    std::vector<KeyChange> result;
    for (const auto& [key, value] : young) {
        const auto found = was.find(key);
        if (found == was.end() || found->second != value) {
            result.push_back({key, found == was.end() ? "" : found->second, value});
        }
    }
    for (const auto& [key, value] : old) {
        if (!is.contains(key)) {
            result.push_back({key, value, ""});
        }
    }
    return result;
}

} // namespace tessera::support
