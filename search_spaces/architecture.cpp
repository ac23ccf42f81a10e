#include "search_spaces/architecture.h"

#include <fmt/format.h>

#include "support/error.h"
#include "support/hash.h"

namespace tessera::search_spaces {

std::string Architecture::text() const {
    std::string result;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        if (i > 0) {
            result += " | ";
        }
        result += choices[i].text();
    }
    return result;
}

std::string Architecture::id() const { return support::content_hash(text()); }

Architecture Architecture::parse(std::string_view text) {
    Architecture result;
    if (text.find_first_not_of(" \t") == std::string_view::npos) {
        return result;
    } // no blocks: the stem and the head alone
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find('|', start), text.size());
        try {
            result.choices.push_back(Choice::parse(text.substr(start, end - start)));
        } catch (const support::UsageError& error) {
            throw support::UsageError(
                fmt::format("architecture, block {}: {}", result.choices.size() + 1, error.what()));
        }
        start = end + 1;
    }
    return result;
}

} // namespace tessera::search_spaces
