// Between maps, which blocks pass on, and tokens, which transformer layers work on.
#pragma once

#include <torch/torch.h>

#include "search_spaces/costs.h"
#include "search_spaces/layers/token_mixer.h"

namespace tessera::search_spaces {

inline TokenGrid grid_of(const Shape& shape) { return {shape.height, shape.width, shape.prefix}; }

/// B x C x H x W -> B x HW x C; a view where the map is channels-last.
torch::Tensor to_tokens(const torch::Tensor& map);
/// B x L x C -> B x C x height x width, or B x C x L x 1 where there are tokens outside the grid; a
/// channels-last view where the tokens are contiguous. Leaves the batch free in a trace.
torch::Tensor to_map(const torch::Tensor& tokens, const TokenGrid& grid);

/// LayerNorm over channels with the epsilon that vision transformers are published with (1e-6).
torch::nn::LayerNorm token_norm(std::int64_t channels);

} // namespace tessera::search_spaces
