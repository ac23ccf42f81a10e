// Which classes a network takes for which.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera::training {

/// Counts of images by their class and the class that the network gave them.
class ConfusionMatrix {
public:
    ConfusionMatrix() = default;
    /// All zero.
    explicit ConfusionMatrix(std::int64_t classes);
    /// Throws std::out_of_range for a class that is not in 0..classes-1.
    void add(std::int64_t truth, std::int64_t predicted, std::int64_t images = 1);

    std::int64_t classes() const { return classes_; }
    std::int64_t count(std::int64_t truth, std::int64_t predicted) const;
    /// Images of the class, and those of them that were recognised.
    std::int64_t images(std::int64_t truth) const;
    std::int64_t correct(std::int64_t truth) const { return count(truth, truth); }
    std::int64_t images() const;
    /// Share of the class's images that were recognised (its recall); NaN where it has none.
    double accuracy(std::int64_t truth) const;
    /// Share of all images that were recognised; NaN where there are none.
    double accuracy() const;
    /// Mean of the classes' accuracies, whatever their sizes; classes without images are left out. NaN where
    /// there are none.
    double balanced_accuracy() const;
    /// The counts row by row: classes() x classes(), a row for each true class.
    const std::vector<std::int64_t>& counts() const { return counts_; }

private:
    std::size_t place(std::int64_t truth, std::int64_t predicted) const;

    std::int64_t classes_ = 0;
    std::vector<std::int64_t> counts_;
};

} // namespace tessera::training
