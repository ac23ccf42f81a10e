// Command line options that are short for overrides of the configuration.
#pragma once

#include <string>

#include "cli/command.h"

namespace tessera::cli {

/// Single-quoted YAML.
std::string yaml_text(std::string text);
/// Adds `key` with the option's value where it was given; as a path, relative to where the program is called
/// and not to the configuration.
void override_with(Arguments& arguments, const std::string& option, const std::string& key,
                   bool path = false);

} // namespace tessera::cli
