// The section `construct` of a configuration.
#pragma once

#include <cstdint>
#include <string>

#include "nas/construction/growth.h"
#include "predictors/settling.h"
#include "search_spaces/space.h"
#include "training/trainer.h"

namespace tessera::nas {

/// Which network becomes the reference: what was constructed, or one of equal depth, operators and about as
/// many parameters to compare it with.
enum class ConstructedReference { constructed, random, hand_built };

std::string_view to_text(ConstructedReference reference);

/// How a network is constructed from filter statistics; the defaults are those of the authors' code for
/// CIFAR-10 (EnvelopeNets, arXiv 1803.06744).
struct ConstructOptions {
    search_spaces::SearchSpace::Surroundings around; ///< as the user wrote them
    construction::GrowthOptions growth;
    std::int64_t steps = 10'000; ///< of training an iteration
    std::int64_t every = 1;      ///< statistics are taken in every so many steps
    std::int64_t snapshot = 100; ///< steps between looks at how the branches rank
    bool settle = false;         ///< an iteration ends once the ranking has settled
    predictors::SettlingOptions settling;
    double dropout = 0.2; ///< in every cell, while training
    ConstructedReference reference = ConstructedReference::constructed;
    training::TrainOptions train; ///< batch, optimizer and augment
    training::SteadySchedule rates{0.999, 2};
    std::string grown_from; ///< the resolved text of all but `reference`: what the growth depends on

    /// `around` gives what is not set here: the widths of the stem, the images. Throws UsageError for what
    /// cannot be constructed, before anything is trained.
    static ConstructOptions read(support::Section section,
                                 const search_spaces::SearchSpace::Surroundings& around);
};

/// The same of the network that a construction starts with, as wide as the stem.
std::string start_blocks_yaml(const ConstructOptions& options);
/// The document whose `blocks` are a network's, with other choices for each cell, as wide as the stem is.
std::string blocks_yaml(const construction::EnvelopeNetwork& network, double dropout);

} // namespace tessera::nas
