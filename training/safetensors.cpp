// The common part of reading and writing safetensors, and the writer. The reader is in safetensors_read.cpp.
#include "training/safetensors.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "support/error.h"
#include "support/files.h"
#include "training/safetensors_dtypes.h"

namespace tessera::training {
namespace {

constexpr std::size_t alignment = 8;

struct StoredTensor {
    const std::string* name;
    const torch::Tensor* values;
    std::string_view dtype;
};

std::vector<StoredTensor> entries_of(const std::filesystem::path& file, const TensorMap& tensors) {
    std::vector<StoredTensor> entries;
    entries.reserve(tensors.size());
    for (const auto& [name, tensor] : tensors) {
        if (name == "__metadata__" || !tensor.defined()) {
            throw support::RunError(fmt::format("{}: no tensor can be written as '{}'", file.string(), name));
        }
        const auto* known = dtype_of(tensor.scalar_type());
        if (known == nullptr) {
            throw support::RunError(fmt::format("{}: tensor '{}' has type {}, which cannot be stored",
                                                file.string(), name, c10::toString(tensor.scalar_type())));
        }
        entries.push_back({&name, &tensor, known->text});
    }
    // Wide types first, so that every tensor starts at a multiple of its item's size, as in the reference.
    std::stable_sort(entries.begin(), entries.end(), [](const StoredTensor& a, const StoredTensor& b) {
        return a.values->element_size() > b.values->element_size();
    });
    return entries;
}

} // namespace

const Dtype* dtype_of(torch::ScalarType type) {
    for (const Dtype& known : dtypes) {
        if (known.type == type) {
            return &known;
        }
    }
    return nullptr;
}

const Dtype* dtype_of(std::string_view text) {
    for (const Dtype& known : dtypes) {
        if (known.text == text) {
            return &known;
        }
    }
    return nullptr;
}

void write_safetensors(const std::filesystem::path& file, const TensorMap& tensors,
                       const Metadata& metadata) {
    const std::vector<StoredTensor> entries = entries_of(file, tensors);
    nlohmann::json header = nlohmann::json::object();
    if (!metadata.empty()) {
        header["__metadata__"] = metadata;
    }
    std::size_t end = 0;
    for (const StoredTensor& entry : entries) {
        const std::size_t begin = end;
        end += entry.values->nbytes();
        header[*entry.name] = {
            {"dtype", entry.dtype}, {"shape", entry.values->sizes().vec()}, {"data_offsets", {begin, end}}};
    }
    std::string text;
    try {
        text = header.dump();
    } catch (const nlohmann::json::exception&) {
        throw support::RunError(file.string() + ": a tensor's name or the metadata is not UTF-8");
    }
    text.append((alignment - text.size() % alignment) % alignment, ' ');

    std::string prefix(alignment, '\0');
    for (std::size_t i = 0; i < alignment; ++i) {
        prefix[i] = static_cast<char>(text.size() >> 8 * i & 0xff);
    }
    support::AtomicFile whole(file);
    whole.append(prefix);
    whole.append(text);
    for (const StoredTensor& entry : entries) {
        const torch::Tensor values = entry.values->detach().to(torch::kCPU).contiguous();
        whole.append({static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
    }
    whole.commit();
}

} // namespace tessera::training
