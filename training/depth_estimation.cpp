// The task of telling every pixel's depth.
#include <cmath>

#include <fmt/format.h>

#include "training/losses.h"
#include "training/task.h"

namespace tessera::training {
namespace {

using torch::Tensor;

/// True where a depth is less than a factor of 1.25 off: delta_1 of Eigen et al. (arXiv 1406.2283).
Tensor nearly_right(const Tensor& depths, const Tensor& truth) {
    constexpr double factor = 1.25;
    return torch::max(depths / truth, truth / depths) < factor;
}

/// A sum over pixels whose bits do not depend on the number of threads: image by image, then over those.
Tensor over_images(const Tensor& values) { return values.flatten(1).sum(1).sum(); }

/// Depths B x 1 x H x W > 0 against targets of the same shape.
class DepthEstimation final : public Task {
public:
    std::string_view accuracy_name() const override { return "delta < 1.25"; }
    const Tensor& truth(const Batch& batch) const override { return batch.targets; }
    Tensor loss(const Tensor& outputs, const Tensor& truth, at::Reduction::Reduction reduction,
                double) const override {
        const Tensor losses = scale_invariant_log_loss(outputs, truth);
        return reduction == at::Reduction::None  ? losses
               : reduction == at::Reduction::Sum ? losses.sum()
                                                 : losses.mean();
    }
    Tensor imitation(const Tensor& student, const Tensor& teacher, double) const override {
        return (student.log() - teacher.log()).abs().flatten(1).mean(1).mean();
    }
    Tensor hits(const Tensor& outputs, const Tensor& truth) const override {
        return nearly_right(outputs, truth).sum();
    }
    std::int64_t places(const Dataset& data) const override { return data.height() * data.width(); }
    std::string refusal(const AugmentOptions& augment) const override {
        return augment.random_resized_crop
                   ? "random_resized_crop: true changes the sizes of things, which tell "
                     "their depth; false"
               : augment.pad > 0 ? fmt::format("pad: {}: what padding shows has no depth; 0", augment.pad)
                                 : "";
    }
    std::unique_ptr<Tally> tally(Confusions) const override;
};

const DepthEstimation depth_estimation;

class DepthTally final : public Tally {
public:
    void add(const Tensor& outputs, const Tensor& truth) override {
        const Tensor error = outputs - truth;
        const Tensor sums = torch::stack({depth_estimation.loss(outputs, truth, at::Reduction::Sum, 0),
                                          depth_estimation.hits(outputs, truth).to(torch::kFloat64),
                                          over_images(error.abs() / truth), over_images(error.square())});
        sums_ = sums_.defined() ? sums_ + sums : sums;
        images_ += outputs.size(0);
        pixels_ += outputs.numel();
    }
    Evaluation result() const override {
        const Tensor sums = sums_.cpu();
        const auto* sum = sums.data_ptr<double>();
        const auto pixels = static_cast<double>(pixels_);
        return {sum[1] / pixels,
                sum[0] / static_cast<double>(images_),
                {},
                DepthErrors{sum[2] / pixels, std::sqrt(sum[3] / pixels)}};
    }

private:
    Tensor sums_;
    std::int64_t images_ = 0, pixels_ = 0;
};

std::unique_ptr<Tally> DepthEstimation::tally(Confusions) const { return std::make_unique<DepthTally>(); }

} // namespace

const Task& depth_task() { return depth_estimation; }

} // namespace tessera::training
