#include "search_spaces/layers/dense.h"

#include <cmath>

namespace tessera::search_spaces {

void DenseImpl::initialise_own(at::Generator generator) {
    const double deviation = gain_ / std::sqrt(static_cast<double>(options.in_features()));
    weight.copy_(torch::empty(weight.sizes()).normal_(0, deviation, generator));
    bias.zero_();
}

} // namespace tessera::search_spaces
