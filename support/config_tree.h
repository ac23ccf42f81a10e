// The YAML file as a tree in which every node knows where it was written. Internal to the configuration
// reader: yaml-cpp's own nodes merge duplicate keys and lose the difference between 10 and "10".
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tessera::support::config {

/// A place in the file, or the command line's override that a node comes from.
struct Position {
    int line = 1, column = 1;                  ///< 1-based
    std::shared_ptr<const std::string> origin; ///< "--set a.b=c"; null for the file

    /// "file:line:column" or "--set a.b=c".
    std::string text(std::string_view file) const;
};

struct Node;
using NodePtr = std::shared_ptr<Node>;

struct Entry {
    std::string key;
    Position at;
    NodePtr value;
};

struct Node {
    enum class Kind { null, scalar, list, map };

    Kind kind = Kind::null;
    Position at;
    std::string text;           ///< of a scalar
    bool quoted = false;        ///< a scalar that can only be a text
    std::vector<NodePtr> items; ///< of a list
    std::size_t weight = 1;     ///< nodes below and including this one, aliases expanded

    const std::vector<Entry>& entries() const { return entries_; }
    /// Null where the key is absent.
    const Entry* find(std::string_view key) const;
    /// Adds or replaces.
    void set(Entry entry);

private:
    std::vector<Entry> entries_;
    std::unordered_map<std::string, std::size_t> index_;
};

/// What a message says of a node: `"text"`, `the text "10"`, "a list", "a section", "nothing".
std::string describe(const Node& node);
/// The text in double quotes, shortened and without control characters, so that a message stays one line.
std::string quote_for_message(std::string_view text);

/// Throws UsageError "place: error: message", kept to one line whatever the names and values in it.
[[noreturn]] void refuse_at(std::string_view place, std::string_view message);

/// Parses one YAML document; an empty one is a null node. Throws UsageError on malformed YAML, duplicate
/// keys, tags, control characters, recursive aliases, more than one document, or a document that is too
/// large.
NodePtr parse_yaml(const std::string& text, std::string_view file,
                   std::shared_ptr<const std::string> origin = nullptr);

/// Applies "a.b[2].c=value" to the tree; missing mappings are created. Throws UsageError "--set a.b=c: error:
/// ...".
void apply_override(NodePtr& root, const std::string& assignment);

} // namespace tessera::support::config
