#include "nas/search/search.h"

namespace tessera::nas {

void SearchOptions::read(support::Section& section) {
    static const support::EnumNames<Crossover> kinds = {{"uniform", Crossover::uniform},
                                                        {"segment", Crossover::segment}};
    static const support::EnumNames<Seeding> seedings = {
        {"none", Seeding::none}, {"own_fronts", Seeding::own_fronts}, {"solver", Seeding::solver}};
    static const support::EnumNames<SteeredBy> steerings = {
        {"learned", SteeredBy::learned}, {"preference", SteeredBy::preference}, {"both", SteeredBy::both}};
    section.read("population", population, {2, 100000},
                 "Architectures in a generation of the evolutionary search.");
    section.read("generations", generations, {1, 100000}, "Generations, the first random one included.");
    section.read("crossover", crossover, {0.0, 1.0},
                 "Probability that a child mixes the blocks of two parents.");
    section.read("mutation", mutation, {0.0, 1.0},
                 "Probability that a block's choice is redrawn; 0: 1 / number of blocks.");
    section.read(
        "crossover_kind", crossover_kind, kinds,
        "How a child mixes its parents: uniform: each block from either; segment: a run of neighbouring "
        "blocks from one of them.");
    section.read("stagnation", stagnation, {0, 100000},
                 "Generations without a better front after which random architectures replace half of the "
                 "population; 0: never.");
    section.read(
        "seeding", seeding, seedings,
        "What is evaluated before anything is bred: none: nothing; own_fronts: every change of a single "
        "block of the first architecture; solver: the front of a solver, where the caller has one.");
    section.read("steering", steering, steerings,
                 "What tells the evolutionary search which choices promise most: learned: its own "
                 "evaluations; preference: each choice's quality and cost in the tables, without a model; "
                 "both.");
}

} // namespace tessera::nas
