// Texts from outside that end in JSON, which holds UTF-8 alone.
#pragma once

#include <string_view>

namespace tessera::support {

/// Without overlong forms, surrogates, and what lies beyond the last character.
bool is_utf8(std::string_view text);

} // namespace tessera::support
