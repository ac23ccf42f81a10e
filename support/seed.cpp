#include "support/seed.h"

#include <array>
#include <cmath>

#include "support/hash.h"

namespace tessera::support {

std::uint64_t derive_seed(std::uint64_t seed, std::initializer_list<std::string_view> path) {
    std::array<char, 8> bytes{};
    for (char& byte : bytes) {
        byte = static_cast<char>(seed & 0xFF);
        seed >>= 8;
    }
    Hasher hasher;
    hasher.add({bytes.data(), bytes.size()});
    for (const std::string_view part : path) {
        hasher.add(part);
    }
    return hasher.value();
}

Rng::Rng(std::uint64_t seed) : state_{} {
    for (std::uint64_t& word : state_) { // splitmix64: never leaves all four words zero
        seed += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        word = z ^ (z >> 31);
    }
}

std::uint64_t Rng::below(std::uint64_t n) {
    const std::uint64_t uneven =
        (0 - n) % n; // 2^64 mod n: that many values would make the first residues likelier
    std::uint64_t value = next();
    while (value < uneven) {
        value = next();
    }
    return value % n;
}

double Rng::normal() {
    while (true) {
        const double x = 2.0 * uniform() - 1.0;
        const double y = 2.0 * uniform() - 1.0;
        const double square = x * x + y * y;
        if (square > 0.0 && square < 1.0) {
            return x * std::sqrt(-2.0 * std::log(square) / square);
        }
    }
}

} // namespace tessera::support
