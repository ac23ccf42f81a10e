#include "cli/version.h"

#include <fmt/format.h>
#include <torch/version.h>

#include "support/version.h"
#include "training/device.h"

namespace tessera::cli {

std::string version_text() {
    const std::string cuda = training::cuda_version();
    return fmt::format("tessera {} (commit {})\nLibTorch {}\nCUDA {}\n", tessera::version(),
                       tessera::commit(), TORCH_VERSION, cuda.empty() ? "none" : cuda);
}

} // namespace tessera::cli
