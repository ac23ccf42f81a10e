// Modules in the form in which they are timed.
#pragma once

#include <cstdint>
#include <string>

#include <torch/script.h>
#include <torch/torch.h>

#include "search_spaces/block_module.h"

namespace tessera::latency {

/// A map of seeded noise in channels-last: `batch` x C x H x W on `device`.
torch::Tensor noise(const search_spaces::Shape& shape, std::int64_t batch, torch::Device device,
                    std::uint64_t seed);

/// One module as TorchScript on a device, ready to be called.
class Deployed {
public:
    Deployed() = default;
    /// Fills the block's weights with seeded noise, moves it to the device and deploys it for maps like
    /// `example`.
    Deployed(search_spaces::BlockImpl& block, const torch::Tensor& example, std::uint64_t seed);
    /// Deploys a copy of the network with its own weights.
    Deployed(const search_spaces::Network& network, const torch::Tensor& example);

    /// As a TorchScript archive; the same bytes for the same module.
    std::string archive() const;
    torch::Tensor operator()(const torch::Tensor& x) { return module_.forward({x}).toTensor(); }

private:
    torch::jit::Module module_;
};

/// Calls before timings count: TorchScript profiles the first, optimises in the second, and oneDNN builds its
/// kernels in both.
inline constexpr int settling_calls = 3;

} // namespace tessera::latency
