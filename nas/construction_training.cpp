#include "nas/construction_training.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "predictors/statistics_collector.h"
#include "support/config_scalars.h"
#include "support/error.h"
#include "support/seed.h"
#include "support/table.h"
#include "training/state.h"

namespace tessera::nas {
namespace {

using construction::BranchStatistic;
using construction::EnvelopeNetwork;
using construction::GrowthOptions;
using torch::Tensor;

/// Where a cell's filters are shown: the module of its block.
std::string cell_module(int entry) { return fmt::format("block{}.cell", entry - 1); }
bool is_cell(const std::string& module) { return module.ends_with(".cell"); }

std::vector<BranchStatistic> branch_statistics(const EnvelopeNetwork& network,
                                               const predictors::StatisticsCollector& collector) {
    std::vector<BranchStatistic> result;
    const auto stages = construction::stage_cells(network);
    for (std::size_t s = 0; s < stages.size(); ++s) {
        for (std::size_t c = 0; c < stages[s].size(); ++c) {
            const int entry = stages[s][c];
            const std::string module = cell_module(entry);
            const auto seen = collector.branches(module);
            const auto& branches = network.cell(entry)->branches;
            for (std::size_t b = 0; b < branches.size(); ++b) {
                result.push_back({static_cast<int>(s), static_cast<int>(c), branches[b], seen[b].mean_square,
                                  seen[b].variance, seen[b].dead_share, collector.images(module)});
            }
        }
    }
    return result;
}

std::vector<construction::SkipScalar> skip_scalars(const EnvelopeNetwork& network,
                                                   const search_spaces::Network& built) {
    std::vector<construction::SkipScalar> result;
    for (int entry = 1; entry <= static_cast<int>(network.entries.size()); ++entry) {
        const construction::Cell* cell = network.cell(entry);
        if (cell == nullptr || cell->skips.empty()) {
            continue;
        }
        const Tensor scales = built->joins[static_cast<std::size_t>(entry - 1)]->scales.detach().cpu();
        for (std::size_t i = 0; i < cell->skips.size(); ++i) {
            result.push_back({entry, cell->skips[i], scales[static_cast<std::int64_t>(i)].item<double>()});
        }
    }
    return result;
}

/// Counts steps, takes statistics in some of them, and compares rankings between snapshots.
class Look final : public training::TrainingObserver {
public:
    Look(const EnvelopeNetwork& network, const ConstructOptions& options, search_spaces::Network& built,
         int threads)
        : network_(network), options_(options), collector_(*built, threads, is_cell) {
        collector_.look(false); // until a step begins: a resumed training may begin with its validation
        const auto cells = construction::stage_cells(network);
        for (std::size_t s = 0; s < cells.size(); ++s) {
            if (options.growth.stages[s].grows_from(static_cast<int>(cells[s].size()))) {
                stages_.push_back(static_cast<int>(s));
                tests_.emplace_back(options.settling);
            }
        }
    }
    void before_step(std::int64_t done) override { collector_.look(done % options_.every == 0); }
    void after_step(std::int64_t done) override {
        collector_.look(false); // not at validation
        done_ = done;
        if (done % options_.snapshot != 0) {
            return;
        }
        for (std::size_t i = 0; i < stages_.size(); ++i) {
            tests_[i].add(done, ranked(i));
        }
    }
    bool enough() const override {
        const bool settled =
            options_.settle && std::ranges::all_of(tests_, [](const auto& t) { return t.settled(); });
        return settled || done_ >= options_.steps;
    }
    /// A branch whose statistic is not finite is pruned first: no reason to give the others up.
    bool makes_do() const override { return true; }
    training::TensorMap state() const override {
        training::TensorMap result;
        training::add_with_prefix(result, collector_.state(), "filters.");
        result["done"] = torch::tensor(done_, torch::kInt64);
        for (std::size_t i = 0; i < tests_.size(); ++i) {
            std::vector<double> rows; // of a step and its values each
            for (const auto& snapshot : tests_[i].snapshots()) {
                rows.push_back(static_cast<double>(snapshot.step));
                rows.insert(rows.end(), snapshot.values.begin(), snapshot.values.end());
            }
            result[fmt::format("snapshots{}", i)] = torch::tensor(rows, torch::kFloat64);
        }
        return result;
    }
    void load(const training::TensorMap& state, const std::string& source) override {
        const auto done = state.find("done");
        if (done == state.end() || done->second.numel() != 1 || done->second.scalar_type() != torch::kInt64) {
            throw support::RunError(fmt::format("{}: it does not say how many steps were taken", source));
        }
        std::vector<predictors::SettlingTest> tests;
        for (std::size_t i = 0; i < tests_.size(); ++i) {
            const auto found = state.find(fmt::format("snapshots{}", i));
            const auto row = static_cast<std::int64_t>(1 + ranked(i).size());
            if (found == state.end() || found->second.dim() != 1 ||
                found->second.scalar_type() != torch::kFloat64 || found->second.numel() % row != 0) {
                throw support::RunError(
                    fmt::format("{}: it holds no 'snapshots{}' of this construction", source, i));
            }
            const Tensor rows = found->second.contiguous();
            const std::span values(rows.const_data_ptr<double>(), static_cast<std::size_t>(rows.numel()));
            tests.emplace_back(options_.settling);
            for (std::size_t at = 0; at < values.size(); at += static_cast<std::size_t>(row)) {
                tests.back().add(static_cast<std::int64_t>(values[at]),
                                 values.subspan(at + 1, static_cast<std::size_t>(row) - 1));
            }
        }
        collector_.load(training::with_prefix_removed(state, "filters."), source);
        tests_ = std::move(tests);
        done_ = done->second.item<std::int64_t>();
    }

