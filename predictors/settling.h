// When a ranking has come to rest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tessera::predictors {

struct SettlingOptions {
    double correlation = 0.95;  ///< from which on two successive snapshots count as equally ranked; 0..1
    std::int64_t snapshots = 3; ///< that many in a row
};

/// Compares successive snapshots of a statistic by the order in which they put what it was taken of
/// (Spearman's rank correlation). EnvelopeNets (Kamath et al., arXiv 1803.06744) rest on filters being
/// comparable long before the accuracy settles; this says when, for the network at hand.
class SettlingTest {
public:
    explicit SettlingTest(SettlingOptions options) : options_(options) {}

    struct Point {
        std::int64_t step = 0;
        double correlation =
            0; ///< with the snapshot before; NaN for the first, and where all values are equal
    };
    /// One value of each branch after `step` steps; NaN counts as less than everything.
    void add(std::int64_t step, std::span<const double> statistic);
    /// True once the last `snapshots` correlations have all reached the limit.
    bool settled() const;
    const std::vector<Point>& curve() const { return curve_; }
    /// The latest snapshot as it is ranked; with the curve, all that a test knows.
    const std::vector<double>& latest() const { return last_; }
    void restore(std::vector<Point> curve, std::vector<double> latest);

private:
    SettlingOptions options_;
    std::vector<double> last_;
    std::vector<Point> curve_;
};

} // namespace tessera::predictors
