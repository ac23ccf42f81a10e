#include "training/layout.h"

#include <ATen/autocast_mode.h>

namespace tessera::training {

void to_channels_last(torch::nn::Module& module) {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor& parameter : module.parameters()) {
        if (parameter.dim() == 4) {
            parameter.set_data(parameter.data().contiguous(torch::MemoryFormat::ChannelsLast));
        }
    }
}

Autocast::Autocast(bool on) : on_(on) {
    if (!on_) {
        return;
    }
    at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCUDA, true);
    at::autocast::increment_nesting();
}

Autocast::~Autocast() {
    if (!on_) {
        return;
    }
    if (at::autocast::decrement_nesting() == 0) {
        at::autocast::clear_cache();
    }
    at::autocast::set_autocast_enabled(at::kCUDA, false);
}

} // namespace tessera::training
