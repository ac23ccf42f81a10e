// One (block, choice) that learns to imitate the reference's block.
#pragma once

#include <memory>
#include <optional>

#include "predictors/block_library.h"
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

    std::size_t block() const { return block_; }
    std::size_t choice() const { return choice_; }
    double learning_rate() const { return learning_rate_; }
    /// Trainable and still finite.
    bool active() const { return optimizer_.has_value() && !diverged_; }
    bool diverged() const { return diverged_; }
    /// Multiply-accumulates of one image: how long its task takes, relative to others.
    std::int64_t macs() const { return macs_; }
    std::int64_t weight_bytes() const;

    /// One step on a batch of the reference's maps at `factor` times the learning rate. Marks itself diverged
    /// on a loss that is not finite.
    void learn(const torch::Tensor& input, const torch::Tensor& target, const torch::Tensor& variance,
               double factor);

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
    /// Weights, optimiser moments and divergence, to go on later with the same bits.
    void save(training::TensorMap& into, const std::string& prefix) const;
    void load(const training::TensorMap& from, const std::string& prefix, const std::string& source);

private:
    std::size_t block_, choice_;
    double learning_rate_ = 0;
    std::int64_t macs_;
    bool diverged_ = false;
    std::shared_ptr<search_spaces::BlockImpl> module_;
    std::optional<training::Optimizer> optimizer_;
    torch::Tensor squared_error_, sum_, sum_of_squares_; ///< per channel, double
    std::int64_t counted_ = 0;                           ///< pixels per channel
};

} // namespace tessera::predictors
