// Latencies per (block, choice) on one device, with the context they were measured in. Torch-free.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tessera::latency {

/// Order statistics of repeated timings, in milliseconds.
struct Timing {
    std::int64_t count = 0; ///< 0: not measured
    double mean_ms = 0, variance_ms2 = 0, p10_ms = 0, p50_ms = 0, p90_ms = 0;
    /// Of at least one sample; quantiles by linear interpolation.
    static Timing of(std::vector<double> samples_ms);
    /// The same work without something constant that was timed with it. What would not be positive is
    /// Timing::least_ms.
    Timing without(double ms) const;
    /// The clock's resolution: a network's latency is a sum of positive numbers, also where a block does
    /// nothing.
    static constexpr double least_ms = 1e-6;
};

/// What a number means nothing without.
struct LatencyContext {
    std::string device;   ///< name used in objectives: latency_<device>_ms
    std::string hardware; ///< e.g. "AMD EPYC 7B13", "NVIDIA H200"
    std::int64_t threads = 1, batch = 1;
    std::string dtype = "float32", layout = "channels_last", form = "TorchScript, frozen, BatchNorm folded";
    std::string libtorch;
    std::vector<std::int64_t> input; ///< C, H, W
    bool operator==(const LatencyContext&) const = default;
};

/// A whole network measured beside its prediction.
struct WholeNetwork {
    std::string architecture;
    double predicted_ms = 0, measured_ms = 0;
};

class LatencyTable {
public:
    LatencyContext context;
    Timing stem, head;
    /// network = offset + scale * (stem + blocks + head); 0 and 1 unless fitted on whole networks.
    double offset_ms = 0, scale = 1;
    std::vector<WholeNetwork> additivity; ///< predicted by the plain sum

    void add(const std::string& block, const std::string& choice, const Timing& timing);
    const Timing* find(const std::string& block, const std::string& choice) const;
    const std::map<std::pair<std::string, std::string>, Timing>& rows() const { return rows_; }

    /// Stem + blocks + head from medians, corrected. One (block, choice) text per block. Throws RunError
    /// naming the first missing row.
    double network_ms(const std::vector<std::pair<std::string, std::string>>& blocks) const;
    /// Mean of |predicted / measured - 1| over the whole networks, of the plain sum and of the correction
    /// left-one-out; 0 where none.
    double additivity_error() const;
    double corrected_error() const;
    /// Sets offset and scale by least squares on the relative error, where it helps (left-one-out), else
    /// leaves 0 and 1.
    void fit_correction();

    /// YAML with a schema version; rows sorted. load() checks everything (finite, positive, ordered
    /// quantiles, no duplicate rows) and throws RunError "file:line: ...".
    std::string yaml() const;
    static LatencyTable load(const std::filesystem::path& file);

private:
    std::map<std::pair<std::string, std::string>, Timing> rows_;
};

} // namespace tessera::latency
