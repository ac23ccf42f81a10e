// The fixed part of a file of decoded images (training/datasets/decoded_cache.h).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

namespace tessera::training {

static_assert(std::endian::native == std::endian::little, "the cache is written as it lies in memory");

struct DecodedHeader {
    char magic[8] = {'T', 'E', 'S', 'I', 'M', 'G', '0', '2'};
    char key[16] = {};
    std::int64_t listed = 0;
    std::int64_t shape[4] = {}; ///< count, channels, height, width
    std::uint64_t text_bytes = 0;
    std::uint64_t checksum = 0;

    bool known() const { return std::memcmp(magic, DecodedHeader{}.magic, sizeof magic) == 0; }
    /// Of the whole file; nothing where no file could be as large.
    std::optional<std::uint64_t> file_size() const {
        constexpr std::uint64_t limit = std::uint64_t{1} << 62;
        std::uint64_t pixels = 1;
        for (const std::int64_t factor : shape) {
            if (factor < 0 || (factor > 0 && pixels > limit / static_cast<std::uint64_t>(factor))) {
                return std::nullopt;
            }
            pixels *= static_cast<std::uint64_t>(factor);
        }
        const auto count = static_cast<std::uint64_t>(shape[0]);
        if (count > limit / 16 || text_bytes > limit / 4 || pixels > limit / 4) {
            return std::nullopt;
        }
        return sizeof(DecodedHeader) + 8 * count + pixels + text_bytes;
    }
};
static_assert(sizeof(DecodedHeader) == 80);

} // namespace tessera::training
