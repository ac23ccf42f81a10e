#include "search_spaces/layers/padre.h"

#include <fmt/format.h>

#include "search_spaces/layers/cloneable_block.h"

namespace tessera::search_spaces {

PadreImpl::PadreImpl(const PadreOptions& options_) : options(options_) {
    const std::int64_t dim = options.dim(), degree = options.degree(), kernel = options.kernel();
    TORCH_CHECK(degree >= 1 && degree <= 3, "padre: the degree is ", degree, ", not 1 to 3");
    TORCH_CHECK(kernel >= 3 && kernel <= 11 && kernel % 2 == 1, "padre: the kernel is ", kernel,
                ", not odd from 3 to 11");
    channel_mix = register_module("channel_mix", torch::nn::Linear(dim, degree * dim));
    token_mix = register_module(
        "token_mix",
        Depthwise(
            DepthwiseOptions(degree * dim, kernel, options.grid()).gates((degree - 1) * dim).gate_gain(0.5)));
    for (std::int64_t i = 1; i < degree; ++i) {
        chain_channel_mix.push_back(
            register_module(fmt::format("chain_channel_mix{}", i), torch::nn::Linear(dim, dim)));
        chain_token_mix.push_back(register_module(fmt::format("chain_token_mix{}", i),
                                                  Depthwise(DepthwiseOptions(dim, kernel, options.grid()))));
    }
}

std::shared_ptr<torch::nn::Module> PadreImpl::clone(const std::optional<torch::Device>& device) const {
    auto copy = std::make_shared<PadreImpl>(options);
    copy_state(*this, *copy, device);
    return copy;
}

torch::Tensor PadreImpl::forward(const torch::Tensor& tokens) {
    const auto y = token_mix->forward(tokens, *channel_mix).chunk(options.degree(), 2);
    torch::Tensor z = y[0];
    for (std::size_t i = 0; i < chain_token_mix.size(); ++i) {
        z = chain_token_mix[i]->forward(z, *chain_channel_mix[i], y[i + 1]);
    }
    return z;
}

void count_padre(CostMeter& meter, std::int64_t degree, std::int64_t kernel) {
    const Shape tokens = meter.shape();
    const std::int64_t window = tokens.height > 1 ? kernel * kernel : kernel;
    meter.dense(degree * tokens.channels, true);
    meter.depthwise(window);                                       // into a new tensor
    const std::int64_t factors = (degree - 1) * tokens.elements(); // Y_2 .. wait while Z_1 .. flows
    meter.become(tokens);
    meter.hold(factors);
    for (std::int64_t i = 1; i < degree; ++i) {
        meter.dense(tokens.channels, true);
        meter.depthwise(window); // and multiplied in place
    }
    meter.release(factors);
}

} // namespace tessera::search_spaces
