// How many bytes a piece of work allocates at its peak.
#pragma once

#include <cstdint>
#include <functional>

namespace tessera::predictors {

/// Runs `work` on this thread and returns the largest number of bytes that its tensors held at once on the
/// CPU beyond what was held before. Other threads are not seen.
std::int64_t peak_bytes(const std::function<void()>& work);

} // namespace tessera::predictors
