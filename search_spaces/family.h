// What a layer family tells the rest of the program: its parameters, its costs, how to build it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "search_spaces/choice.h"
#include "search_spaces/costs.h"

namespace tessera::search_spaces {

struct BlockImpl; // search_spaces/block_module.h

/// Where a choice is put: the feature map it receives and the one it must produce.
struct Site {
    Shape input;
    std::int64_t out_channels = 0;
    std::int64_t stride = 1;
    /// The last of the input's channels, which earlier blocks than the one before have sent (Block::skips).
    std::int64_t skip_channels = 0;
    Shape output() const { return input.strided(out_channels, stride); }
    bool keeps_shape() const { return stride == 1 && out_channels == input.channels; }
};

/// Why no convolution can work on this map, or empty: a class token has no place in it.
std::string refuse_class_token(const Shape& map);

/// A parameter of a family: an integer or number within bounds, one of a few words, or some of them.
struct Parameter {
    enum class Kind {
        integer,
        number,
        word,
        subset ///< one word or more, joined by '+' in the order of `words`
    };
    std::string name;
    Kind kind = Kind::integer;
    std::string default_value;
    double low = 0, high = 0;                                      ///< inclusive, for numbers
    std::vector<std::string> words = {};                           ///< for words and subsets
    std::vector<std::pair<std::string, std::string>> aliases = {}; ///< e.g. group: depthwise -> 1
    bool odd = false;                                              ///< integers: even values are refused
};

/// A layer family. Stateless; one instance each in the registry.
class Family {
public:
    virtual ~Family() = default;
    virtual std::string_view name() const = 0;
    /// In canonical order.
    virtual const std::vector<Parameter>& parameters() const = 0;
    /// Empty where the choice can be built at this site, else what is wrong, as the end of a sentence
    /// ("hidden width 24 is not a multiple of group 16").
    virtual std::string refuse(const Choice& choice, const Site& site) const = 0;
    virtual Costs costs(const Choice& choice, const Site& site) const = 0;
    /// A freshly built module with LibTorch's default initialisation (see initialise() for seeded weights).
    virtual std::shared_ptr<BlockImpl> build(const Choice& choice, const Site& site) const = 0;
};

/// All families; the one place where a family is listed (registry.cpp).
std::span<const Family* const> families();
/// Throws UsageError with the nearest name when there is none.
const Family& family(std::string_view name);
/// Canonical text of one value; throws UsageError when it is not one of the parameter's. `family` is for the
/// message.
std::string canonical_value(std::string_view family, const Parameter& parameter, std::string_view text);
/// The words of a subset's canonical text.
std::vector<std::string> subset_words(std::string_view text);
/// The family's parameter of this name; throws UsageError with the nearest name when there is none.
const Parameter& parameter(const Family& family, std::string_view name);
/// Fills in defaults, puts parameters in canonical order, canonicalises values, checks names and ranges.
/// Throws UsageError naming the parameter, what it may be and the nearest spelling.
Choice complete(const Choice& choice);

} // namespace tessera::search_spaces
