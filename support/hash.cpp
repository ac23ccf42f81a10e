#include "support/hash.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::support {
namespace {

std::uint64_t fnv1a(std::uint64_t state, std::string_view bytes) {
    for (const char c : bytes) {
        state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    return state;
}

/// Eight bytes, the lowest first on every machine.
std::uint64_t fnv1a_count(std::uint64_t state, std::uint64_t count) {
    for (int i = 0; i < 8; ++i, count >>= 8) {
        state = (state ^ (count & 0xFF)) * 0x100000001b3ULL;
    }
    return state;
}

/// MurmurHash3's finaliser: FNV-1a alone leaves the high bits of short texts alike.
std::uint64_t avalanche(std::uint64_t x) {
    x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdULL;
    x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33);
}

} // namespace

Hasher& Hasher::add(std::string_view bytes) {
    state_ = fnv1a_count(fnv1a(state_, bytes), bytes.size());
    return *this;
}

std::uint64_t Hasher::value() const { return avalanche(state_); }

std::string Hasher::hex() const { return fmt::format("{:016x}", value()); }

std::string content_hash(std::string_view bytes) { return Hasher().add(bytes).hex(); }

std::string file_hash(const std::filesystem::path& file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"),
                                                                 &std::fclose);
    const auto refuse = [&] {
        throw RunError(fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
    };
    if (!stream) {
        refuse();
    }
    std::uint64_t state = 0xcbf29ce484222325ULL, count = 0;
    std::vector<char> buffer(1U << 20);
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), stream.get())) {
        state = fnv1a(state, {buffer.data(), got});
        count += got;
    }
    if (std::ferror(stream.get()) != 0) {
        refuse();
    }
    return fmt::format("{:016x}", avalanche(fnv1a_count(state, count)));
}

} // namespace tessera::support
