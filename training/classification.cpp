// The task of telling classes apart.
#include <vector>

#include "training/losses.h"
#include "training/task.h"

namespace tessera::training {
namespace {

using torch::Tensor;

ConfusionMatrix confusion_of(const Tensor& labels, const Tensor& guessed, std::int64_t classes) {
    const auto* label = labels.data_ptr<std::int64_t>();
    const auto* guess = guessed.data_ptr<std::int64_t>();
    ConfusionMatrix confusion(classes);
    for (std::int64_t i = 0; i < labels.size(0); ++i) {
        confusion.add(label[i], guess[i]);
    }
    return confusion;
}

/// Logits B x classes against labels B (int64); one place an image.
class Classification final : public Task {
public:
    std::string_view accuracy_name() const override { return "accuracy"; }
    const Tensor& truth(const Batch& batch) const override { return batch.labels; }
    Tensor loss(const Tensor& outputs, const Tensor& truth, at::Reduction::Reduction reduction,
                double smoothing) const override {
        return cross_entropy(outputs, truth, smoothing, reduction);
    }
    Tensor imitation(const Tensor& student, const Tensor& teacher, double temperature) const override {
        return distillation_loss(student, teacher, temperature);
    }
    Tensor hits(const Tensor& outputs, const Tensor& truth) const override {
        return (outputs.argmax(1) == truth).sum();
    }
    std::int64_t places(const Dataset&) const override { return 1; }
    std::string refusal(const AugmentOptions&) const override { return ""; }
    std::unique_ptr<Tally> tally(Confusions confusions) const override;
};

const Classification classification;

class ClassTally final : public Tally {
public:
    explicit ClassTally(Confusions confusions) : confusions_(confusions) {}

    void add(const Tensor& outputs, const Tensor& truth) override {
        const Tensor loss = classification.loss(outputs, truth, at::Reduction::None, 0).sum();
        loss_ = loss_.defined() ? loss_ + loss : loss;
        labels_.push_back(truth);
        guesses_.push_back(outputs.argmax(1));
        classes_ = outputs.size(1);
    }
    Evaluation result() const override {
        const Tensor labels = torch::cat(labels_).cpu(), guessed = torch::cat(guesses_).cpu();
        const auto count = static_cast<double>(labels.size(0));
        return {(guessed == labels).sum().item<double>() / count, loss_.item<double>() / count,
                confusions_ == Confusions::counted ? confusion_of(labels, guessed, classes_)
                                                   : ConfusionMatrix()};
    }

private:
    Confusions confusions_;
    std::vector<Tensor> labels_, guesses_;
    Tensor loss_;
    std::int64_t classes_ = 0;
};

std::unique_ptr<Tally> Classification::tally(Confusions confusions) const {
    return std::make_unique<ClassTally>(confusions);
}

} // namespace

const Task& classification_task() { return classification; }

} // namespace tessera::training
