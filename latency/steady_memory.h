// Keeps the C library from returning memory to the system while timings are taken. Torch-free.
#pragma once

namespace tessera::latency {

/// While it lives, freed memory stays with the process. By default glibc gives large blocks back at every
/// free and takes a page fault per 4 KiB when they are needed again: measured here, 40 faults a call, which
/// made whole networks of 1 ms 15 % slower than the sum of their blocks, depending on where in the heap their
/// maps happened to lie. Runtimes that serve networks keep their memory (an arena, jemalloc), so this is also
/// closer to deployment. Afterwards glibc gives back only blocks of 32 MiB and more.
class SteadyMemory {
public:
    SteadyMemory();
    ~SteadyMemory();
    SteadyMemory(const SteadyMemory&) = delete;
    SteadyMemory& operator=(const SteadyMemory&) = delete;
};

} // namespace tessera::latency
