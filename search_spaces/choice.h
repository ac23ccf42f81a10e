// A choice: a layer family and its parameters, as a value with one canonical text.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera::search_spaces {

/// One way to build a block, e.g. `mbconv(depth=2,kernel=5,expand=4,width=1,group=1,attention=se,act=swish)`.
/// All parameters of the family are present, in the family's order, so equal choices have equal texts. Values
/// are kept as canonical texts (integers without leading zeros, numbers in their shortest form, enumerations
/// in lower case).
class Choice {
public:
    using Parameters = std::vector<std::pair<std::string, std::string>>;

    Choice() = default;
    Choice(std::string family, Parameters parameters);

    /// Splits `family(key=value,...)` or `family`; checks syntax only (see Registry::complete for the
    /// family's rules). Throws UsageError naming the position of the first wrong character.
    static Choice parse(std::string_view text);

    const std::string& family() const { return family_; }
    const Parameters& parameters() const { return parameters_; }
    /// Value of a parameter; throws std::out_of_range when the family has none of this name.
    const std::string& text_of(std::string_view parameter) const;
    int integer(std::string_view parameter) const;
    double number(std::string_view parameter) const;

    /// Canonical text; parse(text()) == *this.
    std::string text() const;

    auto operator<=>(const Choice&) const = default;

private:
    std::string family_;
    Parameters parameters_;
};

} // namespace tessera::search_spaces
