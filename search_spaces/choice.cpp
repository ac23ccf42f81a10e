#include "search_spaces/choice.h"

#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::search_spaces {
namespace {

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '+' || c == '-';
}

/// Reads `family(key=value,...)` from left to right and knows where it stands.
class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    Choice read() {
        const std::string family = word("the name of a layer family");
        Choice::Parameters parameters;
        if (accept('(') && !accept(')')) {
            do {
                const std::size_t start = position_;
                std::string key = word("a parameter's name");
                for (const auto& [known, value] : parameters) {
                    if (known == key) {
                        position_ = start;
                        fail(fmt::format("parameter '{}' is given twice", key));
                    }
                }
                expect('=');
                std::string value = word(fmt::format("a value for '{}'", key));
                parameters.emplace_back(std::move(key), std::move(value));
            } while (accept(','));
            expect(')');
        }
        skip_blanks();
        if (position_ != text_.size()) {
            fail("nothing more was expected");
        }
        return {family, std::move(parameters)};
    }

private:
    void skip_blanks() {
        while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t')) {
            ++position_;
        }
    }
    bool accept(char c) {
        skip_blanks();
        if (position_ == text_.size() || text_[position_] != c) {
            return false;
        }
        ++position_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) {
            fail(fmt::format("'{}' was expected", c));
        }
    }
    std::string word(std::string_view what) {
        skip_blanks();
        const std::size_t start = position_;
        while (position_ < text_.size() && is_word(text_[position_])) {
            ++position_;
        }
        if (position_ == start) {
            fail(fmt::format("{} was expected", what));
        }
        return std::string(text_.substr(start, position_ - start));
    }
    [[noreturn]] void fail(std::string_view problem) const {
        const std::string found =
            position_ < text_.size() ? fmt::format("'{}'", text_[position_]) : "the end";
        throw support::UsageError(
            fmt::format("choice '{}', character {} ({}): {}", text_, position_ + 1, found, problem));
    }

    std::string_view text_;
    std::size_t position_ = 0;
};

template <class T>
T parsed(const std::string& text, std::string_view parameter, std::string_view kind) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        throw std::invalid_argument(fmt::format("parameter '{}': '{}' is not {}", parameter, text, kind));
    }
    return value;
}

} // namespace

Choice::Choice(std::string family, Parameters parameters)
    : family_(std::move(family)), parameters_(std::move(parameters)) {}

Choice Choice::parse(std::string_view text) { return Reader(text).read(); }

const std::string& Choice::text_of(std::string_view parameter) const {
    for (const auto& [key, value] : parameters_) {
        if (key == parameter) {
            return value;
        }
    }
    throw std::out_of_range(fmt::format("choice '{}' has no parameter '{}'", text(), parameter));
}

int Choice::integer(std::string_view parameter) const {
    return parsed<int>(text_of(parameter), parameter, "an integer");
}

double Choice::number(std::string_view parameter) const {
    return parsed<double>(text_of(parameter), parameter, "a number");
}

std::string Choice::text() const {
    std::string result = family_;
    char separator = '(';
    for (const auto& [key, value] : parameters_) {
        result += separator;
        result.append(key).append("=").append(value);
        separator = ',';
    }
    if (!parameters_.empty()) {
        result += ')';
    }
    return result;
}

} // namespace tessera::search_spaces
