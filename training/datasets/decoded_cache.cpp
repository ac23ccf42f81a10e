#include "training/datasets/decoded_cache.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "support/error.h"
#include "support/files.h"
#include "support/hash.h"
#include "support/log.h"
#include "training/datasets/decoded_header.h"

namespace tessera::training {
namespace {

std::string_view label_bytes(const Dataset& data) {
    return {static_cast<const char*>(data.labels.data_ptr()), data.labels.nbytes()};
}

std::string_view pixel_bytes(const Dataset& data) {
    return {static_cast<const char*>(data.images.data_ptr()), data.images.nbytes()};
}

std::uint64_t checksum(const Dataset& data, std::string_view text) {
    return support::Hasher().add(label_bytes(data)).add(pixel_bytes(data)).add(text).value();
}

std::string skipped_text(const std::vector<SkippedFile>& skipped) {
    std::string text;
    for (const auto& [place, reason] : skipped) {
        text += fmt::format("{} {}\n", place, reason);
    }
    return text;
}

/// Nothing where the text is not what skipped_text() writes of places below `listed`.
std::optional<std::vector<SkippedFile>> parse_skipped(std::string_view text, std::int64_t listed) {
    std::vector<SkippedFile> skipped;
    while (!text.empty()) {
        const auto end = text.find('\n');
        SkippedFile file;
        const auto [after, error] = std::from_chars(text.data(), text.data() + text.size(), file.place);
        const auto space = static_cast<std::size_t>(after - text.data());
        if (error != std::errc{} || end == std::string_view::npos || space >= end || text[space] != ' ' ||
            file.place < (skipped.empty() ? 0 : skipped.back().place + 1) || file.place >= listed) {
            return std::nullopt;
        }
        file.reason = text.substr(space + 1, end - space - 1);
        skipped.push_back(std::move(file));
        text.remove_prefix(end + 1);
    }
    return skipped;
}

/// The reason why the content cannot be used, or an empty text.
std::string read_content(std::ifstream& stream, std::uintmax_t size, const std::string& key,
                         const DecodedShape& shape, DecodedImages& images) {
    DecodedHeader header;
    if (!stream.read(reinterpret_cast<char*>(&header), sizeof header)) {
        return "too short";
    }
    if (!header.known()) {
        return "not a cache of decoded images";
    }
    if (std::string_view(header.key, sizeof header.key) != key) {
        return "made from other images";
    }
    const std::array rest{shape.channels, shape.height, shape.width};
    const auto count = header.shape[0];
    if (header.listed != shape.listed || count < 0 || count > shape.listed ||
        !std::equal(rest.begin(), rest.end(), header.shape + 1)) {
        return "it holds images of another number or size";
    }
    if (header.file_size() != size) {
        return "its size is not its header's";
    }
    auto& data = images.data;
    data = {torch::empty({count, shape.channels, shape.height, shape.width}, torch::kUInt8),
            torch::empty({count}, torch::kInt64)};
    std::string text(header.text_bytes, '\0');
    stream.read(static_cast<char*>(data.labels.data_ptr()),
                static_cast<std::streamsize>(data.labels.nbytes()));
    stream.read(static_cast<char*>(data.images.data_ptr()),
                static_cast<std::streamsize>(data.images.nbytes()));
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!stream || checksum(data, text) != header.checksum) {
        return "its content is damaged";
    }
    auto skipped = parse_skipped(text, shape.listed);
    if (!skipped || static_cast<std::int64_t>(skipped->size()) != shape.listed - count) {
        return "its list of files left out makes no sense";
    }
    images.skipped = std::move(*skipped);
    const auto* labels = data.labels.data_ptr<std::int64_t>();
    const bool known = std::all_of(labels, labels + count,
                                   [&](std::int64_t label) { return label >= 0 && label < shape.classes; });
    return known ? "" : "a label is out of range";
}

} // namespace

std::optional<DecodedImages> read_decoded(const std::filesystem::path& file, const std::string& key,
                                          const DecodedShape& shape) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    if (error) {
        return std::nullopt;
    }
    std::ifstream stream(file, std::ios::binary);
    DecodedImages images;
    const auto reason = read_content(stream, size, key, shape, images);
    if (reason.empty()) {
        return images;
    }
    support::warn("{}: {}; decoding the images again", file.string(), reason);
    return std::nullopt;
}

std::uint64_t decoded_size(const DecodedImages& images) {
    return sizeof(DecodedHeader) + images.data.labels.nbytes() + images.data.images.nbytes() +
           skipped_text(images.skipped).size();
}

void write_decoded(const std::filesystem::path& file, const std::string& key, const DecodedImages& images) {
    const auto& data = images.data;
    const auto text = skipped_text(images.skipped);
    DecodedHeader header;
    std::copy_n(key.begin(), std::min(key.size(), sizeof header.key), header.key);
    header.listed = data.size() + static_cast<std::int64_t>(images.skipped.size());
    std::copy_n(data.images.sizes().begin(), 4, header.shape);
    header.text_bytes = text.size();
    header.checksum = checksum(data, text);
    try {
        support::AtomicFile target(file);
        std::ofstream stream(target.path(), std::ios::binary);
        stream.write(reinterpret_cast<const char*>(&header), sizeof header);
        for (const std::string_view bytes : {label_bytes(data), pixel_bytes(data), std::string_view(text)}) {
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
