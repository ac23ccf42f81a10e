#include "predictors/student.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "search_spaces/auxiliary_task.h"
#include "search_spaces/layers/dropout.h"
#include "training/layout.h"
#include "training/state.h"

namespace tessera::predictors {

using search_spaces::SearchSpace;
using torch::Tensor;
using training::TensorMap;

namespace {

training::Optimizer make_optimizer(const torch::nn::Module& module, double learning_rate, double clip) {
    std::vector<std::pair<std::string, Tensor>> parameters;
    for (const auto& item : module.named_parameters()) {
        parameters.emplace_back(item.key(), item.value());
    }
    training::OptimizerOptions options;
    options.kind = training::OptimizerKind::adam;
    options.learning_rate = learning_rate;
    options.weight_decay = 0;
    options.clip = clip;
    return {std::move(parameters), options};
}

/// Training mode, but for dropout: what a student imitates is deployed without.
void to_imitation(torch::nn::Module& module) {
    module.train();
    for (const auto& child : module.modules()) {
        if (auto* dropout = child->as<search_spaces::SeededDropout>()) {
            dropout->eval();
        }
    }
}

template <class Visit>
void for_each_norm(torch::nn::Module& module, Visit visit) {
    for (const auto& child : module.modules()) {
        if (auto* norm = child->as<torch::nn::BatchNorm2d>()) {
            visit(*norm);
        }
    }
}

} // namespace

Student::Student(const SearchSpace& space, std::size_t block, std::size_t choice, double learning_rate,
                 double clip, std::uint64_t run_seed, torch::Device device)
    : block_(block), choice_(choice), learning_rate_(learning_rate) {
    const auto& b = space.blocks().at(block);
    const auto& c = b.choices.at(choice);
    macs_ = space.block_costs(block, c).macs;
    module_ = search_spaces::build_block(c, b.site);
    search_spaces::initialise(*module_, support::derive_seed(run_seed, {"distil", b.name, c.text()}));
    training::to_channels_last(*module_);
    to_imitation(*module_);
    module_->to(device); // before the optimiser, whose moments live where the parameters do
    // A pass-through has no parameters and nothing to learn.
    if (!module_->parameters().empty()) {
        optimizer_.emplace(make_optimizer(*module_, learning_rate, clip));
    }
}

Student::Student(const SearchSpace& space, std::size_t block, const TensorMap& weights, torch::Device device)
    : block_(block), choice_(0) {
    const auto& b = space.blocks().at(block);
    macs_ = space.block_costs(block, b.choices.front()).macs;
    module_ = search_spaces::build_block(b.choices.front(), b.site);
    training::load_state(*module_, weights, "reference");
    training::to_channels_last(*module_);
    module_->to(device);
    module_->eval();
}

std::int64_t Student::weight_bytes() const {
    std::int64_t bytes = 0;
    for (const auto& p : module_->parameters()) {
        bytes += p.numel() * static_cast<std::int64_t>(p.element_size());
    }
    return bytes;
}

void Student::learn(const Tensor& input, const Tensor& target, const Tensor& variance, double factor,
                    double progress) {
    if (!active()) {
        return;
    }
    // oneTBB's threads start with gradients on, but a task may run inside another's guard.
    const at::AutoGradMode with_gradients(true);
    optimizer_->zero_grad();
    search_spaces::set_progress(*module_, progress);
    const Tensor output = module_->forward(input);
    const Tensor imitation = training::noise_to_signal(output, target, variance);
    const Tensor own = search_spaces::auxiliary_loss(*module_);
    const Tensor loss = own.defined() ? imitation + own : imitation;
    const auto value = loss.item<double>();
    if (!first_loss_) {
        first_loss_ = imitation.item<double>();
    }
    if (!std::isfinite(value)) {
        finite_ = false;
        optimizer_->zero_grad();
        return;
    }
    loss.backward();
    optimizer_->step(learning_rate_ * factor);
}

bool Student::start_from(const search_spaces::BlockImpl& reference,
                         const search_spaces::FilterScores& scores) {
    return search_spaces::start_from(*module_, reference, scores);
}

bool Student::diverged(double nsr) const {
    constexpr double kFar = 10;
    return !finite_ || !std::isfinite(nsr) || nsr > kFar * std::max(1.0, first_loss_.value_or(1));
}

void Student::begin_settling() {
    if (!active()) {
        return;
    }
    for_each_norm(*module_, [](torch::nn::BatchNorm2dImpl& norm) {
        norm.reset_running_stats();
        norm.options.momentum(std::nullopt); // the plain average over the settling batches
    });
    to_imitation(*module_);
}

void Student::settle(const Tensor& input) {
    if (!active()) {
        return;
    }
    const torch::NoGradGuard no_gradients;
    module_->forward(input);
}

void Student::end_settling() {
    if (!active()) {
        return;
    }
    for_each_norm(*module_, [](torch::nn::BatchNorm2dImpl& norm) { norm.options.momentum(0.1); });
    module_->eval();
}

void Student::begin_evaluation() {
    module_->eval();
    counted_ = 0;
    squared_error_ = sum_ = sum_of_squares_ = Tensor();
}

void Student::evaluate(const Tensor& input, const Tensor& target) {
    if (!finite_) {
        return;
    }
    const torch::NoGradGuard no_gradients;
    const Tensor output = module_->forward(input);
    const auto per_channel = [](const Tensor& t) { return t.sum({0, 2, 3}, false, torch::kDouble); };
    const Tensor error = per_channel((output - target).square());
    const Tensor sum = per_channel(output);
    const Tensor squares = per_channel(output.square());
    squared_error_ = squared_error_.defined() ? squared_error_ + error : error;
    sum_ = sum_.defined() ? sum_ + sum : sum;
    sum_of_squares_ = sum_of_squares_.defined() ? sum_of_squares_ + squares : squares;
    counted_ += output.numel() / output.size(1);
}

double Student::nsr(const Tensor& variance) const {
    if (!finite_ || counted_ == 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    const Tensor error = squared_error_.cpu() / static_cast<double>(counted_);
    return (error / variance.cpu().to(torch::kDouble)).mean().item<double>();
}

TensorMap Student::moments() const {
    if (!finite_ || counted_ == 0) {
        return {};
    }
    const auto n = static_cast<double>(counted_);
    return {{"mean", (sum_ / n).to(torch::kFloat).cpu()},
            {"mean_square", (sum_of_squares_ / n).to(torch::kFloat).cpu()}};
}

TensorMap Student::weights() const { return training::state_of(*module_); }

TensorMap Student::tensors() const {
    TensorMap result;
    training::add_with_prefix(result, training::tensors_of(*module_), "weights.");
    if (optimizer_) {
        training::add_with_prefix(result, optimizer_->tensors(), "moments.");
    }
    if (first_loss_) {
        result["first_loss"] = torch::tensor(*first_loss_, torch::kDouble);
    }
    result["finite"] = torch::tensor(finite_, torch::kBool);
    return result;
}

void Student::load(const TensorMap& tensors, const std::string& source) {
    training::load_state(*module_, training::with_prefix_removed(tensors, "weights."), source);
    if (optimizer_) {
        optimizer_->load(training::with_prefix_removed(tensors, "moments."), source);
    }
    const auto first = tensors.find("first_loss");
    first_loss_ = first == tensors.end() ? std::nullopt : std::optional(first->second.item<double>());
    finite_ = tensors.at("finite").item<bool>();
}

} // namespace tessera::predictors
