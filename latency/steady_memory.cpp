#include "latency/steady_memory.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tessera::latency {

SteadyMemory::SteadyMemory() {
#ifdef __GLIBC__
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

SteadyMemory::~SteadyMemory() {
#ifdef __GLIBC__
    // Setting any of these ends glibc's own adaptation for good: what follows are the values at which it
    // would have arrived.
    mallopt(M_MMAP_MAX, 65536);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    malloc_trim(0);
#endif
}

} // namespace tessera::latency
