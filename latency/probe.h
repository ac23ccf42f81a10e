// Measures a space on a device of this machine, in the form that gets deployed.
#pragma once

#include <cstdint>

#include <torch/torch.h>

#include "latency/latency_table.h"
#include "search_spaces/block_module.h"
#include "support/config.h"

namespace tessera::latency {

struct ProbeOptions {
    std::int64_t batch = 1;
    std::int64_t threads = 0;   ///< intra-op threads; 0: the run's budget
    std::int64_t rounds = 30;   ///< passes over all probes, each in another order
    std::int64_t calls = 3;     ///< timed calls per probe and round, after one untimed
    std::int64_t networks = 12; ///< whole networks measured in the same session to check additivity
    /// Intra-op threads where a run may use `budget`.
    int threads_of(int budget) const { return threads > 0 ? static_cast<int>(threads) : budget; }
    /// Declares batch, threads, rounds, calls, networks in the given section.
    void read(support::Section& section);
};

/// Times stem, head and every distinct (choice, site) of the space, interleaved, and `networks` whole
/// networks among them (the reference, then random ones). Weights are seeded noise: time does not depend on
/// them. On CUDA the device is synchronised around each call. The correction of the result is fitted
/// (LatencyTable::fit_correction). Calls check_interrupt() between probes.
LatencyTable measure(const search_spaces::SearchSpace& space, torch::Device device,
                     const ProbeOptions& options, int threads, std::uint64_t seed);

/// Times one whole network in deployed form, in the context of `table` (batch, threads).
Timing time_network(search_spaces::Network& network, const search_spaces::SearchSpace& space,
                    torch::Device device, const ProbeOptions& options, int threads);

/// "cpu" or "cuda": the name under which a device's latency appears in objectives and files.
std::string device_name(torch::Device device);

} // namespace tessera::latency
