// Our NSGA-II, 5 000 evaluations on one thread: tessera_nsga2 TABLE.csv < seeds. See run.py.
#include <oneapi/tbb/global_control.h>

#include "benchmarks/search_peers/contender.h"
#include "nas/search/search.h"

int main(int argc, char** argv) {
    using namespace tessera;
    if (argc != 2) {
        return 2;
    }
    const tbb::global_control one(tbb::global_control::max_allowed_parallelism, 1);
    const nas::TableModel model = peers::model_from(argv[1]);
    const nas::Problem problem = model.problem();
    return peers::contend([&](std::uint64_t seed) {
        const nas::SearchResult result = nas::nsga2(problem, {}, seed); // 100 x 50 by default
        peers::Found found;
        for (const auto& c : result.front) {
            found.population.emplace_back(c.values[0], c.values[1]);
        }
        return found;
    });
}
