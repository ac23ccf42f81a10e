// What networks are trained for: what their outputs are compared with, and how. Training, distillation and
// evaluation know of it no more than this.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <torch/torch.h>

#include "search_spaces/head.h"
#include "training/batches.h"
#include "training/confusion_matrix.h"
#include "training/dataset.h"

namespace tessera::training {

/// Mean of |depth - truth| / truth, and root of the mean squared difference, over all pixels.
struct DepthErrors {
    double abs_rel = 0, rmse = 0;
};

struct Evaluation {
    double accuracy = 0, loss = 0; ///< fraction; mean over images. NaN where there are no images
    ConfusionMatrix confusion; ///< over the network's classes; of 0 classes where it is left out or nothing
                               ///< is there to be counted
    std::optional<DepthErrors> depth{}; ///< of networks that tell depths
};

/// A confusion matrix takes the square of the number of classes: whoever only wants the accuracy leaves it
/// out.
enum class Confusions { left_out, counted };

/// Adds up what batches say of a network. Nothing is fetched from the device before result().
class Tally {
public:
    virtual ~Tally() = default;
    /// The network's outputs for some images as float64, and their truth, on one device.
    virtual void add(const torch::Tensor& outputs, const torch::Tensor& truth) = 0;
    /// Of all images so far; at least one.
    virtual Evaluation result() const = 0;
};

/// Outputs and truths have images along their first dimension.
class Task {
public:
    virtual ~Task() = default;

    /// What the outputs of a batch are compared with.
    virtual const torch::Tensor& truth(const Batch& batch) const = 0;
    /// What reports call the accuracy, which is a share of places that are right.
    virtual std::string_view accuracy_name() const = 0;
    /// Of each image (none), or their mean or sum. `smoothing`: share of labels spread over all classes.
    virtual torch::Tensor loss(const torch::Tensor& outputs, const torch::Tensor& truth,
                               at::Reduction::Reduction reduction, double smoothing = 0) const = 0;
    /// How far a student's outputs are from its teacher's, mean over images.
    virtual torch::Tensor imitation(const torch::Tensor& student, const torch::Tensor& teacher,
                                    double temperature) const = 0;
    /// How many places of all images are right: a whole number on their device.
    virtual torch::Tensor hits(const torch::Tensor& outputs, const torch::Tensor& truth) const = 0;
    /// Of an image of `data` there are so many. Accuracy is hits / (images * places).
    virtual std::int64_t places(const Dataset& data) const = 0;
    /// Why images may not be changed like this while training, as "key: what is wrong; value"; else empty.
    virtual std::string refusal(const AugmentOptions& augment) const = 0;
    virtual std::unique_ptr<Tally> tally(Confusions confusions) const = 0;
};

const Task& classification_task();
/// Of every pixel; see DataOptions::has_depths() and HeadOptions::dense().
const Task& depth_task();

/// What a network trained on these images, or with this head, is for.
const Task& task_of(const Dataset& data);
const Task& task_of(const search_spaces::HeadOptions& head);

} // namespace tessera::training
