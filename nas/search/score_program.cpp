#include "nas/search/score_program.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/error.h"

namespace tessera::nas {
namespace {

/// Bytes that are no UTF-8 are replaced rather than refused: names come from files.
std::string text_of(const nlohmann::ordered_json& json) {
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

/// The beginning of an answer, for messages: printable ASCII in quotes.
std::string excerpt(const std::string& answer) {
    std::string text = answer.substr(0, 80);
    std::ranges::replace_if(
        text, [](char c) { return c < ' ' || c > '~'; }, '?');
    return "'" + text + (answer.size() > 80 ? "...'" : "'");
}

GenomeNames checked(GenomeNames names) {
    names.check();
    return names;
}

} // namespace

std::vector<int> GenomeNames::counts() const {
    std::vector<int> counts(blocks.size(), 2);
    for (std::size_t b = 0; b < choices.size(); ++b) {
        counts[b] = static_cast<int>(choices[b].size());
    }
    return counts;
}

std::vector<std::string> GenomeNames::selected(std::span<const int> genome) const {
    std::vector<std::string> in;
    for (std::size_t b = 0; b < genome.size(); ++b) {
        if (genome[b] != 0) {
            in.push_back(blocks[b]);
        }
    }
    return in;
}

void GenomeNames::check() const {
    if (blocks.empty()) {
        throw support::UsageError("there is nothing to choose from");
    }
    if (!choices.empty() && choices.size() != blocks.size()) {
        throw support::UsageError(fmt::format("{} blocks, but choices of {}", blocks.size(), choices.size()));
    }
    std::set<std::string> seen;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        if (blocks[b].empty()) {
            throw support::UsageError(fmt::format("the name of number {} is empty", b + 1));
        }
        if (!seen.insert(blocks[b]).second) {
            throw support::UsageError(fmt::format("'{}' occurs twice", blocks[b]));
        }
        if (!choices.empty() && choices[b].empty()) {
            throw support::UsageError(fmt::format("'{}' has no choices", blocks[b]));
        }
    }
}

ScoreProgram::ScoreProgram(support::LineProcessOptions program, GenomeNames names,
                           std::vector<std::string> values)
    : names_(checked(std::move(names))), values_(std::move(values)), program_(std::move(program)) {}

std::string ScoreProgram::question(std::span<const int> genome) const {
    nlohmann::ordered_json json;
    json["id"] = id_;
    json["genes"] = std::vector<int>(genome.begin(), genome.end());
    if (names_.choices.empty()) {
        json["selected"] = names_.selected(genome);
        return text_of(json);
    }
    auto& chosen = json["choices"] = nlohmann::ordered_json::object();
    for (std::size_t b = 0; b < genome.size(); ++b) {
        chosen[names_.blocks[b]] = names_.choices[b].at(static_cast<std::size_t>(genome[b]));
    }
    return text_of(json);
}

void ScoreProgram::ask(std::span<const int> genome, std::span<double> values) {
    if (genome.size() != names_.blocks.size() || values.size() != values_.size()) {
        throw std::invalid_argument("a question needs one gene a block and one value a name");
    }
    const std::scoped_lock lock(mutex_);
    ++id_;
    read(program_.ask(question(genome)), values);
}

void ScoreProgram::read(const std::string& answer, std::span<double> values) {
    const auto json = nlohmann::json::parse(answer, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object()) {
        const bool number =
            answer.find("NaN") != std::string::npos || answer.find("Infinity") != std::string::npos;
        program_.give_up(fmt::format("answered {}, which is no JSON object{}", excerpt(answer),
                                     number ? ": JSON has neither NaN nor Infinity" : ""));
    }
    const auto id = json.find("id");
    if (id == json.end() || *id != id_) {
        program_.give_up(fmt::format("was asked number {} and answered {}; one line an answer, with the "
                                     "question's id, and everything else to standard error",
                                     id_, excerpt(answer)));
    }
    if (const auto error = json.find("error"); error != json.end()) {
        program_.give_up(
            fmt::format("reports an error: {}",
                        excerpt(error->is_string() ? error->get<std::string>() : text_of(*error))));
    }
    const auto given = json.find("values");
    for (std::size_t k = 0; k < values_.size(); ++k) {
        if (given == json.end() || !given->is_object() || !given->contains(values_[k])) {
            program_.give_up(fmt::format("gave no '{}' under \"values\": {}", values_[k], excerpt(answer)));
        }
        const auto& value = (*given)[values_[k]];
        values[k] = value.is_number() ? value.get<double>() : std::nan("");
        if (!std::isfinite(values[k])) {
            program_.give_up(
                fmt::format("gave '{}' a value that is no finite number: {}", values_[k], excerpt(answer)));
        }
    }
}

Problem ScoreProgram::problem(std::vector<Objective> objectives) {
    const bool matching = std::ranges::equal(objectives, values_, {}, &Objective::name);
    if (!matching) {
        throw std::invalid_argument("the objectives have to be the program's values, in their order");
    }
    return {names_.counts(), std::move(objectives),
            [this](std::span<const int> genome, std::span<double> values) { ask(genome, values); }};
}

} // namespace tessera::nas
