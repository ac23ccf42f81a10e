// The training loop. Everything random is derived from (seed, epoch, step), and a checkpoint holds weights,
// moments and average: a training that continues after any step is the training that was never stopped, bit
// for bit.
#include "training/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "search_spaces/auxiliary_task.h"
#include "support/error.h"
#include "support/interrupt.h"
#include "support/log.h"
#include "support/progress.h"
#include "support/seed.h"
#include "training/checkpoint.h"
#include "training/device.h"
#include "training/layout.h"
#include "training/moving_average.h"
#include "training/state.h"
#include "training/task.h"

namespace tessera::training {
namespace {

using search_spaces::Network;

Network prepared(Network network, const torch::Device& device) {
    network->to(device);
    to_channels_last(*network);
    return network;
}

std::vector<std::pair<std::string, torch::Tensor>> parameters_of(const Network& network) {
    std::vector<std::pair<std::string, torch::Tensor>> result;
    for (const auto& item : network->named_parameters()) {
        result.emplace_back(item.key(), item.value());
    }
    return result;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// What the steps of an epoch share.
struct EpochPlan {
    std::int64_t number; ///< from 1
    std::string name;    ///< the same as text, for seeds
    std::vector<std::int64_t> order;
    std::uint64_t augment_seed;
};

class Trainer {
public:
    Trainer(Network& network, const Datasets& data, const TrainOptions& options, const TrainContext& context);

    TrainResult run();

private:
    void resume();
    bool save_is_due() const;
    void save();
    /// Of as many steps as it had: the observer may have seen enough before its end, or the loss not be
    /// finite.
    EpochMetrics epoch(std::int64_t number, support::Progress& progress);
    bool ended() const { return diverged_ || (context_.observer != nullptr && context_.observer->enough()); }
    bool whole() const { return open_.steps == steps_; }
    /// How many places of the step's images were right: a number on the device, since fetching it would wait
    /// for the step.
    torch::Tensor take_step(const EpochPlan& plan, std::int64_t step);
    void tell(support::Progress& progress, std::int64_t number, std::int64_t step) const;
    double learning_rate(std::int64_t done) const;
    torch::Tensor loss_of(const torch::Tensor& outputs, const torch::Tensor& images,
                          const torch::Tensor& truth);
    Evaluation validate();
    bool validates_after(std::int64_t epoch) const;

    const Datasets& data_;
    const TrainOptions& options_;
    const TrainContext& context_;
    const Task& task_;
    Network network_, teacher_;
    bool autocast_;
    std::int64_t images_;  ///< visited in an epoch
    std::int64_t batch_;   ///< images in a step
    std::int64_t steps_;   ///< in an epoch; images that do not fill a last batch wait for an epoch that draws
                           ///< them earlier
    std::int64_t counted_; ///< images of an epoch in the progress: the left-over ones count, unless an
                           ///< observer ends the training after a number of steps
    Optimizer optimizer_;
    MovingAverage average_;
    std::string fingerprint_;
    std::vector<EpochMetrics> history_;
    OpenEpoch open_;
    bool diverged_ = false; ///< in the step under way
    std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
};

Trainer::Trainer(Network& network, const Datasets& data, const TrainOptions& options,
                 const TrainContext& context)
    : data_(data), options_(options), context_(context), task_(task_of(data.train)),
      network_(prepared(network, context.device)),
      teacher_(options.distillation_weight > 0 ? context.teacher : Network(nullptr)),
      autocast_(options.autocast && context.device.is_cuda()),
      images_(options.train_limit > 0 ? std::min(options.train_limit, data.train.size()) : data.train.size()),
      batch_(std::min(options.batch, images_)), steps_(images_ / std::max<std::int64_t>(batch_, 1)),
      counted_(context.observer == nullptr ? images_ : steps_ * batch_),
      optimizer_(parameters_of(network_), options.optimizer), average_(*network_, options.ema),
      fingerprint_(training_fingerprint(options, context, data)) {
    if (options.autocast && !autocast_) {
        support::warn("{}: autocast is for GPUs; on the CPU it is slower than float32 and stays off",
                      context.label);
    }
    if (options.distillation_weight > 0) {
        if (teacher_.is_empty()) {
            throw support::UsageError(
                fmt::format("{0}: {0}.distillation_weight is {1}, but there is no teacher", context.label,
                            options.distillation_weight));
        }
        if (teacher_->is_training()) {
            throw std::logic_error("the teacher must be in evaluation mode");
        }
    }
    if (const auto problem = task_.refusal(options.augment); options.epochs > 0 && !problem.empty()) {
        throw support::UsageError(fmt::format("{}: augment.{}", context.label, problem));
    }
    if (options.epochs > 0 && images_ < 2) {
        throw support::RunError(
            fmt::format("{}: {} training image(s) are too few to train", context.label, images_));
    }
}

torch::Tensor Trainer::loss_of(const torch::Tensor& outputs, const torch::Tensor& images,
                               const torch::Tensor& truth) {
    const double share = options_.distillation_weight;
    torch::Tensor loss;
    if (share < 1) {
        loss = task_.loss(outputs, truth, at::Reduction::Mean, options_.label_smoothing) * (1 - share);
    }
    if (share > 0) {
        torch::Tensor soft;
        {
            const torch::NoGradGuard no_grad;
            const Autocast autocast(autocast_);
            soft = teacher_->forward(images).to(torch::kFloat32);
        }
        const torch::Tensor imitation = task_.imitation(outputs, soft, options_.temperature) * share;
        loss = loss.defined() ? loss + imitation : imitation;
    }
    return loss;
}

/// After `done` steps of the whole training.
double Trainer::learning_rate(std::int64_t done) const {
    const double top = options_.optimizer.learning_rate;
    return context_.steady ? context_.steady->rate(top, done, steps_)
                           : options_.schedule.rate(top, done, options_.epochs * steps_, steps_);
}

torch::Tensor Trainer::take_step(const EpochPlan& plan, std::int64_t step) {
    const std::span rows(plan.order.data() + step * batch_, static_cast<std::size_t>(batch_));
    const Batch batch =
        make_batch(data_.train, rows, data_.normalisation, &options_.augment, plan.augment_seed);
    const torch::Tensor images = batch.images.to(context_.device),
                        truth = task_.truth(batch).to(context_.device);

    search_spaces::reseed_dropout(
        *network_, support::derive_seed(context_.seed, {"dropout", plan.name, std::to_string(step)}));
    const std::int64_t done = (plan.number - 1) * steps_ + step;
    search_spaces::set_progress(
        *network_,
        context_.tuning ? 1 : static_cast<double>(done) / static_cast<double>(options_.epochs * steps_));
    torch::Tensor outputs;
    {
        const Autocast autocast(autocast_);
        outputs = network_->forward(images).to(torch::kFloat32);
    }
    torch::Tensor loss = loss_of(outputs, images, truth);
    if (const torch::Tensor own = search_spaces::auxiliary_loss(*network_); own.defined()) {
        loss = loss + own;
    }
    const double value = loss.item<double>();
    diverged_ = !std::isfinite(value);
    if (diverged_ && context_.observer != nullptr && context_.observer->makes_do()) {
        return torch::zeros({}, torch::kInt64);
    }
    if (diverged_) {
        throw support::RunError(
            fmt::format("{}: the loss is not finite in epoch {}, step {}; lower learning_rate or set clip",
                        context_.label, plan.number, step + 1));
    }
    optimizer_.zero_grad();
    loss.backward();
    optimizer_.step(learning_rate(done));
    average_.update(done);
    open_.loss_sum += value;
    open_.steps = step + 1;
    return task_.hits(outputs.detach(), truth);
}

void Trainer::tell(support::Progress& progress, std::int64_t number, std::int64_t step) const {
    if (context_.progress == nullptr) {
        progress.note(fmt::format("epoch {}/{}, loss {:.3f}", number, options_.epochs,
                                  open_.loss_sum / static_cast<double>(step + 1)));
    }
    progress.advance(step + 1 < steps_ ? batch_ : counted_ - step * batch_);
}

EpochMetrics Trainer::epoch(std::int64_t number, support::Progress& progress) {
    const auto begin = std::chrono::steady_clock::now();
    const double seconds_before = open_.seconds; // of a process that was interrupted
    const std::string name = std::to_string(number);
    const EpochPlan plan{number, name, epoch_order(data_.train.size(), context_.seed, number),
                         support::derive_seed(context_.seed, {"augment", name})};
    network_->train();
    torch::Tensor correct =
        torch::full({}, open_.correct, torch::TensorOptions().dtype(torch::kInt64).device(context_.device));
    const auto keep = [&] {
        open_.correct = correct.item<std::int64_t>();
        open_.seconds = seconds_before + seconds_since(begin);
        save();
    };
    for (std::int64_t step = open_.steps; step < steps_ && !ended(); ++step) {
        const std::int64_t done = (number - 1) * steps_ + step;
        if (context_.observer != nullptr) {
            context_.observer->before_step(done);
        }
        const torch::Tensor hits = take_step(plan, step);
        if (diverged_) {
            break;
        }
        correct += hits;
        if (context_.observer != nullptr) {
            context_.observer->after_step(done + 1);
        }
        tell(progress, number, step);
        if (save_is_due()) {
            keep();
        }
        support::check_interrupt();
    }
    optimizer_.zero_grad();
    Evaluation validation;
    validation.accuracy = validation.loss = std::numeric_limits<double>::quiet_NaN();
    try {
        if (whole() && validates_after(number)) {
            validation = validate();
        }
    } catch (const support::Interrupted&) {
        keep();
        throw;
    }
    const auto steps = static_cast<double>(open_.steps);
    return {number,
            learning_rate((number - 1) * steps_ + open_.steps - 1),
            open_.loss_sum / steps,
            correct.item<double>() / (steps * static_cast<double>(batch_ * task_.places(data_.train))),
            validation.accuracy,
            validation.loss,
            seconds_before + seconds_since(begin)};
}

bool Trainer::validates_after(std::int64_t epoch) const {
    const std::int64_t every = context_.validate_every;
    return epoch == options_.epochs || epoch * steps_ / every > (epoch - 1) * steps_ / every;
}

Evaluation Trainer::validate() {
    const AveragedWeights averaged(average_);
    return evaluate(network_, data_.validation, data_.normalisation, context_.device);
}

bool Trainer::save_is_due() const {
    return support::interrupt_pending() || seconds_since(saved_) >= context_.checkpoint_seconds;
}

void Trainer::save() {
    saved_ = std::chrono::steady_clock::now();
    if (context_.checkpoint.empty()) {
        return;
    }
    const double epochs =
        static_cast<double>(history_.size()) + static_cast<double>(open_.steps) / static_cast<double>(steps_);
    Checkpoint checkpoint{history_, open_, {}, epochs / static_cast<double>(options_.epochs)};
    add_with_prefix(checkpoint.tensors, state_of(*network_), "model.");
    add_with_prefix(checkpoint.tensors, optimizer_.state(), "optimizer.");
    add_with_prefix(checkpoint.tensors, average_.state(), "average.");
    if (context_.observer != nullptr) {
        add_with_prefix(checkpoint.tensors, context_.observer->state(), "observer.");
    }
    write_checkpoint(context_.checkpoint, fingerprint_, context_.fingerprint, checkpoint);
}

void Trainer::resume() {
    const auto checkpoint = read_checkpoint(context_.checkpoint, fingerprint_);
    if (!checkpoint) {
        return;
    }
    const std::string source = context_.checkpoint.string();
    // Should one part not fit after others have been copied, all of them go back to where they were.
    const TensorMap model = state_of(*network_), moments = optimizer_.state(), average = average_.state();
    try {
        const auto epochs = static_cast<std::int64_t>(checkpoint->history.size());
        if (epochs > options_.epochs || checkpoint->open.steps < 0 || checkpoint->open.steps > steps_ ||
            (epochs == options_.epochs && checkpoint->open.steps > 0)) {
            throw support::RunError(source + ": it has more epochs or steps than the training");
        }
        load_state(*network_, with_prefix_removed(checkpoint->tensors, "model."), source);
        optimizer_.load(with_prefix_removed(checkpoint->tensors, "optimizer."), source);
        average_.load(with_prefix_removed(checkpoint->tensors, "average."), source);
        if (context_.observer != nullptr) {
            context_.observer->load(with_prefix_removed(checkpoint->tensors, "observer."), source);
        }
        history_ = checkpoint->history;
        open_ = checkpoint->open;
        support::info("{}: continues after epoch {}{}", context_.label, history_.size(),
                      open_.steps > 0 ? fmt::format(" and {} steps", open_.steps) : "");
    } catch (const support::RunError& error) {
        support::warn("{}; the checkpoint is not used and the training starts anew", error.what());
        load_state(*network_, model, source);
        optimizer_.load(moments, source);
        average_.load(average, source);
    }
}

TrainResult Trainer::run() {
    if (options_.epochs == 0) {
        network_->eval();
        return {{}, evaluate(network_, data_.validation, data_.normalisation, context_.device).accuracy};
    }
    resume();
    const auto finished = static_cast<std::int64_t>(history_.size());
    const std::int64_t visited = finished * counted_ + open_.steps * batch_;
    if (finished < options_.epochs) {
        std::optional<support::Progress> own;
        if (context_.progress == nullptr) {
            own.emplace(context_.label, options_.epochs * images_, "images", visited);
        } else {
            context_.progress->advance(visited);
        }
        for (std::int64_t number = finished + 1; number <= options_.epochs && !ended(); ++number) {
            const EpochMetrics metrics = epoch(number, own ? *own : *context_.progress);
            if (open_.steps > 0) { // the very first may have diverged
                history_.push_back(metrics);
            }
            if (!whole()) {
                break;
            }
            open_ = {};
            save();
            if (context_.after_epoch) {
                context_.after_epoch(history_);
            }
        }
    } else if (context_.progress != nullptr) {
        context_.progress->advance(finished * counted_);
    }
    average_.swap();
    network_->eval();
    const bool modest = context_.observer != nullptr && context_.observer->makes_do();
    diverged_ = diverged_ || !all_finite(state_of(*network_));
    if (diverged_ && !modest) {
        throw support::RunError(
            fmt::format("{}: the weights are not finite after the last step; lower learning_rate or set clip",
                        context_.label));
    }
    if (diverged_) {
        return {history_, std::numeric_limits<double>::quiet_NaN(), true};
    }
    return {history_, history_.empty() ? 0 : history_.back().validation_accuracy};
}

} // namespace

TrainResult train(Network& network, const Datasets& data, const TrainOptions& options,
                  const TrainContext& context) {
    use_threads(context.threads);
    return Trainer(network, data, options, context).run();
}

} // namespace tessera::training
