// pagmo2's NSGA-II on the same table: pagmo_nsga2 TABLE.csv < seeds. See run.py. (Debian: libpagmo-dev.)
#include <pagmo/algorithm.hpp>
#include <pagmo/algorithms/nsga2.hpp>
#include <pagmo/population.hpp>
#include <pagmo/problem.hpp>

#include "benchmarks/search_peers/contender.h"

namespace {

using tessera::peers::Found;
using tessera::peers::Points;

/// One integer a block.
struct TableProblem {
    const tessera::nas::TableModel* model = nullptr;
    Points* evaluated = nullptr;

    pagmo::vector_double fitness(const pagmo::vector_double& x) const {
        double error = 0, latency = 0;
        for (std::size_t b = 0; b < x.size(); ++b) {
            const auto choice = static_cast<std::size_t>(x[b]);
            error += model->columns[0].values[b][choice];
            latency += model->columns[1].values[b][choice];
        }
        evaluated->emplace_back(error, latency);
        return {error, latency};
    }
    std::pair<pagmo::vector_double, pagmo::vector_double> get_bounds() const {
        pagmo::vector_double high;
        for (const int n : model->choices) {
            high.push_back(n - 1);
        }
        return {pagmo::vector_double(high.size(), 0.0), high};
    }
    pagmo::vector_double::size_type get_nobj() const { return 2; }
    pagmo::vector_double::size_type get_nix() const { return model->choices.size(); }
    pagmo::thread_safety get_thread_safety() const { return pagmo::thread_safety::none; }
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        return 2;
    }
    const auto model = tessera::peers::model_from(argv[1]);
    return tessera::peers::contend([&](std::uint64_t seed) {
        Found found;
        const auto number = static_cast<unsigned>(seed);
        pagmo::population population(pagmo::problem(TableProblem{&model, &found.evaluated}), 100, number);
        // Its own defaults but for the mutation, whose usual 1 / number of variables is a little better here.
        pagmo::algorithm algorithm(
            pagmo::nsga2(49, 0.95, 10., 1.0 / static_cast<double>(model.choices.size()), 50., number));
        const pagmo::population evolved = algorithm.evolve(population);
        for (const auto& f : evolved.get_f()) {
            found.population.emplace_back(f[0], f[1]);
        }
        return found;
    });
}
