// Reading safetensors that anybody may have written: nothing in the header is believed before it is checked.
#include <algorithm>
#include <cstring>
#include <fstream>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "training/safetensors.h"
#include "training/safetensors_dtypes.h"

namespace tessera::training {
namespace {

using nlohmann::json;

constexpr std::uint64_t largest_header = 100'000'000; // the reference implementation's limit
constexpr std::size_t largest_rank = 16;              // LibTorch's kernels stop at 64
constexpr int deepest = 3;                            // object > tensor > array

struct DeclaredTensor {
    std::string name;
    const Dtype* dtype;
    std::vector<std::int64_t> shape;
    std::uint64_t begin, end;
};

/// Everything that is wrong with a file is reported through this: "FILE: not a valid safetensors file: ...".
class SafetensorsReader {
public:
    explicit SafetensorsReader(const std::filesystem::path& file) : file_(file) {}

    SafetensorsFile read();
    Metadata read_metadata();

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw support::RunError(fmt::format("{}: not a valid safetensors file: {}", file_.string(), what));
    }
    [[noreturn]] void fail(const std::string& name, const std::string& what) const {
        fail(fmt::format("tensor '{}': {}", name.substr(0, 200), what));
    }
    void fill(void* target, std::uint64_t bytes);
    json parse(const std::string& text) const;
    DeclaredTensor entry(const std::string& name, const json& value) const;
    std::uint64_t bytes_of(const DeclaredTensor& entry) const;
    void check_layout(const std::vector<DeclaredTensor>& sorted, std::uint64_t data) const;
    Metadata metadata(const json& value) const;
    /// Opens the file and checks all but the data, before which the stream then stands.
    std::vector<DeclaredTensor> open(Metadata& metadata_found);

    const std::filesystem::path& file_;
    std::ifstream stream_;
};

void SafetensorsReader::fill(void* target, std::uint64_t bytes) {
    if (bytes == 0) {
        return;
    }
    stream_.read(static_cast<char*>(target), static_cast<std::streamsize>(bytes));
    if (static_cast<std::uint64_t>(stream_.gcount()) != bytes) {
        fail("it ends too early");
    }
}

/// Nesting is bounded while parsing, before a hostile header has taken memory; and since JSON readers differ
/// in which of two equal keys they keep, such a header is refused.
json SafetensorsReader::parse(const std::string& text) const {
    std::vector<std::set<std::string>> keys;
    const auto watch = [&](int depth, json::parse_event_t event, json& value) {
        using Event = json::parse_event_t;
        if (event == Event::object_start || event == Event::array_start) {
            if (depth >= deepest) {
                fail("its header is nested too deeply");
            }
            if (event == Event::object_start) {
                keys.emplace_back();
            }
        } else if (event == Event::object_end) {
            keys.pop_back();
        } else if (event == Event::key) {
            const std::string name = value.get<std::string>();
            if (!keys.back().insert(name).second) {
                fail(fmt::format("'{}' appears twice in its header", name.substr(0, 200)));
            }
        }
        return true;
    };
    try {
        return json::parse(text, watch);
    } catch (const json::exception&) { fail("its header is not JSON"); }
}

DeclaredTensor SafetensorsReader::entry(const std::string& name, const json& value) const {
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
        !value.contains("data_offsets")) {
        fail(name, "expected dtype, shape and data_offsets");
    }
    const json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
    if (!dtype.is_string()) {
        fail(name, "dtype is not a text");
    }
    DeclaredTensor result{name, dtype_of(std::string_view(dtype.get_ref<const std::string&>())), {}, 0, 0};
    if (result.dtype == nullptr) {
        fail(name, fmt::format("dtype '{}' is not one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL",
                               dtype.get_ref<const std::string&>().substr(0, 40)));
    }
    if (!shape.is_array() || shape.size() > largest_rank) {
        fail(name, fmt::format("shape is not a list of at most {} sizes", largest_rank));
    }
    for (const json& side : shape) {
        if (!side.is_number_unsigned() || side.get<std::uint64_t>() > INT64_MAX) {
            fail(name, "shape holds something that is not a size");
        }
        result.shape.push_back(static_cast<std::int64_t>(side.get<std::uint64_t>()));
    }
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned()) {
        fail(name, "data_offsets is not a pair of positions");
    }
    result.begin = offsets[0].get<std::uint64_t>();
    result.end = offsets[1].get<std::uint64_t>();
    return result;
}

