// From text to tree, through yaml-cpp's event interface.
#include <optional>
#include <sstream>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "support/config_tree.h"
#include "support/utf8.h"

namespace tessera::support::config {
namespace {

constexpr std::size_t largest_text = 16U << 20;
/// Far more than any configuration; stops aliases of aliases from growing without bound.
constexpr std::size_t most_nodes = 2'000'000;

/// yaml-cpp overlooks a quote that is still open where the file ends with a line end: every text ends with a
/// comment.
constexpr std::string_view last_line = "\n# end";

[[noreturn]] void refuse(const Position& at, std::string_view file, std::string_view message) {
    refuse_at(at.text(file), message);
}

class Builder : public YAML::EventHandler {
public:
    Builder(std::string_view file, Position end) : file_(file), end_(std::move(end)) {}

    NodePtr root() const { return root_; }

    Position position(const YAML::Mark& mark) const {
        if (mark.is_null()) {
            return {1, 1, end_.origin};
        }
        if (mark.line >= end_.line) {
            return end_;
        } // in our own last line
        return {mark.line + 1, mark.column + 1, end_.origin};
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (root_) {
            refuse(position(mark), file_, "more than one YAML document in the file");
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        place(node(Node::Kind::null, mark), position(mark), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            refuse(position(mark), file_, "an alias inside its own anchor");
        }
        place(found->second, position(mark), YAML::NullAnchor);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(tag, "tag:yaml.org,2002:str", mark);
        auto scalar = node(Node::Kind::scalar, mark);
        scalar->text = value;
        scalar->quoted = tag != "?";
        place(std::move(scalar), position(mark), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check_tag(tag, "tag:yaml.org,2002:seq", mark);
        open_.push_back({node(Node::Kind::list, mark), anchor, {}});
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check_tag(tag, "tag:yaml.org,2002:map", mark);
        open_.push_back({node(Node::Kind::map, mark), anchor, {}});
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        NodePtr node;
        YAML::anchor_t anchor;
        std::optional<Entry> entry; ///< the key read, its value still to come
    };

    NodePtr node(Node::Kind kind, const YAML::Mark& mark) const {
        auto made = std::make_shared<Node>();
        made->kind = kind;
        made->at = position(mark);
        return made;
    }

    void check_tag(const std::string& tag, std::string_view own, const YAML::Mark& mark) const {
        if (!tag.empty() && tag != "?" && tag != "!" && tag != own) {
            refuse(position(mark), file_, fmt::format("YAML tags are not supported, found {}", tag));
        }
    }

    void close() {
        const Open done = std::move(open_.back());
        open_.pop_back();
        place(done.node, done.node->at, done.anchor);
    }

    void place(NodePtr value, const Position& at, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            anchors_[anchor] = value;
        }
        if (open_.empty()) {
            root_ = std::move(value);
            return;
        }
        Open& parent = open_.back();
        if (parent.node->kind == Node::Kind::map && !parent.entry) {
            parent.entry = key(*value, *parent.node, at);
            return;
        }
        parent.node->weight += value->weight;
        if (parent.node->weight > most_nodes) {
            refuse(at, file_, "too many values, aliases expanded");
        }
        if (parent.node->kind == Node::Kind::list) {
            parent.node->items.push_back(std::move(value));
        } else {
            // A missing value is noticed at the next token, perhaps lines below.
            const bool missing = value->kind == Node::Kind::null && at.line != parent.entry->at.line;
            if (missing) {
                value->at = parent.entry->at;
            }
            parent.entry->value = std::move(value);
            parent.node->set(std::move(*parent.entry));
            parent.entry.reset();
        }
    }

    Entry key(const Node& node, const Node& map, const Position& at) const {
        if (node.kind != Node::Kind::scalar) {
            refuse(at, file_, fmt::format("a key must be a text, found {}", describe(node)));
        }
        if (const Entry* first = map.find(node.text)) {
            refuse(
                at, file_,
                fmt::format("{}: duplicate key, first given on line {}", path_to(node.text), first->at.line));
        }
        return {node.text, at, nullptr};
    }

    std::string path_to(const std::string& key) const {
        std::string path;
        for (const Open& open : open_) {
            if (open.node->kind == Node::Kind::list) {
                path += fmt::format("[{}]", open.node->items.size());
            } else if (open.entry) {
                path += (path.empty() ? "" : ".") + open.entry->key;
            }
        }
        return path + (path.empty() ? "" : ".") + key;
    }

    std::string_view file_;
    Position end_; ///< of the text
    NodePtr root_;
    std::vector<Open> open_;
    std::unordered_map<YAML::anchor_t, NodePtr> anchors_;
};

void require_utf8(const std::string& text, std::string_view file,
                  const std::shared_ptr<const std::string>& origin) {
    int line = 1;
    for (std::size_t begin = 0; begin < text.size(); ++line) {
        const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
        if (!is_utf8(std::string_view(text).substr(begin, end - begin))) {
            refuse({line, 1, origin}, file, "not UTF-8");
        }
        begin = end;
    }
}

/// Returns the end of the text. yaml-cpp takes 0x04 for the end of the file and would silently drop the rest.
Position check_characters(const std::string& text, std::string_view file,
                          const std::shared_ptr<const std::string>& origin) {
    Position at{1, 1, origin};
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7F) {
            refuse(at, file, fmt::format("control character 0x{:02x}: not a text file in UTF-8", byte));
        }
        ++at.column;
        if (c == '\n') {
            at = {at.line + 1, 1, origin};
        }
    }
    require_utf8(text, file, origin);
    return at;
}

} // namespace

NodePtr parse_yaml(const std::string& text, std::string_view file,
                   std::shared_ptr<const std::string> origin) {
    if (text.size() > largest_text) {
        refuse({1, 1, origin}, file, fmt::format("larger than {} MiB", largest_text >> 20));
    }
    Builder builder(file, check_characters(text, file, origin));
    try {
        std::istringstream stream(text + std::string(last_line));
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {}
    } catch (const YAML::DeepRecursion& error) {
        refuse(builder.position(error.mark), file, "nested too deeply");
    } catch (const YAML::Exception& error) {
        const bool open = error.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
        refuse(builder.position(error.mark), file, open ? "a quote that is never closed" : error.msg);
    }
    if (builder.root()) {
        return builder.root();
    }
    auto empty = std::make_shared<Node>();
    empty->at.origin = std::move(origin);
    return empty;
}

} // namespace tessera::support::config
