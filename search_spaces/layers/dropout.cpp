#include "search_spaces/layers/dropout.h"

#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>

#include "search_spaces/layers/thread_team.h"

namespace tessera::search_spaces {
namespace {

/// The finaliser of splitmix64 (Steele, Lea and Flood, 2014): every bit of the result depends on every bit of
/// x.
std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

constexpr std::int64_t per_word = 4; ///< elements decided by one 64-bit number, sixteen bits each

/// Elements first .. last in memory, `first` a multiple of per_word: `kept` with the probability keep /
/// 65536, else 0.
void fill(float* mask, std::int64_t first, std::int64_t last, std::uint64_t seed, std::uint64_t keep,
          float kept) {
    for (std::int64_t i = first; i < last; i += per_word) {
        std::uint64_t word =
            mixed(seed + 0x9e3779b97f4a7c15ULL * (static_cast<std::uint64_t>(i / per_word) + 1));
        for (std::int64_t j = i; j < std::min(last, i + per_word); ++j, word >>= 16) {
            mask[j] = (word & 0xffff) < keep ? kept : 0.0F;
        }
    }
}

} // namespace

void SeededDropoutImpl::reseed(std::uint64_t seed_) {
    seed = seed_;
    masks = 0;
}

torch::Tensor SeededDropoutImpl::forward(const torch::Tensor& x) {
    if (!is_training() || options.p() == 0) {
        return x;
    }
    const auto keep =
        std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround((1 - options.p()) * 65536)));
    const float kept = 65536.0F / static_cast<float>(keep);
    const std::uint64_t own = mixed(seed + 0x9e3779b97f4a7c15ULL * ++masks);
    const torch::Tensor mask = torch::empty_like(
        x, torch::TensorOptions().dtype(torch::kFloat32).device(torch::kCPU), x.suggest_memory_format());
    float* const elements = mask.data_ptr<float>();
    const std::int64_t count = mask.numel(), words = (count + per_word - 1) / per_word;
    constexpr std::int64_t enough = 1 << 14; // words that are worth a second thread
    share_out(words, words < enough ? 1 : at::get_num_threads(), [&](std::int64_t first, std::int64_t last) {
        fill(elements, first * per_word, std::min(count, last * per_word), own, keep, kept);
    });
    return x * mask.to(x.device(), x.scalar_type());
}

} // namespace tessera::search_spaces
