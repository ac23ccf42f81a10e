// Seeds and a small generator whose sequences are the same on every machine and standard library.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera::support {

/// A seed for one task, derived from the run's seed and the task's name, e.g. derive_seed(1, {"distil", "b2",
/// choice}). Independent of the order in which tasks run.
std::uint64_t derive_seed(std::uint64_t seed, std::initializer_list<std::string_view> path);

/// xoshiro256** (Blackman and Vigna). Cheap to construct; its state can be stored and restored.
class Rng {
public:
    using State = std::array<std::uint64_t, 4>;

    explicit Rng(std::uint64_t seed);
    std::uint64_t next() {
        const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }
    /// Uniform in 0..n-1 without bias; n > 0.
    std::uint64_t below(std::uint64_t n);
    /// Uniform in [0, 1).
    double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    /// Standard normal (polar method would keep a spare value: the inverse pair is discarded so that the
    /// state is enough).
    double normal();
    const State& state() const { return state_; }
    void restore(const State& state) { state_ = state; }

    template <class T>
    void shuffle(std::vector<T>& values) {
        for (std::size_t i = values.size(); i > 1; --i) {
            std::swap(values[i - 1], values[below(i)]);
        }
    }

private:
    State state_;
};

} // namespace tessera::support
