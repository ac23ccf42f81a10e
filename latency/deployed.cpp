#include "latency/deployed.h"

#include <sstream>

#include <ATen/CPUGeneratorImpl.h>

#include "search_spaces/torchscript.h"
#include "training/layout.h"

namespace tessera::latency {

torch::Tensor noise(const search_spaces::Shape& shape, std::int64_t batch, torch::Device device,
                    std::uint64_t seed) {
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    return torch::randn(shape.sizes(batch), generator).to(device).contiguous(at::MemoryFormat::ChannelsLast);
}

Deployed::Deployed(search_spaces::BlockImpl& block, const torch::Tensor& example, std::uint64_t seed) {
    search_spaces::initialise(block, seed);
    block.to(example.device());
    training::to_channels_last(block);
    module_ = search_spaces::deploy(
        block, [&](const torch::Tensor& x) { return block.forward(x); }, example);
}

Deployed::Deployed(const search_spaces::Network& network, const torch::Tensor& example) {
    const auto copy = std::dynamic_pointer_cast<search_spaces::NetworkImpl>(network->clone(example.device()));
    training::to_channels_last(*copy);
    module_ = search_spaces::deploy(
        *copy, [&](const torch::Tensor& x) { return copy->forward(x); }, example);
}

std::string Deployed::archive() const {
    std::ostringstream stream;
    module_.save(stream);
    return stream.str();
}

} // namespace tessera::latency
