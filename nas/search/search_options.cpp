#include "nas/search/search.h"

namespace tessera::nas {

void SearchOptions::read(support::Section& section) {
    section.read("population", population, {2, 100000},
                 "Architectures in a generation of the evolutionary search.");
    section.read("generations", generations, {1, 100000}, "Generations, the first random one included.");
    section.read("crossover", crossover, {0.0, 1.0},
                 "Probability that a child mixes the blocks of two parents.");
    section.read("mutation", mutation, {0.0, 1.0},
                 "Probability that a block's choice is redrawn; 0: 1 / number of blocks.");
}

} // namespace tessera::nas
