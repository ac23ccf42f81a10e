#include "training/datasets/mnist.h"

#include <array>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "support/error.h"

namespace tessera::training {
namespace {

constexpr std::int64_t digits = 10;

std::filesystem::path find_file(const std::filesystem::path& folder, const std::string& stem,
                                const std::string& kind) {
    for (const char* separator : {"-", "."}) {
        auto file = folder / (stem + separator + kind);
        if (std::filesystem::exists(file)) {
            return file;
        }
    }
    const auto file = folder / (stem + "-" + kind);
    const bool packed = std::filesystem::exists(file.string() + ".gz");
    throw support::RunError(
        fmt::format("{}: no such file{}", file.string(), packed ? "; unpack the .gz beside it" : ""));
}

struct IdxFile {
    std::vector<std::int64_t> dims;
    std::string content; ///< header included
    std::size_t header = 0;
};

/// The header names the element type (8: unsigned byte) and the number of dimensions; each has an upper
/// bound, so that their product cannot overflow before it is compared with the file's size.
IdxFile read_idx(const std::filesystem::path& file, std::size_t rank) {
    std::array<unsigned char, 16> head{};
    const std::size_t header = 4 + 4 * rank;
    std::ifstream stream(file, std::ios::binary);
    if (!stream.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(header))) {
        throw support::RunError(
            fmt::format("{}: too short for an IDX header of {} bytes", file.string(), header));
    }
    const auto word = [&](std::size_t at) {
        return std::int64_t{head[at]} << 24 | std::int64_t{head[at + 1]} << 16 |
               std::int64_t{head[at + 2]} << 8 | head[at + 3];
    };
    const auto magic = static_cast<std::int64_t>(0x800 + rank);
    if (word(0) != magic) {
        throw support::RunError(
            fmt::format("{}: expected the magic number {:#010x} of an IDX file of {} dimension(s), found "
                        "{:#010x}",
                        file.string(), magic, rank, word(0)));
    }
    IdxFile idx;
    idx.header = header;
    std::int64_t bytes = 1;
    for (std::size_t d = 0; d < rank; ++d) {
        const auto size = word(4 + 4 * d);
        const std::int64_t limit = d == 0 ? 1 << 28 : 1 << 12;
        if (size < 1 || size > limit) {
            throw support::RunError(
                fmt::format("{}: dimension {} is {}; expected 1..{}", file.string(), d, size, limit));
        }
        idx.dims.push_back(size);
        bytes *= size;
    }
    idx.content = read_exactly(file, header + static_cast<std::uint64_t>(bytes), "as its header says");
    return idx;
}

Dataset read_split(const std::filesystem::path& folder, const std::string& split) {
    const auto image_file = find_file(folder, split + "-images", "idx3-ubyte");
    const auto label_file = find_file(folder, split + "-labels", "idx1-ubyte");
    const auto images = read_idx(image_file, 3);
    const auto labels = read_idx(label_file, 1);
    if (images.dims[0] != labels.dims[0]) {
        throw support::RunError(fmt::format("{}: {} labels, but {} holds {} images", label_file.string(),
                                            labels.dims[0], image_file.string(), images.dims[0]));
    }
    Dataset data{torch::empty({images.dims[0], 1, images.dims[1], images.dims[2]}, torch::kUInt8),
                 torch::empty({images.dims[0]}, torch::kInt64)};
    std::memcpy(data.images.data_ptr(), images.content.data() + images.header,
                images.content.size() - images.header);
    auto* out = data.labels.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < data.size(); ++i) {
        out[i] = static_cast<std::uint8_t>(labels.content[labels.header + static_cast<std::size_t>(i)]);
        if (out[i] >= digits) {
            throw support::RunError(fmt::format("{}: label {} of image {} is outside 0..{}",
                                                label_file.string(), out[i], i, digits - 1));
        }
    }
    return data;
}

} // namespace

RawDatasets load_mnist(const std::filesystem::path& folder) {
    RawDatasets raw{read_split(folder, "train"), {}, read_split(folder, "t10k"), numbered_classes(digits)};
    if (raw.train.images.sizes().slice(1) != raw.test.images.sizes().slice(1)) {
        throw support::RunError(fmt::format(
            "{}: training images are {}x{}, test images {}x{}", folder.string(), raw.train.images.size(2),
            raw.train.images.size(3), raw.test.images.size(2), raw.test.images.size(3)));
    }
    return raw;
}

} // namespace tessera::training
