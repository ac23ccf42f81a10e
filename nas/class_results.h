// How well single classes are recognised, as people and programs read it. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/csv.h"
#include "training/confusion_matrix.h"

namespace tessera::nas {

struct ClassResult {
    std::string name;
    std::int64_t images = 0, correct = 0;
    std::string mistaken_for; ///< the most frequent other classes, e.g. "dog 20, fox 8"

    /// Share that was recognised; NaN where there are no images.
    double accuracy() const;
    bool operator==(const ClassResult&) const = default;
};

/// Up to so many classes are shown one by one.
inline constexpr std::size_t few_classes = 20;

/// One for each class, in their order.
std::vector<ClassResult> class_results(const training::ConfusionMatrix& confusion,
                                       const std::vector<std::string>& names);
/// Those that have images, the lowest accuracy first; equal ones in their order.
std::vector<ClassResult> worst_first(std::vector<ClassResult> classes);
/// True where one number for all would hide something: few classes, or one with more than twice as many
/// images as another.
bool worth_showing(const std::vector<ClassResult>& classes);

/// Heading and rows of a table for people: worst first, of many classes the worst `few_classes` only. `rest`
/// is how many were left out.
struct ClassTable {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
    std::size_t rest = 0;
    std::string text() const;
};
ClassTable class_table(const std::vector<ClassResult>& classes);

/// class, images, correct, accuracy, mistaken_for.
support::CsvTable class_csv(const std::vector<ClassResult>& classes);
/// The reverse. Throws RunError that names `source`.
std::vector<ClassResult> parse_class_csv(const support::CsvTable& table, const std::string& source);
/// [{class, images, correct, accuracy}]; accuracy is null where there are no images.
nlohmann::json class_json(const std::vector<ClassResult>& classes);

/// Images of one class that were taken for another.
struct Mistake {
    std::string truth, predicted;
    std::int64_t images = 0;
};
/// Every pair that occurs, the most frequent first; equal ones in the classes' order.
std::vector<Mistake> mistakes(const training::ConfusionMatrix& confusion,
                              const std::vector<std::string>& names);
/// The whole matrix of few classes, of many the most frequent mistakes.
std::string confusion_text(const training::ConfusionMatrix& confusion, const std::vector<std::string>& names);
/// class, predicted, images: every pair that occurs, the right ones too.
support::CsvTable confusion_csv(const training::ConfusionMatrix& confusion,
                                const std::vector<std::string>& names);
/// [{class, predicted, images}] of mistakes().
nlohmann::json confusion_json(const training::ConfusionMatrix& confusion,
                              const std::vector<std::string>& names);

} // namespace tessera::nas
