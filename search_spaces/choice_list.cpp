#include "search_spaces/choice_list.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::search_spaces {
namespace {

using support::Section;

/// Work and weights of one choice beyond which sums over a thousand blocks might not fit 63 bits.
constexpr std::int64_t max_macs = 1'000'000'000'000'000, max_parameters = 1'000'000'000'000;

/// Runs `work`, locating its UsageErrors at `key`.
template <class Work>
decltype(auto) at_key(const Section& section, std::string_view key, Work work) {
    try {
        return work();
    } catch (const support::UsageError& error) { section.fail(key, error.what()); }
}

/// One entry of `choices`: a family and, for each of its parameters, the canonical values to combine.
struct Axes {
    Section item; ///< for the location of messages
    const Family* family = nullptr;
    std::vector<std::vector<std::string>> values;

    std::int64_t count() const {
        std::int64_t product = 1;
        for (const auto& axis : values) {
            product = std::min(product * static_cast<std::int64_t>(axis.size()), max_choices + 1);
        }
        return product;
    }
};

Axes read_axes(Section item) {
    const std::vector<std::string> keys = item.present();
    if (keys.size() != 1) {
        const std::string second = keys.size() > 1 ? keys[1] : "";
        item.fail(second,
                  "each choice is one family with its parameters, as in '- mbconv: {kernel: [3, 5]}'");
    }
    const std::string& name = keys.front();
    const Family& chosen = at_key(item, name, [&]() -> const Family& { return family(name); });
    Section section =
        item.section(name, fmt::format("choices of the family {}: a value or a list per parameter", name));

    Axes axes{item, &chosen, {}};
    for (const Parameter& one : chosen.parameters()) {
        axes.values.push_back({one.default_value});
    }
    for (const std::string& key : section.present()) {
        const Parameter& known =
            at_key(section, key, [&]() -> const Parameter& { return parameter(chosen, key); });
        std::vector<std::string> values;
        for (const std::string& text : section.texts(key)) {
            std::string value =
                at_key(section, key, [&] { return canonical_value(chosen.name(), known, text); });
            if (std::ranges::find(values, value) == values.end()) {
                values.push_back(std::move(value));
            }
        }
        if (values.empty()) {
            section.fail(key, "the list is empty");
        }
        axes.values[static_cast<std::size_t>(&known - chosen.parameters().data())] = std::move(values);
    }
    section.finish();
    item.finish();
    return axes;
}

/// Calls `use` with every combination, the last parameter changing fastest.
template <class Use>
void for_each_combination(const Axes& axes, Use use) {
    std::vector<std::size_t> digits(axes.values.size(), 0);
    for (;;) {
        Choice::Parameters parameters;
        for (std::size_t i = 0; i < digits.size(); ++i) {
            parameters.emplace_back(axes.family->parameters()[i].name, axes.values[i][digits[i]]);
        }
        use(Choice(std::string(axes.family->name()), std::move(parameters)));
        std::size_t i = digits.size();
        while (i > 0 && ++digits[i - 1] == axes.values[i - 1].size()) {
            digits[--i] = 0;
        }
        if (i == 0) {
            return;
        }
    }
}

/// One entry of `unless`: for each family it speaks of, the values that each named parameter must have to be
/// excluded.
struct Rule {
    struct Condition {
        std::string parameter;
        std::vector<std::string> values;
    };
    std::vector<std::pair<std::string, std::vector<Condition>>> families;

