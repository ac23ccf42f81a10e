#include "cli/overrides.h"

#include <filesystem>

namespace tessera::cli {

std::string yaml_text(std::string text) {
    for (std::size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2) {
        text.insert(at, 1, '\'');
    }
    return "'" + text + "'";
}

void override_with(Arguments& arguments, const std::string& option, const std::string& key, bool path) {
    if (arguments.has(option)) {
        const std::string value = arguments.value(option);
        arguments.set.push_back(key + "=" +
                                yaml_text(path ? std::filesystem::absolute(value).string() : value));
    }
}

} // namespace tessera::cli
