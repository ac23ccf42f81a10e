#include <algorithm>

#include <fmt/format.h>

#include "support/config_scalars.h"
#include "support/config_state.h"

namespace tessera::support::config {

std::vector<std::string> Record::keys() const {
    std::vector<std::string> names;
    for (const auto& [key, value] : values_) {
        names.push_back(key);
    }
    return names;
}

Record::Value& Record::at(const std::string& key) {
    const auto [place, added] = index_.try_emplace(key, values_.size());
    if (added) {
        values_.emplace_back(key, Value{});
    }
    return values_[place->second].second;
}

bool Record::empty() const {
    return std::all_of(values_.begin(), values_.end(),
                       [](const auto& value) { return value.second.kind == Value::Kind::unwritten; });
}

std::string Record::dump(std::string Value::*text_of, std::size_t indent, std::string_view except) const {
    const std::string margin(indent, ' ');
    if (empty()) {
        return margin + "{}\n";
    }
    std::string text;
    for (const auto& [key, value] : values_) {
        if (value.kind == Value::Kind::unwritten || key == except) {
            continue;
        }
        text += margin + to_yaml(std::string_view(key)) + ":";
        if (value.kind == Value::Kind::scalar) {
            text += " " + value.*text_of + "\n";
        } else if (value.kind == Value::Kind::section) {
            text += value.below.front()->empty() ? " {}\n"
                                                 : "\n" + value.below.front()->dump(text_of, indent + 2);
        } else {
            text += value.below.empty() ? " []\n" : "\n";
            for (const auto& item : value.below) {
                std::string lines = item->dump(text_of, indent + 4);
                lines[indent + 2] = '-'; // in the first line's margin
                text += lines;
            }
        }
    }
    return text;
}

} // namespace tessera::support::config
