// Mean and variance per channel over any number of batches: pairwise merging of (count, mean, sum of squared
// deviations), Chan, Golub and LeVeque 1979. Double precision, because a map has millions of values per
// channel.
#include <algorithm>

#include "support/error.h"
#include "training/losses.h"

namespace tessera::training {

void ChannelVariance::add(const torch::Tensor& map) {
    const torch::NoGradGuard no_grad;
    const std::int64_t count = map.numel() / map.size(1);
    if (count == 0) {
        return;
    }
    const torch::Tensor values = map.detach().to(torch::kDouble);
    const torch::Tensor mean = values.mean({0, 2, 3});
    const torch::Tensor squares = (values - mean.view({1, -1, 1, 1})).square().sum({0, 2, 3});
    if (count_ == 0) {
        mean_ = mean;
        squares_ = squares;
    } else {
        const double share = static_cast<double>(count) / static_cast<double>(count_ + count);
        const torch::Tensor delta = mean - mean_;
        squares_ = squares_ + squares + delta.square() * (static_cast<double>(count_) * share);
        mean_ = mean_ + delta * share;
    }
    count_ += count;
}

namespace {

constexpr double smallest = 1e-20; // where every channel is constant: still a divisor that a float can hold

torch::Tensor plain_variance(const torch::Tensor& squares, std::int64_t count) {
    if (count == 0) {
        throw support::RunError("channel variances: no feature map was added");
    }
    return squares / static_cast<double>(count);
}

double lowest(const torch::Tensor& plain, double floor) {
    return std::max(floor * plain.mean().item<double>(), smallest);
}

} // namespace

torch::Tensor ChannelVariance::variance(double floor) const {
    const torch::Tensor plain = plain_variance(squares_, count_);
    return plain.clamp_min(lowest(plain, floor)).to(torch::kFloat);
}

std::int64_t ChannelVariance::dead(double floor) const {
    const torch::Tensor plain = plain_variance(squares_, count_);
    return (plain <= lowest(plain, floor)).sum().item<std::int64_t>();
}

torch::Tensor ChannelVariance::mean() const {
    plain_variance(squares_, count_);
    return mean_.to(torch::kFloat);
}

} // namespace tessera::training
