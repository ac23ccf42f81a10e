// The command line's --set a.b=c.
#include <algorithm>
#include <charconv>
#include <variant>

#include <fmt/format.h>

#include "support/config_tree.h"

namespace tessera::support::config {
namespace {

constexpr std::size_t deepest = 100; // the tree is walked recursively

using Step = std::variant<std::string, std::size_t>; // a key or an index

class Override {
public:
    explicit Override(const std::string& assignment)
        : origin_(std::make_shared<const std::string>("--set " + assignment)) {
        const auto equals = assignment.find('=');
        if (equals == std::string::npos) {
            refuse("expected key=value, e.g. teach.epochs=10");
        }
        path_ = assignment.substr(0, equals);
        split();
        value_ = parse_yaml(assignment.substr(equals + 1), path_, origin_);
    }

    void apply(NodePtr& root) const { descend(root, 0, ""); }

private:
    [[noreturn]] void refuse(const std::string& message) const { refuse_at(*origin_, message); }

    void split() {
        std::string_view rest = path_;
        while (true) {
            const auto end = std::min(rest.find_first_of(".["), rest.size());
            if (end == 0 || rest.substr(0, end).find(']') != std::string_view::npos) {
                refuse(fmt::format("\"{}\" is not the path of a key, e.g. teach.epochs or blocks[0].name",
                                   path_));
            }
            steps_.emplace_back(std::string(rest.substr(0, end)));
            rest.remove_prefix(end);
            while (rest.starts_with('[')) {
                rest.remove_prefix(index(rest));
            }
            if (steps_.size() > deepest) {
                refuse("nested too deeply");
            }
            if (rest.empty()) {
                return;
            }
            if (!rest.starts_with('.')) {
                refuse(fmt::format("expected . or [ before \"{}\"", rest));
            }
            rest.remove_prefix(1);
        }
    }

    /// Reads "[12]" and returns its length.
    std::size_t index(std::string_view rest) {
        const auto close = std::min(rest.find(']'), rest.size());
        std::size_t value = 0;
        const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + close, value);
        if (close == rest.size() || close == 1 || error != std::errc() || end != rest.data() + close) {
            refuse(fmt::format("expected an index such as [0], found \"{}\"", rest.substr(0, close + 1)));
        }
        steps_.emplace_back(value);
        return close + 1;
    }

    /// Nodes may be shared through aliases: each one on the way is copied before it is changed.
    void descend(NodePtr& slot, std::size_t depth, const std::string& above) const {
        if (depth == steps_.size()) {
            slot = value_;
            return;
        }
        slot = std::make_shared<Node>(*slot);
        if (const auto* key = std::get_if<std::string>(&steps_[depth])) {
            into_map(*slot, *key, depth, above);
        } else {
            into_list(*slot, std::get<std::size_t>(steps_[depth]), depth, above);
        }
    }

    void into_map(Node& node, const std::string& key, std::size_t depth, const std::string& above) const {
        if (node.kind == Node::Kind::null) {
            node.kind = Node::Kind::map;
            node.at = Position{1, 1, origin_};
        }
        if (node.kind != Node::Kind::map) {
            refuse(fmt::format("{}: expected a section, found {}", above, describe(node)));
        }
        const Entry* found = node.find(key);
        Entry entry; // filled step by step: GCC 12 takes a conditional copy for uninitialised
        if (found) {
            entry = *found;
        } else {
            entry.key = key;
            entry.at.origin = origin_;
            entry.value = std::make_shared<Node>();
        }
        if (depth + 1 == steps_.size()) {
            entry.at.origin = origin_;
        }
        descend(entry.value, depth + 1, above.empty() ? key : above + "." + key);
        node.set(std::move(entry));
    }

    void into_list(Node& node, std::size_t index, std::size_t depth, const std::string& above) const {
        if (node.kind != Node::Kind::list) {
            refuse(fmt::format("{}: expected a list, found {}", above, describe(node)));
        }
        if (index >= node.items.size()) {
            refuse(fmt::format("{}: no index {} in a list of {}", above, index, node.items.size()));
        }
        descend(node.items[index], depth + 1, fmt::format("{}[{}]", above, index));
    }

    std::shared_ptr<const std::string> origin_;
    std::string path_;
    std::vector<Step> steps_;
    NodePtr value_;
};

} // namespace

void apply_override(NodePtr& root, const std::string& assignment) { Override(assignment).apply(root); }

} // namespace tessera::support::config
