// What a construction's options say before anything is trained.
#include <algorithm>

#include <fmt/format.h>

#include "nas/construction/growth.h"
#include "nas/construction/pruning.h"
#include "support/error.h"

namespace tessera::nas::construction {
namespace {

/// More is a slip of the keyboard: such networks cannot be trained.
constexpr int most_layers = 500, most_iterations = 1000;
constexpr std::int64_t widest_cell = 1 << 16;
constexpr auto full = static_cast<int>(all_operators.size());

void check_options(const GrowthOptions& options) {
    if (options.stages.empty()) {
        throw support::UsageError("a construction needs at least one stage");
    }
    if (options.iterations < 1 || options.iterations > most_iterations) {
        throw support::UsageError(fmt::format("a construction has 1 to {} iterations, not {}",
                                              most_iterations, options.iterations));
    }
    if (options.prune_divisor < 1 || options.prune_least < 0 || options.prune_most < options.prune_least) {
        throw support::UsageError(
            fmt::format("a stage cannot lose 1 branch in {}, at least {} and at most {}",
                        options.prune_divisor, options.prune_least, options.prune_most));
    }
    bool constructed = false;
    for (std::size_t s = 0; s < options.stages.size(); ++s) {
        const StageOptions& stage = options.stages[s];
        if (stage.layers < 1 || stage.layers > most_layers || stage.maximum > most_layers) {
            throw support::UsageError(fmt::format("stage {}: a stage has 1 to {} layers, not {} to {}", s,
                                                  most_layers, stage.layers, stage.maximum));
        }
        if (stage.maximum < stage.layers) {
            throw support::UsageError(
                fmt::format("stage {}: its maximum of {} layers is below its {} at the start", s,
                            stage.maximum, stage.layers));
        }
        constructed = constructed || stage.constructed;
    }
    if (!constructed) {
        throw support::UsageError("no stage is constructed: nothing would grow");
    }
}

/// Every cell is full once, and may still be when it is no longer its stage's last.
void check_width(int start, const char* whose, bool limited, std::size_t stage, int layers) {
    const std::int64_t width = static_cast<std::int64_t>(start) << stage;
    const std::int64_t narrowest = limited ? limited_width(width, layers) : width;
    if (narrowest < full || width > widest_cell) {
        throw support::UsageError(fmt::format(
            "stage {} cannot have {} layers: with {} channels at the start ({}) {} {} filters wide; {}",
            stage, layers, start, whose, limited ? "inner layers are" : "its layers are", narrowest,
            narrowest < full ? fmt::format("a full cell needs {}", full)
                             : fmt::format("there may be {}", widest_cell)));
    }
}

void check_widths(const GrowthOptions& options, std::size_t stage, int layers) {
    check_width(options.width, "construct.width", options.limited, stage, layers);
    if (options.target_width > 0) {
        check_width(options.target_width, "space.stem.channels", options.limited, stage, layers);
    }
}

/// A widener halves the map before each stage but the first.
void check_image(const GrowthOptions& options) {
    search_spaces::Shape map = options.image;
    for (std::size_t s = 1; s < options.stages.size(); ++s) {
        if (std::max(map.height, map.width) < 2) {
            throw support::UsageError(
                fmt::format("{} stages are too many for these images: the map of stage {} is {} x {} and "
                            "cannot be halved",
                            options.stages.size(), s - 1, map.height, map.width));
        }
        map = map.strided(map.channels, 2);
    }
}

void check_target(const GrowthOptions& options, const EnvelopeNetwork& start) {
    const EnvelopeCosts costs = counted_costs(start, options);
    if (const std::string beyond = beyond_target(costs, options); !beyond.empty()) {
        throw support::UsageError("the network that the construction starts from has " + beyond);
    }
}

EnvelopeNetwork full_network(const GrowthOptions& options) {
    EnvelopeNetwork network;
    network.width = options.width;
    network.initial_kernel = options.initial_kernel;
    network.limited = options.limited;
    for (std::size_t s = 0; s < options.stages.size(); ++s) {
        if (s > 0) {
            network.entries.emplace_back(Widener{});
        }
        for (int layer = 0; layer < options.stages[s].layers; ++layer) {
            network.entries.emplace_back(
                full_cell(static_cast<int>(network.entries.size()) + 1, options.skips));
        }
    }
    check(network);
    return network;
}

} // namespace

EnvelopeCosts counted_costs(const EnvelopeNetwork& network, const GrowthOptions& options) {
    EnvelopeNetwork counted = network;
    counted.width = options.target_width > 0 ? options.target_width : network.width;
    counted.initial_kernel = options.target_kernel > 0 ? options.target_kernel : network.initial_kernel;
    EnvelopeCosts costs = network_costs(counted, options.image, options.classes);
    return costs += options.around;
}

std::vector<std::vector<StageGrowth>> growth_plan(const GrowthOptions& options) {
    check_options(options);
    check_image(options);
    check_target(options, full_network(options));
    std::vector<StageGrowth> stages;
    for (std::size_t s = 0; s < options.stages.size(); ++s) {
        stages.push_back({options.stages[s].layers, options.stages[s].layers * full, 0});
        check_widths(options, s, stages[s].layers);
    }
    std::vector<std::vector<StageGrowth>> plan;
    for (int iteration = 0; iteration < options.iterations; ++iteration) {
        bool grows = false;
        for (std::size_t s = 0; s < stages.size(); ++s) {
            stages[s].pruned = 0;
            if (options.stages[s].grows_from(stages[s].layers)) {
                grows = true;
                stages[s].pruned = branches_to_prune(options, s, stages[s].layers, stages[s].branches);
                stages[s].layers += 1;
                stages[s].branches += full - stages[s].pruned;
                check_widths(options, s, stages[s].layers);
            }
        }
        if (!grows) {
            break;
        }
        plan.push_back(stages);
    }
    return plan;
}

EnvelopeNetwork start_network(const GrowthOptions& options) {
    growth_plan(options); // for what it refuses
    return full_network(options);
}

} // namespace tessera::nas::construction
