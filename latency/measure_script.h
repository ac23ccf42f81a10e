// The program that times emitted probes on another machine. Torch-free.
#pragma once

#include <string_view>

namespace tessera::latency {

/// measure.py: Python 3.6 or later and PyTorch, nothing else.
std::string_view measure_script();

} // namespace tessera::latency
