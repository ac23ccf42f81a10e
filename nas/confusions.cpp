// Which classes are taken for which.
#include <algorithm>

#include <fmt/format.h>

#include "nas/class_results.h"
#include "support/table.h"

namespace tessera::nas {
namespace {

using training::ConfusionMatrix;

/// A row for each true class, a column for each predicted one; columns are headed by numbers, since names
/// would make them too wide.
std::string matrix_text(const ConfusionMatrix& confusion, const std::vector<std::string>& names) {
    std::vector<std::string> header = {"class"};
    for (std::int64_t c = 0; c < confusion.classes(); ++c) {
        header.push_back(std::to_string(c + 1));
    }
    support::TextTable table(header);
    for (std::int64_t truth = 0; truth < confusion.classes(); ++truth) {
        std::vector<std::string> row = {
            fmt::format("{:>2} {}", truth + 1, names.at(static_cast<std::size_t>(truth)))};
        for (std::int64_t predicted = 0; predicted < confusion.classes(); ++predicted) {
            const std::int64_t images = confusion.count(truth, predicted);
            row.push_back(images > 0 ? std::to_string(images) : "-");
        }
        table.add(std::move(row));
    }
    return "Confusion: a row for each class, a column for what its images were taken for\n" + table.text();
}

std::string mistakes_text(const ConfusionMatrix& confusion, const std::vector<std::string>& names) {
    std::vector<Mistake> all = mistakes(confusion, names);
    const std::size_t found = all.size();
    all.resize(std::min(all.size(), few_classes));
    support::TextTable table({"class", "taken for", "images"});
    for (const Mistake& m : all) {
        table.add({m.truth, m.predicted, std::to_string(m.images)});
    }
    return fmt::format("Most frequent mistakes ({} of {} kinds)\n", all.size(), found) + table.text();
}

} // namespace

std::vector<Mistake> mistakes(const ConfusionMatrix& confusion, const std::vector<std::string>& names) {
    std::vector<Mistake> all;
    for (std::int64_t truth = 0; truth < confusion.classes(); ++truth) {
        for (std::int64_t predicted = 0; predicted < confusion.classes(); ++predicted) {
            const std::int64_t images = confusion.count(truth, predicted);
            if (truth != predicted && images > 0) {
                all.push_back({names.at(static_cast<std::size_t>(truth)),
                               names.at(static_cast<std::size_t>(predicted)), images});
            }
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const Mistake& a, const Mistake& b) { return a.images > b.images; });
    return all;
}

std::string confusion_text(const ConfusionMatrix& confusion, const std::vector<std::string>& names) {
    return names.size() <= few_classes ? matrix_text(confusion, names) : mistakes_text(confusion, names);
}

support::CsvTable confusion_csv(const ConfusionMatrix& confusion, const std::vector<std::string>& names) {
    support::CsvTable table;
    table.header = {"class", "predicted", "images"};
    for (std::int64_t truth = 0; truth < confusion.classes(); ++truth) {
        for (std::int64_t predicted = 0; predicted < confusion.classes(); ++predicted) {
            const std::int64_t images = confusion.count(truth, predicted);
            if (images > 0) {
                table.add({names.at(static_cast<std::size_t>(truth)),
                           names.at(static_cast<std::size_t>(predicted)), support::number(images)});
            }
        }
    }
    return table;
}

nlohmann::json confusion_json(const ConfusionMatrix& confusion, const std::vector<std::string>& names) {
    nlohmann::json list = nlohmann::json::array();
    for (const Mistake& m : mistakes(confusion, names)) {
        list.push_back({{"class", m.truth}, {"predicted", m.predicted}, {"images", m.images}});
    }
    return list;
}

} // namespace tessera::nas
