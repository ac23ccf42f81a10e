// Compiled with OpenMP, as the only file: see the top CMakeLists.txt.
#include "search_spaces/layers/thread_team.h"

#include <algorithm>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace tessera::search_spaces {

void share_out(std::int64_t count, int threads, const std::function<void(std::int64_t, std::int64_t)>& work) {
#ifdef _OPENMP
    const auto most = static_cast<int>(std::min<std::int64_t>(threads, count));
    if (most > 1 && omp_in_parallel() == 0) {
#pragma omp parallel num_threads(most)
        {
            const std::int64_t team = omp_get_num_threads(), own = omp_get_thread_num();
            work(count * own / team, count * (own + 1) / team);
        }
        return;
    }
#endif
    if (count > 0) {
        work(0, count);
    }
}

} // namespace tessera::search_spaces