    std::int64_t done() const { return done_; }
    std::vector<BranchStatistic> statistics() const { return branch_statistics(network_, collector_); }
    /// Whether a growing stage has no branch with a finite statistic.
    bool blind() const {
        for (std::size_t i = 0; i < stages_.size(); ++i) {
            if (std::ranges::none_of(ranked(i), [](double value) { return std::isfinite(value); })) {
                return true;
            }
        }
        return false;
    }
    std::vector<SettlingCurve> curves() const {
        std::vector<SettlingCurve> result;
        for (std::size_t i = 0; i < tests_.size(); ++i) {
            result.push_back({stages_[i], tests_[i].curve()});
        }
        return result;
    }

private:
    /// What the branches of the i-th growing stage are compared by, as of now.
    std::vector<double> ranked(std::size_t i) const {
        std::vector<double> values;
        for (const BranchStatistic& branch : statistics()) {
            if (branch.stage == stages_[i]) {
                values.push_back(options_.growth.statistic == GrowthOptions::Statistic::variance
                                     ? branch.variance
                                     : branch.mean_square);
            }
        }
        return values;
    }

    const EnvelopeNetwork& network_;
    const ConstructOptions& options_;
    predictors::StatisticsCollector collector_;
    std::vector<int> stages_;
    std::vector<predictors::SettlingTest> tests_; ///< one a growing stage
    std::int64_t done_ = 0;
};

/// Throws RunError where a stage that grows has nothing to go by.
void tell_of_divergence(const Look& look, int iteration) {
    const std::string what = fmt::format("construct: the training diverged after {} of iteration {}",
                                         support::counted(look.done(), "step"), iteration);
    constexpr std::string_view advice = "lower construct.learning_rate or set construct.clip";
    if (look.blind()) {
        throw support::RunError(
            fmt::format("{}, and no branch of a stage has a finite statistic; {}", what, advice));
    }
    support::warn("{}; the network grows from what was seen, the last step included; {}", what, advice);
}

} // namespace

std::string space_document(const StageContext& context, std::int64_t channels, std::int64_t kernel,
                           const std::string& blocks) {
    const auto& space = context.config.space;
    search_spaces::StemOptions stem = context.config.construct->around.stem;
    stem.channels = channels;
    stem.kernel = kernel;
    std::string text;
    if (!space.name().empty()) {
        text += fmt::format("name: {}\n", support::config::to_yaml(std::string_view(space.name())));
    }
    return text + fmt::format("input: [{}, {}, {}]\nclasses: {}\nstem: {}\nhead: {}\n{}",
                              space.input().channels, space.input().height, space.input().width,
                              space.classes(), stem.yaml(), space.head().yaml(), blocks);
}

search_spaces::SearchSpace space_around(const EnvelopeNetwork& network, const StageContext& context) {
    const std::string text = space_document(context, network.width, network.initial_kernel,
                                            blocks_yaml(network, context.config.construct->dropout));
    const auto document = support::Document::parse(text, "constructed network");
    return search_spaces::SearchSpace::read(document.root());
}

void check_batch(const ConstructOptions& options, std::int64_t images) {
    if (images < options.train.batch) {
        throw support::UsageError(
            fmt::format("construct.batch: {} images in a step, but there are {} to train on",
                        options.train.batch, images));
    }
}

ConstructionTraining train_and_look(const EnvelopeNetwork& network, int iteration, StageContext& context,
                                    const std::string& fingerprint, const std::filesystem::path& checkpoint,
                                    support::Progress& progress) {
    const ConstructOptions& options = *context.config.construct;
    const std::string name = std::to_string(iteration);
    const auto space = space_around(network, context);
    search_spaces::Network built(space, space.reference());
    search_spaces::initialise(*built, support::derive_seed(context.seed, {"construct", name, "initialise"}));

    const training::Datasets& data = context.data();
    const std::int64_t images = data.train.size(), batch = options.train.batch;
    check_batch(options, images);
    training::TrainOptions train = options.train;
    const std::int64_t per_epoch = images / batch;
    train.epochs = (options.steps + per_epoch - 1) / per_epoch;

    built->to(context.device());
    Look look(network, options, built, context.threads);
    training::TrainContext around;
    around.device = context.device();
    around.threads = context.threads;
    around.seed = support::derive_seed(context.seed, {"construct", name});
    around.label = "construct";
    around.checkpoint = checkpoint;
    around.fingerprint = fmt::format("{} {}", fingerprint, name);
    around.steady = options.rates;
    around.validate_every = options.snapshot;
    around.observer = &look;
    around.progress = &progress;
    const auto result = training::train(built, data, train, around);
    if (result.diverged) {
        tell_of_divergence(look, iteration);
    }
    return {look.statistics(), skip_scalars(network, built), look.curves(), look.done(), result.history};
}

} // namespace tessera::nas
