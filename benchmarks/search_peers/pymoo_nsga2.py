#!/usr/bin/env python3
"""pymoo's NSGA-II on the same table: pymoo_nsga2.py TABLE.csv integer|categorical < seeds. See run.py.

integer:     what pymoo's documentation shows for integers (simulated binary crossover and polynomial mutation, rounded)
categorical: uniform crossover, and a gene redrawn with probability 1 / number of blocks
"""
import csv
import json
import sys
import time

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.mutation import Mutation
from pymoo.core.problem import Problem
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.crossover.ux import UX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from pymoo.optimize import minimize


class Redraw(Mutation):
    def _do(self, problem, X, **kwargs):
        generator = kwargs.get("random_state") or np.random.default_rng()
        fresh = generator.integers(problem.xl, problem.xu + 1, X.shape)
        return np.where(generator.random(X.shape) < 1 / X.shape[1], fresh, X)


class Table(Problem):
    def __init__(self, file):
        blocks = {}
        with open(file, newline="") as rows:
            for row in csv.DictReader(rows):
                blocks.setdefault(row["block"], []).append((float(row["error"]), float(row["latency"])))
        self.values = [np.array(choices) for choices in blocks.values()]
        self.evaluated = []
        super().__init__(n_var=len(self.values), n_obj=2, xl=0, xu=np.array([len(v) - 1 for v in self.values]), vtype=int)

    def _evaluate(self, x, out, *args, **kwargs):
        out["F"] = sum(v[x[:, b].astype(int)] for b, v in enumerate(self.values))
        self.evaluated.append(out["F"])


def algorithm(kind):
    if kind == "integer":
        return NSGA2(pop_size=100, sampling=IntegerRandomSampling(), eliminate_duplicates=True,
                     crossover=SBX(prob=0.9, eta=15, vtype=float, repair=RoundingRepair()),
                     mutation=PM(eta=20, vtype=float, repair=RoundingRepair()))
    return NSGA2(pop_size=100, sampling=IntegerRandomSampling(), eliminate_duplicates=True, crossover=UX(), mutation=Redraw())


def main():
    problem = Table(sys.argv[1])
    for line in sys.stdin:
        problem.evaluated = []
        begin, cpu = time.perf_counter(), time.process_time()
        result = minimize(problem, algorithm(sys.argv[2]), ("n_gen", 50), seed=int(line), verbose=False)
        used, wall = time.process_time() - cpu, time.perf_counter() - begin
        print(json.dumps({"ms": 1e3 * wall, "cpu_ms": 1e3 * used, "population": result.F.tolist(),
                          "evaluated": np.concatenate(problem.evaluated).tolist()}), flush=True)


if __name__ == "__main__":
    main()
