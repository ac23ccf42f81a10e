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
        double with_previous = 0; ///< rank correlation; NaN for the first, and where all values are equal
        double with_last = 0;     ///< how far the order of now was known then; 1 for the last
    };
    struct Snapshot {
        std::int64_t step = 0;
        std::vector<double> values; ///< as they are ranked
    };
    /// One value of each branch after `step` steps, as many as ever before; NaN counts as less than
    /// everything.
    void add(std::int64_t step, std::span<const double> statistic);
    /// True once each of the last `snapshots` snapshots has reached the limit with the one before it.
    bool settled() const;
    std::vector<Point> curve() const;
    /// All that a test knows: one that is given these again says what this one says.
    const std::vector<Snapshot>& snapshots() const { return snapshots_; }

private:
    SettlingOptions options_;
    std::vector<Snapshot> snapshots_;
    std::vector<double> with_previous_;
};

} // namespace tessera::predictors
