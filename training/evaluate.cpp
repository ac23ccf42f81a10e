#include <algorithm>
#include <limits>
#include <numeric>

#include "support/interrupt.h"
#include "training/trainer.h"

namespace tessera::training {
namespace {

constexpr std::int64_t evaluation_batch = 128;

/// Puts a network into evaluation mode for as long as it lives.
class EvaluationMode {
public:
    explicit EvaluationMode(torch::nn::Module& module) : module_(module), training_(module.is_training()) {
        module_.eval();
    }
    ~EvaluationMode() { module_.train(training_); }
    EvaluationMode(const EvaluationMode&) = delete;
    EvaluationMode& operator=(const EvaluationMode&) = delete;

private:
    torch::nn::Module& module_;
    bool training_;
};

ConfusionMatrix confusion_of(const torch::Tensor& labels, const torch::Tensor& guessed,
                             std::int64_t classes) {
    const auto* label = labels.data_ptr<std::int64_t>();
    const auto* guess = guessed.data_ptr<std::int64_t>();
    ConfusionMatrix confusion(classes);
    for (std::int64_t i = 0; i < labels.size(0); ++i) {
        confusion.add(label[i], guess[i]);
    }
    return confusion;
}

} // namespace

Evaluation evaluate(search_spaces::Network& network, const Dataset& data, const Normalisation& normalisation,
                    torch::Device device, Confusions confusions) {
    const std::int64_t count = data.size();
    if (count == 0) {
        constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
        return {unknown, unknown, {}};
    }
    const torch::NoGradGuard no_grad;
    const EvaluationMode mode(*network);
    // The last batch is filled up from the front: kernels pick other sums for other batch sizes, and only
    // from 32 images on do they give the same bits for any number of threads.
    std::vector<std::int64_t> rows(static_cast<std::size_t>(evaluation_batch));
    std::vector<torch::Tensor> guesses; // fetched once at the end: each copy from a GPU would wait for it
    std::int64_t classes = 0;
    torch::Tensor loss = torch::zeros({}, torch::TensorOptions().dtype(torch::kFloat64).device(device));
    for (std::int64_t begin = 0; begin < count; begin += evaluation_batch) {
        support::check_interrupt();
        for (std::int64_t i = 0; i < evaluation_batch; ++i) {
            rows[static_cast<std::size_t>(i)] = (begin + i) % count;
        }
        const std::int64_t valid = std::min(evaluation_batch, count - begin);
        const Batch batch = make_batch(data, rows, normalisation);
        const torch::Tensor logits =
            network->forward(batch.images.to(device)).slice(0, 0, valid).to(torch::kFloat64);
        const torch::Tensor labels = batch.labels.to(device).slice(0, 0, valid);
        guesses.push_back(logits.argmax(1));
        classes = logits.size(1);
        loss -= torch::log_softmax(logits, 1).gather(1, labels.unsqueeze(1)).sum();
    }
    const torch::Tensor guessed = torch::cat(guesses).cpu();
    const auto correct = (guessed == data.labels).sum().item<std::int64_t>();
    return {static_cast<double>(correct) / static_cast<double>(count),
            loss.item<double>() / static_cast<double>(count),
            confusions == Confusions::counted ? confusion_of(data.labels, guessed, classes)
                                              : ConfusionMatrix()};
}

} // namespace tessera::training
