// What a document and a section remember between calls. Internal to the configuration reader.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "support/config.h"
#include "support/config_tree.h"

namespace tessera::support {

namespace config {

/// One mapping as it was understood: the declared keys in the order of first reading, with their effective
/// values. All handles to one section share its record, so that keys may be declared by several readers.
class Record {
public:
    struct Value {
        enum class Kind { unwritten, scalar, section, list };
        Kind kind = Kind::unwritten;
        std::string yaml, hashed; ///< of a scalar or a list of scalars, for people and for content hashes
        std::vector<std::shared_ptr<Record>> below; ///< the one section, or the list's
    };

    bool declared(const std::string& key) const { return index_.contains(key); }
    std::vector<std::string> keys() const;
    /// The key's value, declared if it was not.
    Value& at(const std::string& key);
    /// Block YAML, indented by `indent` spaces, without the key `except`; "{}" on a line of its own where
    /// nothing was read.
    std::string dump(std::string Value::*text_of, std::size_t indent = 0, std::string_view except = {}) const;

private:
    bool empty() const;
    std::vector<std::pair<std::string, Value>> values_;
    std::unordered_map<std::string, std::size_t> index_;
};

} // namespace config

struct Document::State {
    std::string name;
    std::filesystem::path directory;
    config::NodePtr root;
    std::shared_ptr<config::Record> record = std::make_shared<config::Record>();
    std::vector<KeyInfo> keys;
    std::unordered_set<std::string> listed;
};

struct Section::State {
    std::shared_ptr<Document::State> document;
    config::NodePtr node; ///< a map, or null where the section is absent
    config::Position at;  ///< of the section, or of the nearest one above that is present
    std::shared_ptr<config::Record> record;
    std::string path, pattern; ///< with indices, and with "[]" in their place
    std::set<std::string, std::less<>> required;

    const config::Entry* find(std::string_view key) const { return node ? node->find(key) : nullptr; }
    std::string path_of(std::string_view key) const;
    /// Declares a key: lists it once for the reference and refuses its absence where it is required.
    /// Returns its entry, null where the default holds.
    const config::Entry* declare(std::string_view key, KeyInfo info, bool null_is_absent = false);
    /// "where: error: path: message".
    [[noreturn]] void refuse(const config::Position& where, const std::string& full_path,
                             std::string_view message) const;
};

} // namespace tessera::support
