// Losses of training and distillation.
#pragma once

#include <torch/torch.h>

namespace tessera::training {

/// Cross entropy with label smoothing: of each image, or their mean or sum. logits B x K, labels B (int64).
torch::Tensor cross_entropy(const torch::Tensor& logits, const torch::Tensor& labels, double smoothing,
                            at::Reduction::Reduction reduction = at::Reduction::Mean);

/// Of each image (B) the scale-invariant error of Eigen et al. (arXiv 1406.2283, eq. 4): with
/// d = log(depth / truth), mean(d^2) - 1/2 mean(d)^2. A wrong scale of the whole image costs half of what
/// errors that differ between pixels do. Both B x 1 x H x W, positive.
torch::Tensor scale_invariant_log_loss(const torch::Tensor& depths, const torch::Tensor& truth);

/// T^2 * KL(softmax(teacher/T) || softmax(student/T)), mean over the batch (Hinton et al., arXiv 1503.02531).
torch::Tensor distillation_loss(const torch::Tensor& student, const torch::Tensor& teacher,
                                double temperature);

/// Per-channel noise-to-signal ratio averaged over channels (algorithms of DONNA, arXiv 2012.08859, eq. for
/// blockwise distillation): (1/C) sum_c E_{b,h,w}[(target_c - output_c)^2] / variance_c. Maps B x C x H x W,
/// variance C.
torch::Tensor noise_to_signal(const torch::Tensor& output, const torch::Tensor& target,
                              const torch::Tensor& variance);

/// Population variance per channel over B, H, W; streaming over batches (Chan et al.), in double precision.
class ChannelVariance {
public:
    void add(const torch::Tensor& map);
    /// Variances floored (not shifted) at `floor` times their mean.
    torch::Tensor variance(double floor = 1e-6) const;
    /// Channels whose variance is at or below the floor.
    std::int64_t dead(double floor = 1e-6) const;
    torch::Tensor mean() const;

private:
    std::int64_t count_ = 0;
    torch::Tensor mean_, squares_;
};

} // namespace tessera::training
