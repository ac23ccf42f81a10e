#include "search_spaces/layers/dropout.h"

#include <ATen/CPUGeneratorImpl.h>

namespace tessera::search_spaces {

SeededDropoutImpl::SeededDropoutImpl(const SeededDropoutOptions& options_) : options(options_) { reset(); }

void SeededDropoutImpl::reset() {
    generator = generator.defined() ? generator.clone() : at::make_generator<at::CPUGeneratorImpl>(0);
}

void SeededDropoutImpl::reseed(std::uint64_t seed) {
    generator = at::make_generator<at::CPUGeneratorImpl>(seed);
}

torch::Tensor SeededDropoutImpl::forward(const torch::Tensor& x) {
    if (!is_training() || options.p() == 0) {
        return x;
    }
    const double keep = 1 - options.p();
    const torch::Tensor mask =
        torch::empty(x.sizes(), torch::TensorOptions().dtype(x.dtype())).bernoulli_(keep, generator);
    return x * mask.div_(keep).to(x.device());
}

} // namespace tessera::search_spaces
