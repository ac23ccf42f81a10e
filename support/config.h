// Strict reader of YAML configurations. Every key that the program knows is declared by the call that reads
// it, so that unknown keys, wrong types and impossible values are refused with file, line, column and the
// nearest valid spelling, and so that the reference in docs/configuration.md can be checked against the code.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera::support {

/// What is known of one key: where it stands, what it takes, what it does.
struct KeyInfo {
    std::string path; ///< e.g. "teach.epochs", "space.blocks[].stride"
    std::string
        type; ///< "integer", "number", "boolean", "text", "path", "list of integers", "one of a|b|c", ...
    std::string default_value; ///< as it would be written in YAML; "required" where there is none
    std::string range;         ///< e.g. "1..1000", "> 0"; empty where there is none
    std::string meaning;       ///< one sentence
};

/// Inclusive bounds of a numeric value; `open_low` excludes the lower one.
template <class T>
struct Range {
    T low = std::numeric_limits<T>::lowest();
    T high = std::numeric_limits<T>::max();
    bool open_low = false;
};

/// Spelling and value of each member of an enumeration.
template <class E>
using EnumNames = std::vector<std::pair<std::string_view, E>>;

class Section;

/// A configuration file (or text) with the command line's overrides applied. A shared handle: copies refer to
/// the same document.
class Document {
public:
    /// Reads a file. Each override is "a.b.c=value" (the value is parsed as YAML).
    /// Throws UsageError "file:line:column: error: ..." on malformed YAML, duplicate keys, a missing file.
    static Document load(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});
    /// As load(), from memory; `name` stands for the file in messages and paths are relative to `directory`.
    static Document parse(const std::string& text, const std::string& name = "<text>",
                          const std::filesystem::path& directory = ".",
                          const std::vector<std::string>& overrides = {});

    Section root() const;
    /// The configuration as it was understood: every key read so far, defaults written out, paths absolute.
    std::string resolved() const;
    /// Every key asked for so far, in order of first reading, indices written as "[]".
    const std::vector<KeyInfo>& keys() const;
    /// Name of the file as given.
    const std::string& name() const;

    struct State;

private:
    explicit Document(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

/// One mapping of the document. Reading a key declares it; finish() refuses the keys that nobody declared.
class Section {
public:
    // --- scalars: the variable's value is the default, replaced when the key is present
    // -----------------------
    void read(std::string_view key, std::int64_t& value, Range<std::int64_t> range, std::string_view meaning);
    void read(std::string_view key, double& value, Range<double> range, std::string_view meaning);
    void read(std::string_view key, bool& value, std::string_view meaning);
    void read(std::string_view key, std::string& value, std::string_view meaning);
    /// Relative paths are taken relative to the configuration's folder; an empty path stays empty.
    void read(std::string_view key, std::filesystem::path& value, std::string_view meaning);
    void read(std::string_view key, std::vector<std::int64_t>& value, Range<std::int64_t> each,
              std::string_view meaning);
    void read(std::string_view key, std::vector<double>& value, Range<double> each, std::string_view meaning);
    void read(std::string_view key, std::vector<std::string>& value, std::string_view meaning);
    void read(std::string_view key, std::optional<double>& value, Range<double> range,
              std::string_view meaning);
    template <class E>
    void read(std::string_view key, E& value, const EnumNames<E>& names, std::string_view meaning) {
        std::vector<std::string_view> spellings;
        std::size_t current = 0;
        for (std::size_t i = 0; i < names.size(); ++i) {
            spellings.push_back(names[i].first);
            if (names[i].second == value) {
                current = i;
            }
        }
        value = names[read_spelling(key, spellings, current, meaning)].second;
    }
    /// The next read of `key` fails unless the key is present.
    Section& require(std::string_view key);

    // --- structure
    // --------------------------------------------------------------------------------------------
    /// The mapping under `key`; an empty one where it is absent or null.
    Section section(std::string_view key, std::string_view meaning);
    /// The mappings in the list under `key`; empty where it is absent.
    std::vector<Section> list(std::string_view key, std::string_view meaning);
    bool has(std::string_view key) const;
    /// Keys present, in the file's order: for mappings with free keys (axes, rules), which then are declared
    /// one by one by whoever reads them.
    std::vector<std::string> present() const;
    /// A scalar or a list of scalars under a free key, as texts; declares the key without listing it in
    /// keys().
    std::vector<std::string> texts(std::string_view key);

    /// Throws UsageError for the first key that was not declared, with the nearest declared spelling.
    void finish() const;
    /// "file:line:column: error: path: message", located at the key where it is present, at the section
    /// otherwise.
    [[noreturn]] void fail(std::string_view key, std::string_view message) const;
    /// Dotted path of this section, e.g. "space.blocks[2]".
    const std::string& path() const;
    /// This section as understood so far (see Document::resolved), without one of its keys if told so, for
    /// content hashes.
    std::string resolved(std::string_view except = {}) const;

    struct State;
    explicit Section(std::shared_ptr<State> state);

private:
    std::size_t read_spelling(std::string_view key, const std::vector<std::string_view>& spellings,
                              std::size_t default_index, std::string_view meaning);
    std::shared_ptr<State> state_;
};

/// The candidate with the smallest edit distance to `word`, or an empty text where none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

} // namespace tessera::support
