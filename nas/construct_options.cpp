#include "nas/construct_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "nas/construction/space_yaml.h"
#include "support/error.h"

namespace tessera::nas {
namespace {

using construction::GrowthOptions;
using support::Section;

const support::EnumNames<GrowthOptions::Statistic> statistics{
    {"mean_square", GrowthOptions::Statistic::mean_square}, {"variance", GrowthOptions::Statistic::variance}};
const support::EnumNames<ConstructedReference> references{{"constructed", ConstructedReference::constructed},
                                                          {"random", ConstructedReference::random},
                                                          {"hand_built", ConstructedReference::hand_built}};

/// The published start for CIFAR-10, where the section says nothing.
std::vector<construction::StageOptions> read_stages(Section& section) {
    std::vector<construction::StageOptions> stages;
    for (Section& item :
         section.list("stages", "What each stage starts with and grows to, the widest map first; "
                                "empty: 2 cells to 7, 2 to 6, and 2.")) {
        std::int64_t layers = 2, maximum = 0;
        item.read("layers", layers, {1, 500}, "Cells at the start.");
        item.read("maximum", maximum, {0, 500},
                  "A stage of up to so many cells grows by one an iteration; 0: it stays as it is.");
        if (maximum > 0 && maximum < layers) {
            item.fail("maximum",
                      fmt::format("{} is below the {} layers that the stage starts with", maximum, layers));
        }
        item.finish();
        stages.push_back(
            {static_cast<int>(layers), static_cast<int>(std::max(maximum, layers)), maximum > 0});
    }
    return stages.empty() ? std::vector<construction::StageOptions>{{2, 7, true}, {2, 6, true}, {2, 2, false}}
                          : stages;
}

std::optional<std::int64_t> read_limit(Section& section, const char* key, const char* meaning) {
    std::int64_t value = 0;
    section.read(key, value, {0, 1'000'000'000'000'000}, meaning);
    return value > 0 ? std::optional(value) : std::nullopt;
}

/// What the rules of the construction say of its networks has to hold for those that are built.
void check_stem(const Section& section, const search_spaces::StemOptions& stem) {
    if (stem.kind != "conv" || stem.layers != 1 || stem.class_token || stem.positions != "none") {
        section.fail("",
                     "a construction starts from one convolution: space.stem has to be of kind conv with one "
                     "layer and no positions");
    }
    if (stem.kernel != 1 && stem.kernel != 3) {
        section.fail("", fmt::format("a construction starts from a convolution of 1 x 1 or 3 x 3: "
                                     "space.stem.kernel is {}",
                                     stem.kernel));
    }
}

} // namespace

ConstructOptions ConstructOptions::read(Section section,
                                        const search_spaces::SearchSpace::Surroundings& around) {
    ConstructOptions o;
    o.around = around;
    check_stem(section, around.stem);
    o.growth.stages = read_stages(section);
    std::int64_t width = around.stem.channels, kernel = around.stem.kernel, iterations = o.growth.iterations;
    section.read("iterations", iterations, {1, 1000}, "Times that a network is trained, grown and pruned.");
    section.read(
        "width", width, {6, 65'536},
        "Channels of the first stage of the networks that are trained for their statistics, where these "
        "differ from the reference's, which are those of space.stem.");
    section.read("kernel", kernel, {1, 3},
                 "Kernel of their stem, 1 or 3, where it differs from that of space.stem.");
    if (kernel == 2) {
        section.fail("kernel", "it is 1 or 3");
    }
    section.read("skips", o.growth.skips,
                 "Cells receive the maps of earlier ones, not only of the one before.");
    section.read("limited", o.growth.limited,
                 "Cells within a stage are narrower, so that all together have the parameters of one.");
    section.read("statistic", o.growth.statistic, statistics, "What branches are ranked by.");
    section.read("worst_case", o.growth.worst_case,
                 "Prune the highest first: what the construction is worth.");
    o.growth.max_parameters =
        read_limit(section, "max_parameters", "Growth ends before the reference exceeds it; 0: none.");
    o.growth.max_macs =
        read_limit(section, "max_macs", "Growth ends before the reference exceeds it; 0: none.");
    section.read("steps", o.steps, {1, 1'000'000'000}, "Steps of training an iteration.");
    section.read("every", o.every, {1, 1'000'000}, "Statistics are taken in every so many steps.");
    section.read("snapshot", o.snapshot, {1, 1'000'000'000},
                 "Steps between two looks at how the branches rank.");
    if (o.every > o.snapshot) {
        section.fail("every",
                     fmt::format("statistics in every {} steps are too few for a look at them every {} "
                                 "(construct.snapshot)",
                                 o.every, o.snapshot));
    }
    section.read("settle", o.settle, "End an iteration once the ranking has settled.");
    section.read("settled_correlation", o.settling.correlation, {0, 1},
                 "Rank correlation of two successive snapshots from which on they agree.");
    section.read("settled_snapshots", o.settling.snapshots, {1, 1000}, "That many in a row.");
    section.read("dropout", o.dropout, {0, 0.9}, "In every cell, while training.");
    o.train.batch = 50;
    o.train.optimizer.learning_rate = 0.04;
    o.train.optimizer.weight_decay = 6e-4;
    o.train.optimizer.decay_all = true;
    o.train.optimizer.clip = 5;
    o.train.optimizer.clip_each = true;
    section.read("batch", o.train.batch, {2, 65'536}, "Images in one step.");
    o.train.optimizer.read(section);
    section.read("rate_factor", o.rates.factor, {0, 1, true},
                 "Factor of the learning rate every `rate_epochs` epochs; 1: it stays.");
    section.read("rate_epochs", o.rates.epochs, {0, 100'000, true}, "Epochs between two factors.");
    o.train.augment.read(section.section("augment", "Random changes of training images."));
    section.read(
        "reference", o.reference, references,
        "The network that is taught: the constructed one, or one of the same depth and operators, placed "
        "at random or by hand, to compare it with.");
    section.finish();
    o.grown_from = section.resolved("reference");

    o.growth.iterations = static_cast<int>(iterations);
    o.growth.width = static_cast<int>(width);
    o.growth.initial_kernel = static_cast<int>(kernel);
    // The stem alone may stride; behind it maps are as if the image were smaller.
    o.growth.image = around.input.strided(around.input.channels, around.stem.stride);
    o.growth.target_width = static_cast<int>(around.stem.channels);
    o.growth.target_kernel = static_cast<int>(around.stem.kernel);
    o.growth.classes = std::max<std::int64_t>(1, around.classes); // depths have none
    try {
        construction::growth_plan(o.growth);
    } catch (const support::UsageError& error) { section.fail("", error.what()); }
    return o;
}

std::string_view to_text(ConstructedReference reference) {
    return std::ranges::find(references, reference, [](const auto& r) { return r.second; })->first;
}

std::string start_blocks_yaml(const ConstructOptions& options) {
    construction::EnvelopeNetwork network = construction::start_network(options.growth);
    network.width = static_cast<int>(options.around.stem.channels);
    return blocks_yaml(network, options.dropout);
}

std::string blocks_yaml(const construction::EnvelopeNetwork& network, double dropout) {
    return "blocks:\n" + construction::space_yaml(network, dropout, 2);
}

} // namespace tessera::nas
