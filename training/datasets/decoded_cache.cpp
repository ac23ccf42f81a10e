#include "training/datasets/decoded_cache.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <string_view>

#include "support/error.h"
#include "support/files.h"
#include "support/hash.h"
#include "support/log.h"

namespace tessera::training {
namespace {

static_assert(std::endian::native == std::endian::little, "the cache is written as it lies in memory");

struct Header {
    char magic[8] = {'T', 'E', 'S', 'I', 'M', 'G', '0', '1'};
    char key[16] = {};
    std::int64_t shape[4] = {}; ///< count, channels, height, width
    std::uint64_t checksum = 0;
};
static_assert(sizeof(Header) == 64);

std::string_view label_bytes(const Dataset& data) {
    return {static_cast<const char*>(data.labels.data_ptr()), data.labels.nbytes()};
}

std::string_view pixel_bytes(const Dataset& data) {
    return {static_cast<const char*>(data.images.data_ptr()), data.images.nbytes()};
}

std::uint64_t checksum(const Dataset& data) {
    return support::Hasher().add(label_bytes(data)).add(pixel_bytes(data)).value();
}

/// The reason why the content cannot be used, or an empty text.
std::string read_content(std::ifstream& stream, std::uintmax_t size, const std::string& key,
                         const std::array<std::int64_t, 4>& shape, std::int64_t classes, Dataset& data) {
    Header header;
    const Header expected;
    if (!stream.read(reinterpret_cast<char*>(&header), sizeof header)) {
        return "too short";
    }
    if (std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0) {
        return "not a cache of decoded images";
    }
    if (std::string_view(header.key, sizeof header.key) != key) {
        return "made from other images";
    }
    if (!std::equal(shape.begin(), shape.end(), header.shape)) {
        return "it holds images of another number or size";
    }
    const auto& [count, channels, height, width] = shape;
    const auto pixels = count * channels * height * width;
    if (size != sizeof header + static_cast<std::uint64_t>(8 * count + pixels)) {
        return "its size is not its header's";
    }
    data = {torch::empty({count, channels, height, width}, torch::kUInt8),
            torch::empty({count}, torch::kInt64)};
    stream.read(static_cast<char*>(data.labels.data_ptr()), 8 * count);
    stream.read(static_cast<char*>(data.images.data_ptr()), pixels);
    if (!stream || checksum(data) != header.checksum) {
        return "its content is damaged";
    }
    const auto* labels = data.labels.data_ptr<std::int64_t>();
    const bool known = std::all_of(labels, labels + count,
                                   [&](std::int64_t label) { return label >= 0 && label < classes; });
    return known ? "" : "a label is out of range";
}

} // namespace

std::optional<Dataset> read_decoded(const std::filesystem::path& file, const std::string& key,
                                    const std::array<std::int64_t, 4>& shape, std::int64_t classes) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (error) {
        return std::nullopt;
    }
    std::ifstream stream(file, std::ios::binary);
    Dataset data;
    const auto reason = read_content(stream, size, key, shape, classes, data);
    if (reason.empty()) {
        return data;
    }
    support::warn("{}: {}; decoding the images again", file.string(), reason);
    return std::nullopt;
}

void write_decoded(const std::filesystem::path& file, const std::string& key, const Dataset& data) {
    Header header;
    std::copy_n(key.begin(), std::min(key.size(), sizeof header.key), header.key);
    std::copy_n(data.images.sizes().begin(), 4, header.shape);
    header.checksum = checksum(data);
    try {
        support::AtomicFile target(file);
        std::ofstream stream(target.path(), std::ios::binary);
        stream.write(reinterpret_cast<const char*>(&header), sizeof header);
        for (const auto bytes : {label_bytes(data), pixel_bytes(data)}) {
            stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        }
        stream.close();
        if (!stream) {
            throw support::RunError(file.string() + ": cannot be written (disk full?)");
        }
        target.commit();
    } catch (const support::RunError& error) {
        support::warn("decoded images are not kept: {}", error.what());
    }
}

} // namespace tessera::training
