// How a module with unusual parameters takes part in initialise().
#pragma once

#include <ATen/core/Generator.h>

namespace tessera::search_spaces {

/// A module whose own parameters want other first values than initialise() would give them.
struct SelfInitialising {
    virtual ~SelfInitialising() = default;
    /// Refills the parameters registered by this module itself (not its submodules') on the CPU.
    virtual void initialise_own(at::Generator generator) = 0;
};

} // namespace tessera::search_spaces