/// Bytes that dtype and shape ask for. Sizes of 0 count as 1 in the check for overflow, because strides are
/// products of all sizes whatever the number of elements is.
std::uint64_t SafetensorsReader::bytes_of(const DeclaredTensor& entry) const {
    std::int64_t product = static_cast<std::int64_t>(entry.dtype->bytes);
    bool empty = false;
    for (const std::int64_t side : entry.shape) {
        empty = empty || side == 0;
        if (__builtin_mul_overflow(product, std::max<std::int64_t>(side, 1), &product)) {
            fail(entry.name, "its shape is too large");
        }
    }
    return empty ? 0 : static_cast<std::uint64_t>(product);
}

/// The data is one gapless sequence of tensors: overlaps, holes and bytes after the last tensor are refused.
void SafetensorsReader::check_layout(const std::vector<DeclaredTensor>& sorted, std::uint64_t data) const {
    std::uint64_t expected = 0;
    for (const DeclaredTensor& entry : sorted) {
        if (entry.begin > entry.end || entry.end > data) {
            fail(entry.name, fmt::format("its bytes {}..{} are outside the file's {} bytes of data",
                                         entry.begin, entry.end, data));
        }
        if (entry.end - entry.begin != bytes_of(entry)) {
            fail(entry.name, fmt::format("it has {} bytes, its shape and dtype ask for {}",
                                         entry.end - entry.begin, bytes_of(entry)));
        }
        if (entry.begin != expected) {
            fail(entry.name, fmt::format("its bytes begin at {} instead of {}: overlapping or with a gap",
                                         entry.begin, expected));
        }
        expected = entry.end;
    }
    if (expected != data) {
        fail(fmt::format("{} bytes follow the last tensor", data - expected));
    }
}

Metadata SafetensorsReader::metadata(const json& value) const {
    if (!value.is_object()) {
        fail("__metadata__ is not a map of texts");
    }
    Metadata result;
    for (const auto& [key, text] : value.items()) {
        if (!text.is_string()) {
            fail("__metadata__ is not a map of texts");
        }
        result[key] = text.get<std::string>();
    }
    return result;
}

std::vector<DeclaredTensor> SafetensorsReader::open(Metadata& metadata_found) {
    std::error_code error;
    if (!std::filesystem::exists(file_, error)) {
        throw support::RunError(fmt::format("{}: no such file", file_.string()));
    }
    if (!std::filesystem::is_regular_file(file_, error)) {
        throw support::RunError(fmt::format("{}: not a file", file_.string()));
    }
    const std::uint64_t size = std::filesystem::file_size(file_, error);
    stream_.open(file_, std::ios::binary);
    if (error || !stream_) {
        throw support::RunError(fmt::format("{}: cannot be read", file_.string()));
    }
    if (size < 8) {
        fail("it is shorter than 8 bytes");
    }

    unsigned char prefix[8];
    fill(prefix, 8);
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i) {
        length = length << 8 | prefix[i];
    }
    if (length > largest_header) {
        fail("its header's length is over 100 MB");
    }
    if (length > size - 8) {
        fail("its header is longer than the file");
    }
    std::string text(length, '\0');
    fill(text.data(), length);
    const json header = parse(text);
    if (!header.is_object()) {
        fail("its header is not a JSON object");
    }

    std::vector<DeclaredTensor> entries;
    for (const auto& [name, value] : header.items()) {
        if (name == "__metadata__") {
            metadata_found = metadata(value);
        } else {
            entries.push_back(entry(name, value));
        }
    }
    std::stable_sort(entries.begin(), entries.end(), [](const DeclaredTensor& a, const DeclaredTensor& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    check_layout(entries, size - 8 - length);
    return entries;
}

Metadata SafetensorsReader::read_metadata() {
    Metadata result;
    open(result);
    return result;
}

SafetensorsFile SafetensorsReader::read() {
    SafetensorsFile result;
    for (const DeclaredTensor& next : open(result.metadata)) {
        torch::Tensor values = torch::empty(next.shape, next.dtype->type);
        fill(values.data_ptr(), next.end - next.begin);
        if (next.dtype->type == torch::kBool) {
            const auto* bytes = static_cast<const unsigned char*>(values.const_data_ptr());
            if (std::any_of(bytes, bytes + values.numel(), [](unsigned char b) { return b > 1; })) {
                fail(next.name, "a boolean is neither 0 nor 1");
            }
        }
        result.tensors.emplace(next.name, std::move(values));
    }
    return result;
}

} // namespace

SafetensorsFile read_safetensors(const std::filesystem::path& file) { return SafetensorsReader(file).read(); }

Metadata read_safetensors_metadata(const std::filesystem::path& file) {
    return SafetensorsReader(file).read_metadata();
}

} // namespace tessera::training
