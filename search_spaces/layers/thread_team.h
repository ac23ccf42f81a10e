// LibTorch's own threads for kernels of our own.
#pragma once

#include <cstdint>
#include <functional>

namespace tessera::search_spaces {

/// Splits 0..count into contiguous shares, one a thread, and calls `work(begin, end)` for each, at most
/// `threads` at once; in order on the caller's thread where threads is 1 or the caller is one of a team
/// already. What `work` throws is thrown again once all shares have come to their ends; of several, what
/// the foremost share threw. The team is OpenMP's, which LibTorch's operators use too: with a second
/// pool their waiting threads would compete for the cores. (at::parallel_for is an inline function that is
/// serial unless its caller is compiled with OpenMP.)
void share_out(std::int64_t count, int threads, const std::function<void(std::int64_t, std::int64_t)>& work);

} // namespace tessera::search_spaces
