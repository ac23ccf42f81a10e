#include "search_spaces/layers/positions.h"

#include <cmath>

namespace tessera::search_spaces {

PositionsImpl::PositionsImpl(const PositionsOptions& options_) : options(options_) { reset(); }

void PositionsImpl::reset() {
    const TokenGrid& grid = options.grid();
    if (grid.prefix > 0) {
        class_tokens = register_parameter("class_tokens", torch::zeros({1, grid.prefix, options.channels()}));
    }
    if (options.kind() == "learned") {
        positions = register_parameter("positions", torch::zeros({1, grid.length(), options.channels()}));
    } else if (options.kind() == "sinusoidal") {
        positions =
            register_buffer("positions", torch::cat({torch::zeros({1, grid.prefix, options.channels()}),
                                                     sinusoids(grid.height, grid.width, options.channels())},
                                                    1));
    }
}

void PositionsImpl::initialise_own(at::Generator generator) {
    constexpr double deviation = 0.02;
    const auto refill = [&](torch::Tensor& tensor) {
        tensor.copy_(torch::empty(tensor.sizes()).normal_(0, deviation, generator));
    };
    if (class_tokens.defined()) {
        refill(class_tokens);
    }
    if (options.kind() == "learned") {
        refill(positions);
    }
}

torch::Tensor PositionsImpl::forward(const torch::Tensor& tokens) {
    torch::Tensor result = tokens;
    if (class_tokens.defined()) {
        // As another tensor, not to a size, which a trace would bake in.
        const torch::Tensor batch = class_tokens.expand_as(tokens.slice(1, 0, options.grid().prefix));
        result = torch::cat({batch, tokens}, 1);
    }
    return positions.defined() ? result + positions : result;
}

torch::Tensor sinusoids(std::int64_t height, std::int64_t width, std::int64_t channels) {
    const std::int64_t quarter = channels / 4;
    torch::Tensor table = torch::empty({1, height * width, channels});
    auto values = table.accessor<float, 3>();
    for (std::int64_t y = 0; y < height; ++y) {
        for (std::int64_t x = 0; x < width; ++x) {
            auto row = values[0][y * width + x];
            for (std::int64_t i = 0; i < quarter; ++i) {
                const double frequency =
                    std::pow(10000, -static_cast<double>(i) / static_cast<double>(quarter));
                row[i] = static_cast<float>(std::sin(static_cast<double>(y) * frequency));
                row[quarter + i] = static_cast<float>(std::cos(static_cast<double>(y) * frequency));
                row[2 * quarter + i] = static_cast<float>(std::sin(static_cast<double>(x) * frequency));
                row[3 * quarter + i] = static_cast<float>(std::cos(static_cast<double>(x) * frequency));
            }
        }
    }
    return table;
}

} // namespace tessera::search_spaces
