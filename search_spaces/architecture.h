// An architecture: one choice per block, as a value.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "search_spaces/choice.h"

namespace tessera::search_spaces {

struct Architecture {
    std::vector<Choice> choices;

    /// Canonical text: the choices' texts joined by " | "; parse(text()) == *this.
    std::string text() const;
    /// Content hash of the canonical text, 16 hexadecimal digits, stable across machines and versions.
    std::string id() const;
    /// Syntax only; SearchSpace::genome checks that the choices belong to a space. Throws UsageError.
    static Architecture parse(std::string_view text);

    auto operator<=>(const Architecture&) const = default;
};

} // namespace tessera::search_spaces

template <>
struct std::hash<tessera::search_spaces::Architecture> {
    std::size_t operator()(const tessera::search_spaces::Architecture& a) const {
        return std::hash<std::string>{}(a.text());
    }
};
