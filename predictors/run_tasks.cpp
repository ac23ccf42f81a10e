#include "predictors/run_tasks.h"

#include <atomic>

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include "training/device.h"

namespace tessera::predictors {

// A plain counter instead of oneTBB's splitting keeps the order, and with it the balance where the largest
// come first.
void run_tasks(int workers, const std::vector<std::function<void()>>& tasks) {
    std::atomic<std::size_t> next{0};
    const auto drain = [&](int) {
        training::use_threads(1);
        for (std::size_t i = next++; i < tasks.size(); i = next++) {
            tasks[i]();
        }
    };
    if (workers == 1) {
        drain(0);
        return;
    }
    tbb::task_arena arena(workers);
    arena.execute([&] { tbb::parallel_for(0, workers, drain); });
}

} // namespace tessera::predictors
