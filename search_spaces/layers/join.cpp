#include "search_spaces/layers/join.h"

namespace tessera::search_spaces {

void JoinImpl::reset() {
    scales =
        register_parameter("scales", torch::full({static_cast<std::int64_t>(options.pools().size())}, 0.5));
}

void JoinImpl::initialise_own(at::Generator generator) {
    scales.copy_(torch::empty(scales.sizes()).normal_(0.5, 0.01, std::move(generator)));
}

torch::Tensor JoinImpl::forward(const torch::Tensor& x, const std::vector<torch::Tensor>& skipped) {
    std::vector<torch::Tensor> maps{x};
    for (std::size_t i = 0; i < skipped.size(); ++i) {
        const std::int64_t pool = options.pools()[i];
        const torch::Tensor sized = pool == 1 ? skipped[i]
                                              : at::max_pool2d(skipped[i], {pool, pool}, {pool, pool}, {0, 0},
                                                               {1, 1}, /*ceil_mode=*/true);
        maps.push_back(sized * scales[static_cast<std::int64_t>(i)]);
    }
    return torch::cat(maps, 1);
}

} // namespace tessera::search_spaces
