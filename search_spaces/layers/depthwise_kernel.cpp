#include "search_spaces/layers/depthwise_kernel.h"

#include <cstddef>
#include <utility>

// Written once with the compiler's vector types; x86 builds carry it for two instruction sets and choose at
// run time. Elsewhere depthwise.cpp uses LibTorch's convolution.
#if defined(__x86_64__) && defined(__GNUC__)
#define TESSERA_DEPTHWISE_X86 1
#endif

namespace tessera::search_spaces::depthwise_kernel {

#ifdef TESSERA_DEPTHWISE_X86

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx2,fma,prfchw"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx2,fma,prfchw")
#endif
namespace avx512 {
namespace {
constexpr int lanes = 16, taps = 11;
#define TESSERA_TILE_WIDTHS 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16
#include "search_spaces/layers/depthwise_kernel_body.h"
#undef TESSERA_TILE_WIDTHS
constexpr Kernel build{"avx512", lanes, scratch, load_weights, convolve, accumulate};
} // namespace
} // namespace avx512
#ifdef __clang__
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma,prfchw"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma,prfchw")
#endif
namespace avx2 {
namespace {
constexpr int lanes = 8, taps = 4; // 16 registers: 8 sums, 4 weights, an input
#define TESSERA_TILE_WIDTHS 1, 2, 3, 4, 5, 6, 7, 8
#include "search_spaces/layers/depthwise_kernel_body.h"
#undef TESSERA_TILE_WIDTHS
constexpr Kernel build{"avx2", lanes, scratch, load_weights, convolve, accumulate};
} // namespace
} // namespace avx2
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const Kernel* const* kernels() {
    static const auto found = [] {
        struct List {
            const Kernel* entries[3]{};
        } list;
        int count = 0;
        if (__builtin_cpu_supports("avx512f")) {
            list.entries[count++] = &avx512::build;
        }
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
            list.entries[count++] = &avx2::build;
        }
        return list;
    }();
    return found.entries;
}

#else

const Kernel* const* kernels() {
    static const Kernel* const none[]{nullptr};
    return none;
}

#endif

} // namespace tessera::search_spaces::depthwise_kernel
