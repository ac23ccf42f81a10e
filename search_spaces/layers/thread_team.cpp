// Compiled with OpenMP, as the only file: see the top CMakeLists.txt.
#include "search_spaces/layers/thread_team.h"

#include <algorithm>
#include <exception>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace tessera::search_spaces {

void share_out(std::int64_t count, int threads, const std::function<void(std::int64_t, std::int64_t)>& work) {
#ifdef _OPENMP
    const auto most = static_cast<int>(std::min<std::int64_t>(threads, count));
    if (most > 1 && omp_in_parallel() == 0) {
        // An exception that leaves the region ends the program.
        std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(most));
#pragma omp parallel num_threads(most)
        {
            const std::int64_t team = omp_get_num_threads(), own = omp_get_thread_num();
            try {
                work(count * own / team, count * (own + 1) / team);
            } catch (...) { thrown[static_cast<std::size_t>(own)] = std::current_exception(); }
        }
        for (const std::exception_ptr& one : thrown) {
            if (one) {
                std::rethrow_exception(one);
            }
        }
        return;
    }
#endif
    if (count > 0) {
        work(0, count);
    }
}

} // namespace tessera::search_spaces
