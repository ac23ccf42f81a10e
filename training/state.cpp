#include "training/state.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "support/error.h"

namespace tessera::training {
namespace {

std::string describe(const torch::Tensor& tensor) {
    return fmt::format("{} [{}]", c10::toString(tensor.scalar_type()), fmt::join(tensor.sizes(), " x "));
}

} // namespace

TensorMap tensors_of(const torch::nn::Module& module) {
    TensorMap result;
    for (const auto& item : module.named_parameters()) {
        if (item.value().defined()) { // BatchNorm without statistics has nothing to store
            result.emplace(item.key(), item.value());
        }
    }
    for (const auto& item : module.named_buffers()) {
        if (item.value().defined()) {
            result.emplace(item.key(), item.value());
        }
    }
    return result;
}

TensorMap state_of(const torch::nn::Module& module) {
    TensorMap result;
    for (const auto& [name, tensor] : tensors_of(module)) {
        result.emplace(name, tensor.detach().to(torch::kCPU, tensor.scalar_type(), false, /*copy=*/true,
                                                torch::MemoryFormat::Contiguous));
    }
    return result;
}

void copy_state(const TensorMap& target, const TensorMap& state, const std::string& source,
                const std::string& owner) {
    std::vector<std::string> missing, unexpected, different;
    std::string first_difference;
    for (const auto& [name, tensor] : target) {
        const auto found = state.find(name);
        if (found == state.end()) {
            missing.push_back(name);
        } else if (found->second.sizes() != tensor.sizes() ||
                   found->second.scalar_type() != tensor.scalar_type()) {
            if (different.empty()) {
                first_difference = fmt::format("{}, expected {}", describe(found->second), describe(tensor));
            }
            different.push_back(name);
        }
    }
    for (const auto& [name, tensor] : state) {
        if (!target.contains(name)) {
            unexpected.push_back(name);
        }
    }
    std::vector<std::string> parts;
    if (!missing.empty()) {
        parts.push_back(fmt::format("{} missing (first: '{}')", missing.size(), missing.front()));
    }
    if (!unexpected.empty()) {
        parts.push_back(fmt::format("{} unexpected (first: '{}')", unexpected.size(), unexpected.front()));
    }
    if (!different.empty()) {
        parts.push_back(fmt::format("{} of another shape or type (first: '{}' is {})", different.size(),
                                    different.front(), first_difference));
    }
    if (!parts.empty()) {
        throw support::RunError(
            fmt::format("{}: its tensors do not fit {}: {}", source, owner, fmt::join(parts, ", ")));
    }
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensor] : target) {
        torch::Tensor(tensor).copy_(state.at(name));
    }
}

void load_state(torch::nn::Module& module, const TensorMap& state, const std::string& source) {
    copy_state(tensors_of(module), state, source, "the network");
}

TensorMap with_prefix_removed(const TensorMap& tensors, const std::string& prefix) {
    TensorMap result;
    for (auto at = tensors.lower_bound(prefix); at != tensors.end() && at->first.starts_with(prefix); ++at) {
        result.emplace(at->first.substr(prefix.size()), at->second);
    }
    return result;
}

void add_with_prefix(TensorMap& into, const TensorMap& tensors, const std::string& prefix) {
    for (const auto& [name, tensor] : tensors) {
        into.insert_or_assign(prefix + name, tensor);
    }
}

bool all_finite(const TensorMap& tensors) {
    const torch::NoGradGuard no_grad;
    for (const auto& [name, tensor] : tensors) {
        if (tensor.is_floating_point() && !torch::isfinite(tensor).all().item<bool>()) {
            return false;
        }
    }
    return true;
}

} // namespace tessera::training
