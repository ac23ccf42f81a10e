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
    const Task& task = task_of(data);
    const auto tally = task.tally(confusions);
    for (std::int64_t begin = 0; begin < count; begin += evaluation_batch) {
        support::check_interrupt();
        for (std::int64_t i = 0; i < evaluation_batch; ++i) {
            rows[static_cast<std::size_t>(i)] = (begin + i) % count;
        }
        const std::int64_t valid = std::min(evaluation_batch, count - begin);
        const Batch batch = make_batch(data, rows, normalisation);
        const torch::Tensor outputs =
            network->forward(batch.images.to(device)).slice(0, 0, valid).to(torch::kFloat64);
        tally->add(outputs, task.truth(batch).to(device).slice(0, 0, valid));
    }
    return tally->result();
}

} // namespace tessera::training
