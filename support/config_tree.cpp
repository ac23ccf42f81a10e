#include "support/config_tree.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::support::config {

std::string Position::text(std::string_view file) const {
    return origin ? *origin : fmt::format("{}:{}:{}", file, line, column);
}

const Entry* Node::find(std::string_view key) const {
    const auto found = index_.find(std::string(key));
    return found == index_.end() ? nullptr : &entries_[found->second];
}

void Node::set(Entry entry) {
    const auto [place, added] = index_.try_emplace(entry.key, entries_.size());
    if (added) {
        entries_.push_back(std::move(entry));
    } else {
        entries_[place->second] = std::move(entry);
    }
}

std::string describe(const Node& node) {
    switch (node.kind) {
    case Node::Kind::null:
        return "nothing";
    case Node::Kind::list:
        return "a list";
    case Node::Kind::map:
        return "a section";
    case Node::Kind::scalar:
        break;
    }
    return (node.quoted ? "the text " : "") + quote_for_message(node.text);
}

std::string quote_for_message(std::string_view text) {
    constexpr std::size_t longest = 60;
    std::string shown = "\"";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool starts_character = (byte & 0xC0) != 0x80; // never cut a UTF-8 sequence
        if (i >= longest && starts_character) {
            return shown + "...\"";
        }
        if (byte < 0x20 || byte == 0x7F) {
            shown += fmt::format("\\x{:02x}", byte);
        } else {
            shown += text[i];
        }
    }
    return shown + "\"";
}

void refuse_at(std::string_view place, std::string_view message) {
    std::string line = fmt::format("{}: error: {}", place, message);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; },
        ' ');
    throw UsageError(line);
}

} // namespace tessera::support::config
