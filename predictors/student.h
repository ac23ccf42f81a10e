// One (block, choice) that learns to imitate the reference's block.
#pragma once

#include <memory>
#include <optional>

#include "predictors/block_library.h"
#include "search_spaces/narrowing.h"
#include "training/losses.h"
#include "training/optimizer.h"

namespace tessera::predictors {

class Student {
public:
    /// Freshly initialised from a seed of its own, derived from the run's seed, the block's name and the
    /// choice alone; the same values on every device.
    Student(const search_spaces::SearchSpace& space, std::size_t block, std::size_t choice,
            double learning_rate, double clip, std::uint64_t run_seed, torch::Device device = torch::kCPU);
    /// The reference's own block: never trained, only evaluated.
    Student(const search_spaces::SearchSpace& space, std::size_t block, const training::TensorMap& weights,
            torch::Device device = torch::kCPU);

    /// Takes over what it can of the reference's block (search_spaces/narrowing.h); false: nothing.
    bool start_from(const search_spaces::BlockImpl& reference, const search_spaces::FilterScores& scores);

    std::size_t block() const { return block_; }
    std::size_t choice() const { return choice_; }
    double learning_rate() const { return learning_rate_; }
    /// Trainable and still finite.
    bool active() const { return optimizer_.has_value() && finite_; }
    /// True where a loss or the held-out `nsr` is not finite, or `nsr` is far above both 1 (what predicting
    /// each channel's mean gives) and the loss of the first batch. One that has merely not learnt much has
    /// not diverged.
    bool diverged(double nsr) const;
    /// Multiply-accumulates of one image: how long its task takes, relative to others.
    std::int64_t macs() const { return macs_; }
    std::int64_t weight_bytes() const;

    /// One step on a batch of the reference's maps at `factor` times the learning rate; the last one where
    /// the loss is not finite. `progress` is the share of the steps that are done, for blocks with a task of
    /// their own (search_spaces/auxiliary_task.h).
    void learn(const torch::Tensor& input, const torch::Tensor& target, const torch::Tensor& variance,
               double factor, double progress = 1);

    /// BatchNorm statistics anew: begin, forward over batches, end.
    void begin_settling();
    void settle(const torch::Tensor& input);
    void end_settling();

    /// Held-out quality and moments, accumulated over batches in double precision.
    void begin_evaluation();
    void evaluate(const torch::Tensor& input, const torch::Tensor& target);
    double nsr(const torch::Tensor& variance) const;
    training::TensorMap moments() const;

    training::TensorMap weights() const;
    /// All that it takes to go on later with the same bits: weights, optimiser moments, how its loss began
    /// and whether it still is finite. The tensors themselves, not copies: to be written before the next
    /// step.
    training::TensorMap tensors() const;
    void load(const training::TensorMap& tensors, const std::string& source);

private:
    std::size_t block_, choice_;
    double learning_rate_ = 0;
    std::optional<double> first_loss_;
    std::int64_t macs_;
    bool finite_ = true;
    std::shared_ptr<search_spaces::BlockImpl> module_;
    std::optional<training::Optimizer> optimizer_;
    torch::Tensor squared_error_, sum_, sum_of_squares_; ///< per channel, double
    std::int64_t counted_ = 0;                           ///< pixels per channel
};

} // namespace tessera::predictors
