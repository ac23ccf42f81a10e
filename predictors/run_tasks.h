// Independent pieces of work side by side.
#pragma once

#include <functional>
#include <vector>

namespace tessera::predictors {

/// Runs `tasks` in their order on `workers` threads, one intra-op thread each; alone on the calling thread
/// where there is one worker. Throws what a task throws, after the others have ended.
void run_tasks(int workers, const std::vector<std::function<void()>>& tasks);

} // namespace tessera::predictors
