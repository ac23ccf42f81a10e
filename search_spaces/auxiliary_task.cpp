#include "search_spaces/auxiliary_task.h"

namespace tessera::search_spaces {
namespace {

template <class Visit>
void for_each_task(torch::nn::Module& module, Visit visit) {
    if (auto* own = dynamic_cast<AuxiliaryTask*>(&module)) {
        visit(*own);
    }
    for (const auto& child : module.modules(/*include_self=*/false)) {
        if (auto* task = dynamic_cast<AuxiliaryTask*>(child.get())) {
            visit(*task);
        }
    }
}

} // namespace

void set_progress(torch::nn::Module& module, double progress) {
    for_each_task(module, [&](AuxiliaryTask& task) { task.set_progress(progress); });
}

torch::Tensor auxiliary_loss(torch::nn::Module& module) {
    torch::Tensor sum;
    for_each_task(module, [&](AuxiliaryTask& task) {
        const torch::Tensor loss = task.take_loss();
        if (loss.defined()) {
            sum = sum.defined() ? sum + loss : loss;
        }
    });
    return sum;
}

} // namespace tessera::search_spaces
