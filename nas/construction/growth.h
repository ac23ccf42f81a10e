// The construction: a network grows where it is told to and loses the branches that carry least signal.
// EnvelopeNets (arXiv 1803.06744), following the authors' published code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nas/construction/branch_statistics.h"
#include "nas/construction/envelope_costs.h"
#include "nas/construction/envelope_network.h"

namespace tessera::nas::construction {

struct StageOptions {
    int layers = 2;  ///< cells at the start
    int maximum = 2; ///< a stage of up to so many layers still grows, so that it can end one above
    bool constructed = false;

    bool grows_from(int now) const { return constructed && now <= maximum; }
};

struct GrowthOptions {
    enum class Statistic { mean_square, variance };

    std::vector<StageOptions> stages;
    int width = 64;                               ///< W_0
    int initial_kernel = 1;                       ///< of the networks that are trained for their statistics
    bool skips = true;                            ///< cells are densely connected at first
    bool limited = false;                         ///< EnvelopeNetwork::limited
    bool worst_case = false;                      ///< prunes the highest first (the ablation)
    Statistic statistic = Statistic::mean_square; ///< what branches are ranked by
    int iterations = 5;
    /// Branches that a stage loses in an iteration: a share of those it has before it grows (floor of 1 in
    /// `prune_divisor`), at least and at most so many.
    int prune_divisor = 3, prune_least = 1, prune_most = 6;
    /// Growth stops before a network would exceed these, on images of this shape with so many classes.
    std::optional<std::int64_t> max_parameters, max_macs;
    int target_width = 0, target_kernel = 0; ///< at which networks are counted; 0: their own
    EnvelopeCosts around; ///< what stem and head cost beyond those that network_costs() knows, perhaps less
    search_spaces::Shape image = {3, 32, 32};
    std::int64_t classes = 10;
};

/// Of one stage: its layers and branches, and how many older branches were taken away to get there.
struct StageGrowth {
    int layers = 0, branches = 0, pruned = 0;
    bool operator==(const StageGrowth&) const = default;
};

/// How every iteration ends if no target stops it, which no statistic has a say in: a row of stages an
/// iteration, as long as a stage still grows. Throws UsageError, before anything is trained, for no stages,
/// stages without layers, a maximum below the start, no stage to construct, too narrow for a full cell,
/// more branches to prune than a stage has to give, a start beyond the target.
std::vector<std::vector<StageGrowth>> growth_plan(const GrowthOptions& options);

/// What a network counts against the targets.
EnvelopeCosts counted_costs(const EnvelopeNetwork& network, const GrowthOptions& options);

/// Full cells, each connected to all sources before it (if `skips`). Throws what growth_plan() throws.
EnvelopeNetwork start_network(const GrowthOptions& options);

/// A branch by its place: stage, cell within it, operator.
struct BranchPlace {
    int stage = 0, cell = 0;
    Operator branch = Operator::conv1;
    bool operator==(const BranchPlace&) const = default;
};

struct Growth {
    enum class Outcome {
        grown,    ///< `network` is the next one
        finished, ///< no constructed stage has room: `network` is what it was
        target    ///< the next one would exceed the target: `network` is what it was
    };
    Outcome outcome = Outcome::finished;
    EnvelopeNetwork network;
    std::vector<StageGrowth> stages;        ///< of `network`
    std::vector<BranchPlace> pruned;        ///< the first to go first, stage by stage
    std::vector<BranchPlace> unusable;      ///< whose statistic is not finite, in the network's order
    std::vector<SkipScalar> unusable_skips; ///< whose scalar is not finite
    EnvelopeCosts costs;                    ///< of `network`, see counted_costs()
    std::optional<EnvelopeCosts> beyond;    ///< of the network that the target refused
    /// One line: what was grown and pruned, or why not, against the target, for people.
    std::string summary;
};

/// One iteration. Every constructed stage with layers <= its maximum gets a full cell at its end, connected
/// to all sources before it, and loses max(least, min(most, floor(branches before / divisor))) of its older
/// branches, those of the lowest statistic (highest: worst_case), never a layer's last one. Where a stage
/// grew, cells that were there before keep the ceil(m/2) of their m skips with the largest signed scalars, in
/// unconstructed stages too, and get one from each new cell that stands before them.
///
/// Equal statistics: the earlier cell's branch goes first, within a cell the one that comes first in
/// Operator; equal scalars: the earlier source stays. A statistic that is not finite goes before all others
/// (also if worst_case), such a scalar is the smallest.
///
/// Throws UsageError where statistics, scalars (one of each for each branch and skip, in any order), network
/// and options do not belong together.
Growth grow(const EnvelopeNetwork& network, const std::vector<BranchStatistic>& statistics,
            const std::vector<SkipScalar>& scalars, const GrowthOptions& options);

/// The networks that are trained, one an iteration, were all statistics equal: as large as the ones to come.
std::vector<EnvelopeNetwork> expected_networks(const GrowthOptions& options);

} // namespace tessera::nas::construction
