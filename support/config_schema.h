// A JSON schema of the configuration, for editors that complete and check YAML.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/config.h"

namespace tessera::support {

/// JSON schema (draft 2020-12) of a document with these keys. Objects take no other keys, except those at
/// `open` paths ("space.blocks[].choices[]"), whose keys are not known beforehand.
nlohmann::ordered_json json_schema(const std::vector<KeyInfo>& keys, const std::string& title,
                                   const std::vector<std::string>& open);

} // namespace tessera::support
