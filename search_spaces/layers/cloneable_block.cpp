#include "search_spaces/layers/cloneable_block.h"

#include "search_spaces/layers/dropout.h"

namespace tessera::search_spaces {
namespace {

void copy_tensors(const torch::OrderedDict<std::string, torch::Tensor>& from,
                  torch::OrderedDict<std::string, torch::Tensor> to,
                  const std::optional<torch::Device>& device) {
    TORCH_CHECK(from.size() == to.size(), "a clone has other tensors than its original");
    for (const auto& item : from) {
        torch::Tensor& target = to[item.key()];
        const torch::Tensor source = item.value().detach();
        target.set_data(device && source.device() != *device ? source.to(*device) : source.clone());
        target.set_requires_grad(item.value().requires_grad());
    }
}

} // namespace

void copy_state(const torch::nn::Module& from, torch::nn::Module& to,
                const std::optional<torch::Device>& device) {
    const torch::NoGradGuard no_grad;
    copy_tensors(from.named_parameters(), to.named_parameters(), device);
    copy_tensors(from.named_buffers(), to.named_buffers(), device);
    const auto sources = from.modules(/*include_self=*/false);
    const auto targets = to.modules(/*include_self=*/false);
    TORCH_CHECK(sources.size() == targets.size(), "a clone has other submodules than its original");
    to.train(from.is_training()); // recursive, so the submodules' own flags come after it
    for (std::size_t i = 0; i < sources.size(); ++i) {
        targets[i]->train(sources[i]->is_training());
        const auto* original = sources[i]->as<SeededDropoutImpl>();
        if (original != nullptr) {
            auto* const copy = targets[i]->as<SeededDropoutImpl>();
            copy->seed = original->seed;
            copy->masks = original->masks;
        }
    }
}

} // namespace tessera::search_spaces
