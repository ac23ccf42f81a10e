#include "search_spaces/layers/polynomial_mixer.h"

#include <cmath>

#include <fmt/format.h>

#include "search_spaces/layers/cloneable_block.h"
#include "search_spaces/layers/depthwise.h"

namespace tessera::search_spaces {
namespace {

/// y_t = sum over s <= t of weight[t - s] x_s: a correlation with the weights turned round.
torch::Tensor causal_sum(const torch::Tensor& tokens, const torch::Tensor& weight) {
    const std::int64_t length = weight.size(1), channels = weight.size(0);
    return at::conv1d(tokens.transpose(1, 2), weight.flip(1).unsqueeze(1), {}, 1, length - 1, 1, channels)
        .narrow(2, 0, length)
        .transpose(1, 2);
}

} // namespace

TokenMapImpl::TokenMapImpl(const TokenMap& map_, std::int64_t dim, const TokenGrid& grid_)
    : map(map_), grid(grid_) {
    const std::int64_t length = grid.length(), height = grid.height > 1 ? map.kernel : 1;
    if (map.kind == TokenMap::depthwise) {
        TORCH_CHECK(map.kernel > 0 && map.kernel % 2 == 1, "polynomial mixer: the kernel ", map.kernel,
                    " is not odd");
        weight = register_parameter("weight", torch::randn({dim, 1, height, map.kernel}) /
                                                  std::sqrt(static_cast<double>(height * map.kernel)));
    } else if (map.kind == TokenMap::causal) {
        weight = register_parameter("weight",
                                    torch::randn({dim, length}) / std::sqrt(static_cast<double>(length)));
    } else if (map.kind == TokenMap::full) {
        weight = register_parameter("weight",
                                    torch::randn({length, length}) / std::sqrt(static_cast<double>(length)));
    }
    if (map.bias) {
        bias = register_parameter("bias", torch::zeros({dim}));
    }
}

torch::Tensor TokenMapImpl::forward(const torch::Tensor& tokens) {
    torch::Tensor mixed = tokens;
    switch (map.kind) {
    case TokenMap::identity:
        break;
    case TokenMap::depthwise:
        return search_spaces::depthwise(
            tokens, weight, map.bias ? bias : torch::zeros({weight.size(0)}, weight.options()), grid);
    case TokenMap::causal:
        mixed = causal_sum(tokens, weight);
        break;
    case TokenMap::global_sum:
        mixed = tokens.sum(1, /*keepdim=*/true).expand_as(tokens);
        break;
    case TokenMap::full:
        mixed = torch::matmul(weight, tokens);
        break;
    }
    return map.bias ? mixed + bias : mixed;
}

ChannelMapImpl::ChannelMapImpl(const ChannelMap& map_, std::int64_t dim) : map(map_) {
    if (map.kind == ChannelMap::diagonal) {
        weight = register_parameter("weight", torch::ones({dim}));
    } else if (map.kind == ChannelMap::full) {
        weight = register_parameter("weight", torch::randn({dim, dim}) / std::sqrt(static_cast<double>(dim)));
    }
    if (map.bias) {
        bias = register_parameter("bias", torch::zeros({dim}));
    }
}

torch::Tensor ChannelMapImpl::forward(const torch::Tensor& tokens) {
    torch::Tensor mixed = tokens;
    if (map.kind == ChannelMap::diagonal) {
        mixed = tokens * weight;
    } else if (map.kind == ChannelMap::full) {
        mixed = at::linear(tokens, weight);
    }
    return map.bias ? mixed + bias : mixed;
}

PolynomialMixerOptions PolynomialMixerOptions::vision(std::int64_t dim, TokenGrid grid, std::int64_t degree,
                                                      std::int64_t kernel) {
    const auto maps = static_cast<std::size_t>(degree);
    const TokenMap tokens{TokenMap::depthwise, kernel, true};
    const ChannelMap channels{ChannelMap::full, true};
    return PolynomialMixerOptions(dim, grid)
        .a(std::vector(maps, tokens))
        .b(std::vector(maps, channels))
        .c(std::vector(maps - 1, tokens))
        .d(std::vector(maps - 1, channels));
}

PolynomialMixerImpl::PolynomialMixerImpl(const PolynomialMixerOptions& options_) : options(options_) {
    const std::size_t degree = options.a().size();
    TORCH_CHECK(degree > 0 && options.b().size() == degree && options.c().size() == degree - 1 &&
                    options.d().size() == degree - 1,
                "polynomial mixer: ", degree, " a, ", options.b().size(), " b, ", options.c().size(),
                " c and ", options.d().size(), " d: a degree n takes n, n, n - 1 and n - 1");
    const std::int64_t dim = options.dim();
    const TokenGrid grid = options.grid();
    const auto tokens = [&](const std::string& name, const TokenMap& map) {
        return register_module(name, std::make_shared<TokenMapImpl>(map, dim, grid));
    };
    const auto channels = [&](const std::string& name, const ChannelMap& map) {
        return register_module(name, std::make_shared<ChannelMapImpl>(map, dim));
    };
    for (std::size_t i = 0; i < degree; ++i) {
        a.push_back(tokens(fmt::format("a{}", i + 1), options.a()[i]));
        b.push_back(channels(fmt::format("b{}", i + 1), options.b()[i]));
        if (i + 1 < degree) {
            c.push_back(tokens(fmt::format("c{}", i + 1), options.c()[i]));
            d.push_back(channels(fmt::format("d{}", i + 1), options.d()[i]));
        }
        if (options.coefficients()) {
            coefficients.push_back(
                register_parameter(fmt::format("coefficient{}", i + 1), torch::ones({grid.length(), dim})));
        }
    }
    if (options.coefficients()) {
        bias = register_parameter("bias", torch::zeros({dim}));
    }
    u = tokens("u", options.u());
    v = channels("v", options.v());
}

std::shared_ptr<torch::nn::Module>
PolynomialMixerImpl::clone(const std::optional<torch::Device>& device) const {
    auto copy = std::make_shared<PolynomialMixerImpl>(options);
    copy_state(*this, *copy, device);
    return copy;
}

void PolynomialMixerImpl::initialise_own(at::Generator /*generator*/) {
    for (torch::Tensor& coefficient : coefficients) {
        coefficient.fill_(1);
    }
    if (bias.defined()) {
        bias.zero_();
    }
}

torch::Tensor PolynomialMixerImpl::forward(const torch::Tensor& tokens) {
    const auto y = [&](std::size_t i) { return a[i]->forward(b[i]->forward(tokens)); };
    torch::Tensor z = y(0);
    torch::Tensor p = options.coefficients() ? coefficients[0] * z + bias : z;
    for (std::size_t i = 0; i < c.size(); ++i) {
        z = c[i]->forward(d[i]->forward(z)) * y(i + 1);
        p = options.coefficients() ? p + coefficients[i + 1] * z : z;
    }
    return u->forward(v->forward(p));
}

} // namespace tessera::search_spaces
