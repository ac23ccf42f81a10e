// The element types of safetensors files and LibTorch's names for them.
#pragma once

#include <array>
#include <string_view>

#include <torch/torch.h>

namespace tessera::training {

struct Dtype {
    std::string_view text;
    torch::ScalarType type;
    std::uint64_t bytes;
};

inline constexpr std::array<Dtype, 10> dtypes{{{"F64", torch::kFloat64, 8},
                                               {"F32", torch::kFloat32, 4},
                                               {"F16", torch::kFloat16, 2},
                                               {"BF16", torch::kBFloat16, 2},
                                               {"I64", torch::kInt64, 8},
                                               {"I32", torch::kInt32, 4},
                                               {"I16", torch::kInt16, 2},
                                               {"I8", torch::kInt8, 1},
                                               {"U8", torch::kUInt8, 1},
                                               {"BOOL", torch::kBool, 1}}};

/// nullptr where the type has no counterpart.
const Dtype* dtype_of(torch::ScalarType type);
const Dtype* dtype_of(std::string_view text);

} // namespace tessera::training
