// Weights as safetensors: https://github.com/huggingface/safetensors (8-byte header length, JSON header, raw
// data).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <torch/torch.h>

namespace tessera::training {

/// Named tensors in the order of their names.
using TensorMap = std::map<std::string, torch::Tensor>;
/// Free text about the file ("__metadata__").
using Metadata = std::map<std::string, std::string>;

struct SafetensorsFile {
    TensorMap tensors;
    Metadata metadata;
};

/// Writes atomically, tensor by tensor: beside the tensors themselves, memory holds the header and at most
/// one of them once more (moved to the CPU, made contiguous). The bytes depend on the content alone.
void write_safetensors(const std::filesystem::path& file, const TensorMap& tensors,
                       const Metadata& metadata = {});

/// Reads a whole file. The header is untrusted: its length, every dtype, shape, offset, overlap, gap and
/// overflow is checked before a byte is copied. Throws RunError naming the file and the tensor.
SafetensorsFile read_safetensors(const std::filesystem::path& file);

/// The texts of a file without its tensors: the header alone is read, and checked against the file's size as
/// read_safetensors() does.
Metadata read_safetensors_metadata(const std::filesystem::path& file);

} // namespace tessera::training
