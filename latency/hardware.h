// What this machine's processors call themselves. Torch-free.
#pragma once

#include <string>

namespace tessera::latency {

/// The processor's model, e.g. "AMD EPYC 7B13"; its architecture ("aarch64") where the system does not tell.
std::string cpu_name();

/// The model of the GPU with this index among the visible ones, e.g. "NVIDIA H200"; "unknown GPU" where the
/// driver does not tell.
std::string gpu_name(int index);

} // namespace tessera::latency
