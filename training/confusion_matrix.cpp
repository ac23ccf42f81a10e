#include "training/confusion_matrix.h"

#include <limits>
#include <numeric>
#include <stdexcept>

#include <fmt/format.h>

namespace tessera::training {
namespace {

double share(std::int64_t part, std::int64_t whole) {
    return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole)
                     : std::numeric_limits<double>::quiet_NaN();
}

} // namespace

ConfusionMatrix::ConfusionMatrix(std::int64_t classes)
    : classes_(classes), counts_(static_cast<std::size_t>(classes * classes)) {}

std::size_t ConfusionMatrix::place(std::int64_t truth, std::int64_t predicted) const {
    if (truth < 0 || truth >= classes_ || predicted < 0 || predicted >= classes_) {
        throw std::out_of_range(
            fmt::format("confusion matrix of {} classes: class {} taken for {}", classes_, truth, predicted));
    }
    return static_cast<std::size_t>(truth * classes_ + predicted);
}

void ConfusionMatrix::add(std::int64_t truth, std::int64_t predicted, std::int64_t images) {
    counts_[place(truth, predicted)] += images;
}

std::int64_t ConfusionMatrix::count(std::int64_t truth, std::int64_t predicted) const {
    return counts_[place(truth, predicted)];
}

std::int64_t ConfusionMatrix::images(std::int64_t truth) const {
    const auto row = counts_.begin() + static_cast<std::ptrdiff_t>(place(truth, 0));
    return std::accumulate(row, row + classes_, std::int64_t{0});
}

std::int64_t ConfusionMatrix::images() const {
    return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0});
}

double ConfusionMatrix::accuracy(std::int64_t truth) const { return share(correct(truth), images(truth)); }

double ConfusionMatrix::accuracy() const {
    std::int64_t recognised = 0;
    for (std::int64_t c = 0; c < classes_; ++c) {
        recognised += correct(c);
    }
    return share(recognised, images());
}

double ConfusionMatrix::balanced_accuracy() const {
    double sum = 0;
    std::int64_t present = 0;
    for (std::int64_t c = 0; c < classes_; ++c) {
        if (images(c) > 0) {
            sum += accuracy(c);
            ++present;
        }
    }
    return present > 0 ? sum / static_cast<double>(present) : std::numeric_limits<double>::quiet_NaN();
}

} // namespace tessera::training
