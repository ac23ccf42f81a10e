// Every layer family, and what they have in common: names, defaults, ranges.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "search_spaces/family.h"
#include "support/config.h"
#include "support/csv.h"
#include "support/error.h"

// One line a family: families/<name>.cpp defines `const Family& <name>_family()`.
#define TESSERA_FAMILIES(FAMILY)                                                                             \
    FAMILY(identity)                                                                                         \
    FAMILY(conv)                                                                                             \
    FAMILY(mbconv)                                                                                           \
    FAMILY(attention)                                                                                        \
    FAMILY(linear_attention)                                                                                 \
    FAMILY(padre)                                                                                            \
    FAMILY(tosa)                                                                                             \
    FAMILY(envelope)                                                                                         \
    FAMILY(widener)

namespace tessera::search_spaces {

#define TESSERA_DECLARE(name) const Family& name##_family();
TESSERA_FAMILIES(TESSERA_DECLARE)
#undef TESSERA_DECLARE

namespace {

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
    const std::string near = support::nearest(word, known);
    return near.empty() ? fmt::format("; there are {}", fmt::join(known, ", "))
                        : fmt::format("; did you mean '{}'?", near);
}

template <class T>
bool parse_whole(std::string_view text, T& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

/// The words of `text` in their own order, joined; empty where one is unknown or named twice.
std::string ordered_subset(const std::vector<std::string>& words, std::string_view text) {
    const std::vector<std::string> wanted = subset_words(text);
    std::string result;
    std::size_t found = 0;
    for (const std::string& word : words) {
        if (std::ranges::find(wanted, word) != wanted.end()) {
            result += (result.empty() ? "" : "+") + word;
            ++found;
        }
    }
    return found == wanted.size() ? result : "";
}

/// What the parameter may be, for messages.
std::string domain(const Parameter& parameter) {
    if (parameter.kind == Parameter::Kind::word) {
        return fmt::format("one of {}", fmt::join(parameter.words, ", "));
    }
    if (parameter.kind == Parameter::Kind::subset) {
        return fmt::format("one or more of {}, joined by '+'", fmt::join(parameter.words, ", "));
    }
    std::string text = fmt::format("{} from {} to {}",
                                   parameter.kind == Parameter::Kind::number ? "a number"
                                   : parameter.odd                           ? "an odd integer"
                                                                             : "an integer",
                                   support::number(parameter.low), support::number(parameter.high));
    for (const auto& [alias, value] : parameter.aliases) {
        text += fmt::format(" or '{}'", alias);
    }
    return text;
}

} // namespace

std::string refuse_class_token(const Shape& map) {
    return map.prefix > 0 ? "a class token has no place in a convolution's map" : "";
}

std::span<const Family* const> families() {
#define TESSERA_ADDRESS(name) &name##_family(),
    static const std::array all{TESSERA_FAMILIES(TESSERA_ADDRESS)};
#undef TESSERA_ADDRESS
    return all;
}

const Family& family(std::string_view name) {
    std::vector<std::string> known;
    for (const Family* one : families()) {
        if (one->name() == name) {
            return *one;
        }
        known.emplace_back(one->name());
    }
    throw support::UsageError(fmt::format("unknown layer family '{}'{}", name, suggestion(name, known)));
}

std::vector<std::string> subset_words(std::string_view text) {
    std::vector<std::string> words;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t end = std::min(text.find('+', start), text.size());
        words.emplace_back(text.substr(start, end - start));
        start = end + 1;
    }
    return words;
}

const Parameter& parameter(const Family& family, std::string_view name) {
    std::vector<std::string> known;
    for (const Parameter& one : family.parameters()) {
        if (one.name == name) {
            return one;
        }
        known.push_back(one.name);
    }
    throw support::UsageError(fmt::format("{} has no parameter '{}'{}", family.name(), name,
                                          known.empty() ? "; it has none at all" : suggestion(name, known)));
}

std::string canonical_value(std::string_view family, const Parameter& parameter, std::string_view text) {
    for (const auto& [alias, value] : parameter.aliases) {
        if (alias == text) {
            return value;
        }
    }
    switch (parameter.kind) {
    case Parameter::Kind::word:
        if (std::ranges::find(parameter.words, text) != parameter.words.end()) {
            return std::string(text);
        }
        break;
    case Parameter::Kind::subset:
        if (std::string ordered = ordered_subset(parameter.words, text); !ordered.empty()) {
            return ordered;
        }
        break;
    case Parameter::Kind::integer: {
        std::int64_t value = 0;
        if (parse_whole(text, value) && static_cast<double>(value) >= parameter.low &&
            static_cast<double>(value) <= parameter.high && !(parameter.odd && value % 2 == 0)) {
            return fmt::format("{}", value);
        }
        break;
    }
    case Parameter::Kind::number: {
        double value = 0;
        if (parse_whole(text, value) && value >= parameter.low && value <= parameter.high) {
            return support::number(value == 0 ? 0.0 : value); // no negative zero
        }
        break;
    }
    }
    std::string wrong(text);
    if (parameter.kind == Parameter::Kind::subset) {
        for (const std::string& word : subset_words(text)) {
            if (std::ranges::find(parameter.words, word) == parameter.words.end()) {
                wrong = word;
                break;
            }
        }
    }
    const std::string near = support::nearest(wrong, parameter.words);
    throw support::UsageError(fmt::format("{}: parameter '{}' is {}, not '{}'{}", family, parameter.name,
                                          domain(parameter), text,
                                          near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

Choice complete(const Choice& choice) {
    const Family& chosen = family(choice.family());
    for (const auto& [name, value] : choice.parameters()) {
        static_cast<void>(parameter(chosen, name));
    }
    Choice::Parameters completed;
    for (const Parameter& one : chosen.parameters()) {
        std::string value = one.default_value;
        for (const auto& [name, given] : choice.parameters()) {
            if (name == one.name) {
                value = canonical_value(chosen.name(), one, given);
            }
        }
        completed.emplace_back(one.name, std::move(value));
    }
    return {choice.family(), std::move(completed)};
}

} // namespace tessera::search_spaces
