#include <fmt/format.h>

#include "support/config.h"
#include "support/config_state.h"
#include "support/error.h"
#include "support/files.h"

namespace tessera::support {

namespace fs = std::filesystem;

Document::Document(std::shared_ptr<State> state) : state_(std::move(state)) {}

Document Document::load(const fs::path& file, const std::vector<std::string>& overrides) {
    std::string text;
    try {
        text = read_file(file, 16U << 20);
    } catch (const RunError& error) {
        throw UsageError(error.what()); // the user named the file
    }
    return parse(text, file.string(), file.parent_path(), overrides);
}

Document Document::parse(const std::string& text, const std::string& name, const fs::path& directory,
                         const std::vector<std::string>& overrides) {
    auto state = std::make_shared<State>();
    state->name = name;
    state->directory = fs::absolute(directory.empty() ? fs::path(".") : directory);
    state->root = config::parse_yaml(text, name);
    const config::Node& root = *state->root;
    if (root.kind != config::Node::Kind::map && root.kind != config::Node::Kind::null) {
        config::refuse_at(root.at.text(name),
                          fmt::format("expected keys and values, found {}", config::describe(root)));
    }
    for (const std::string& assignment : overrides) {
        config::apply_override(state->root, assignment);
    }
    return Document(std::move(state));
}

Section Document::root() const {
    auto section = std::make_shared<Section::State>();
    section->document = state_;
    if (state_->root->kind == config::Node::Kind::map) {
        section->node = state_->root;
    }
    section->at = state_->root->at;
    section->record = state_->record;
    return Section(std::move(section));
}

std::string Document::resolved() const { return state_->record->dump(&config::Record::Value::yaml); }

const std::vector<KeyInfo>& Document::keys() const { return state_->keys; }

const std::string& Document::name() const { return state_->name; }

} // namespace tessera::support