    bool excludes(const Choice& choice) const {
        return std::ranges::any_of(families, [&](const auto& entry) {
            return entry.first == choice.family() &&
                   std::ranges::all_of(entry.second, [&](const Condition& condition) {
                       return std::ranges::find(condition.values, choice.text_of(condition.parameter)) !=
                              condition.values.end();
                   });
        });
    }
};

/// The families that a rule speaks of: those it names, or all of the block's.
std::vector<const Family*> families_of(Section& section, const std::vector<const Family*>& used) {
    if (!section.has("family")) {
        return used;
    }
    std::vector<const Family*> result;
    for (const std::string& name : section.texts("family")) {
        const Family& named = at_key(section, "family", [&]() -> const Family& { return family(name); });
        if (std::ranges::find(used, &named) == used.end()) {
            section.fail("family", fmt::format("none of the block's choices is a {}", name));
        }
        result.push_back(&named);
    }
    return result;
}

Rule read_rule(Section section, const std::vector<const Family*>& used) {
    const std::vector<const Family*> candidates = families_of(section, used);
    Rule rule;
    for (const Family* one : candidates) {
        rule.families.emplace_back(one->name(), std::vector<Rule::Condition>{});
    }
    const std::vector<std::string> keys = section.present();
    if (keys.empty()) {
        section.fail("", "a rule without conditions would exclude everything");
    }
    for (const std::string& key : keys) {
        if (key == "family") {
            continue;
        }
        const std::vector<std::string> texts = section.texts(key);
        std::string problem = fmt::format("'{}' has no value", key);
        bool known_somewhere = false; // what a family that has the parameter says of the value tells more
        std::size_t understood = 0;
        for (const std::string& text : texts) {
            bool valid = false;
            for (std::size_t f = 0; f < candidates.size(); ++f) {
                try {
                    const Parameter& known = parameter(*candidates[f], key);
                    std::string value = canonical_value(candidates[f]->name(), known, text);
                    auto& conditions = rule.families[f].second;
                    if (conditions.empty() || conditions.back().parameter != key) {
                        conditions.push_back({key, {}});
                    }
                    conditions.back().values.push_back(std::move(value));
                    valid = true;
                } catch (const support::UsageError& error) {
                    // Other families may know the parameter or the value.
                    const bool known = std::ranges::any_of(candidates[f]->parameters(),
                                                           [&](const Parameter& p) { return p.name == key; });
                    if (known || !known_somewhere) {
                        problem = error.what();
                    }
                    known_somewhere = known_somewhere || known;
                }
            }
            understood += valid ? 1 : 0;
        }
        if (texts.empty() || understood != texts.size()) {
            section.fail(key, problem);
        }
        // A family without this parameter cannot match all of the rule's conditions.
        for (std::size_t f = 0; f < candidates.size(); ++f) {
            auto& conditions = rule.families[f].second;
            if (conditions.empty() || conditions.back().parameter != key) {
                conditions.push_back({key, {}});
            }
        }
    }
    section.finish();
    // text_of() throws for a parameter that the family does not have, so such families are dropped from the
    // rule.
    std::erase_if(rule.families, [](const auto& entry) {
        return std::ranges::any_of(entry.second,
                                   [](const auto& condition) { return condition.values.empty(); });
    });
    return rule;
}

void check_fit(const Choice& choice, const Axes& axes, const Site& site) {
    const std::string problem = axes.family->refuse(choice, site);
    const std::string_view key = axes.family->name();
    if (!problem.empty()) {
        axes.item.fail(key, fmt::format("{} does not fit here: {}; leave it out or exclude it under 'unless'",
                                        choice.text(), problem));
    }
    const Costs costs = at_key(axes.item, key, [&] { return axes.family->costs(choice, site); });
    if (costs.macs > max_macs || costs.parameters > max_parameters) {
        axes.item.fail(key, fmt::format("{} is too large: {} multiply-accumulates, {} parameters",
                                        choice.text(), costs.macs, costs.parameters));
    }
}

/// Puts the reference's own choice first; returns where it was.
int bring_forward(std::vector<Choice>& choices, const Section& block, const std::string& reference) {
    const Choice wanted = at_key(block, "reference", [&] { return complete(Choice::parse(reference)); });
    const auto found = std::ranges::find(choices, wanted);
    if (found == choices.end()) {
        block.fail("reference",
                   fmt::format("{} is not among the block's {} choices", wanted.text(), choices.size()));
    }
    const auto place = static_cast<int>(found - choices.begin());
    std::rotate(choices.begin(), found, found + 1);
    return place;
}

} // namespace

ChoiceList read_choices(Section& block, const Site& site) {
    std::vector<Axes> entries;
    std::vector<const Family*> used;
    std::int64_t total = 0;
    for (const Section& item :
         block.list("choices", "layer families to choose from, each with a value or a list of values "
                               "per parameter; their combinations are the block's choices")) {
        entries.push_back(read_axes(item));
        used.push_back(entries.back().family);
        total += entries.back().count();
        if (total > max_choices) {
            block.fail("choices", fmt::format("more than {} combinations: use fewer values", max_choices));
        }
    }
    if (entries.empty()) {
        block.fail("choices", "a block needs at least one choice");
    }

    std::vector<Rule> rules;
    for (const Section& section :
         block.list("unless", "combinations to leave out: a choice is excluded when all parameters "
                              "of a rule match (optional key: family)")) {
        rules.push_back(read_rule(section, used));
    }
    std::string reference;
    block.read("reference", reference,
               "the reference network's own choice, as text; the first choice where it is empty");

    std::vector<Choice> choices;
    std::unordered_set<std::string> seen;
    for (const Axes& axes : entries) {
        for_each_combination(axes, [&](Choice choice) {
            if (std::ranges::any_of(rules, [&](const Rule& rule) { return rule.excludes(choice); })) {
                return;
            }
            if (!seen.insert(choice.text()).second) {
                return;
            }
            check_fit(choice, axes, site);
            choices.push_back(std::move(choice));
        });
    }
    if (choices.empty()) {
        block.fail("unless", "these rules exclude every choice of the block");
    }
    const int place = reference.empty() ? 0 : bring_forward(choices, block, reference);
    return {std::move(choices), place};
}

} // namespace tessera::search_spaces
