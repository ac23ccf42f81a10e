// What `tessera --version` prints.
#pragma once

#include <string>

namespace tessera::cli {

/// Tessera's version and commit, LibTorch's version, and CUDA's where LibTorch was built with it; a line
/// each.
std::string version_text();

} // namespace tessera::cli
