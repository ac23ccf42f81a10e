#include "nas/class_results.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "support/error.h"
#include "support/table.h"

namespace tessera::nas {
namespace {

using training::ConfusionMatrix;

std::string share_text(const ClassResult& c) {
    return c.images > 0 ? fmt::format("{:.2f} %", 100 * c.accuracy()) : "-";
}

/// "dog 20, fox 8": of row `truth`, the three most frequent others.
std::string mistaken_for(const ConfusionMatrix& confusion, std::int64_t truth,
                         const std::vector<std::string>& names) {
    std::vector<std::int64_t> others;
    for (std::int64_t c = 0; c < confusion.classes(); ++c) {
        if (c != truth && confusion.count(truth, c) > 0) {
            others.push_back(c);
        }
    }
    std::stable_sort(others.begin(), others.end(), [&](std::int64_t a, std::int64_t b) {
        return confusion.count(truth, a) > confusion.count(truth, b);
    });
    others.resize(std::min<std::size_t>(others.size(), 3));
    std::string text;
    for (const std::int64_t c : others) {
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", names.at(static_cast<std::size_t>(c)),
                            confusion.count(truth, c));
    }
    return text;
}

} // namespace

double ClassResult::accuracy() const {
    return images > 0 ? static_cast<double>(correct) / static_cast<double>(images)
                      : std::numeric_limits<double>::quiet_NaN();
}

std::vector<ClassResult> class_results(const ConfusionMatrix& confusion,
                                       const std::vector<std::string>& names) {
    std::vector<ClassResult> classes;
    for (std::int64_t c = 0; c < confusion.classes(); ++c) {
        classes.push_back({names.at(static_cast<std::size_t>(c)), confusion.images(c), confusion.correct(c),
                           mistaken_for(confusion, c, names)});
    }
    return classes;
}

std::vector<ClassResult> worst_first(std::vector<ClassResult> classes) {
    std::erase_if(classes, [](const ClassResult& c) { return c.images == 0; });
    std::stable_sort(classes.begin(), classes.end(),
                     [](const ClassResult& a, const ClassResult& b) { return a.accuracy() < b.accuracy(); });
    return classes;
}

bool worth_showing(const std::vector<ClassResult>& classes) {
    if (classes.empty()) {
        return false;
    }
    const auto [fewest, most] =
        std::minmax_element(classes.begin(), classes.end(),
                            [](const ClassResult& a, const ClassResult& b) { return a.images < b.images; });
    return classes.size() <= few_classes || most->images > 2 * fewest->images;
}

ClassTable class_table(const std::vector<ClassResult>& classes) {
    ClassTable table{{"class", "images", "correct", "accuracy", "mistaken for"}, {}, 0};
    std::vector<ClassResult> sorted = worst_first(classes);
    // Leaving out one or two would only cost the reader the line that says so.
    if (sorted.size() > 2 * few_classes) {
        table.rest = sorted.size() - few_classes;
        sorted.resize(few_classes);
    }
    for (const ClassResult& c : sorted) {
        table.rows.push_back({c.name, std::to_string(c.images), std::to_string(c.correct), share_text(c),
                              c.mistaken_for.empty() ? "-" : c.mistaken_for});
    }
    return table;
}

std::string ClassTable::text() const {
    support::TextTable lines(header);
    for (const auto& row : rows) {
        lines.add(row);
    }
    return lines.text() +
           (rest > 0 ? fmt::format("({} classes with a higher accuracy are left out)\n", rest) : "");
}

support::CsvTable class_csv(const std::vector<ClassResult>& classes) {
    support::CsvTable table;
    table.header = {"class", "images", "correct", "accuracy", "mistaken_for"};
    for (const ClassResult& c : classes) {
        table.add({c.name, support::number(c.images), support::number(c.correct),
                   c.images > 0 ? support::number(c.accuracy()) : "", c.mistaken_for});
    }
    return table;
}

std::vector<ClassResult> parse_class_csv(const support::CsvTable& table, const std::string& source) {
    const auto name = table.column("class", source), images = table.column("images", source),
               correct = table.column("correct", source), others = table.column("mistaken_for", source);
    std::vector<ClassResult> classes;
    for (const auto& row : table.rows) {
        const auto count = [&](std::size_t column) {
            const double value = support::parse_number(row[column], source);
            if (!(value >= 0 && value <= 1e15)) {
                throw support::RunError(fmt::format("{}: '{}' is no number of images", source, row[column]));
            }
            return static_cast<std::int64_t>(value);
        };
        classes.push_back({row[name], count(images), count(correct), row[others]});
    }
    return classes;
}

nlohmann::json class_json(const std::vector<ClassResult>& classes) {
    nlohmann::json list = nlohmann::json::array();
    for (const ClassResult& c : classes) {
        nlohmann::json entry = {{"class", c.name}, {"images", c.images}, {"correct", c.correct}};
        entry["accuracy"] = c.images > 0 ? nlohmann::json(c.accuracy()) : nlohmann::json();
        list.push_back(std::move(entry));
    }
    return list;
}

} // namespace tessera::nas
