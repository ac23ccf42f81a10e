#!/usr/bin/env python3
"""Our NSGA-II beside pagmo2's and pymoo's: same tables, same number of evaluations, one interleaved run.

    sudo apt-get install libpagmo-dev && pip install numpy pymoo
    cmake --preset release -DTESSERA_BENCHMARKS=ON && cmake --build build/release --target tessera search_peers
    python3 benchmarks/search_peers/run.py build/release OUT_FOLDER

Writes OUT_FOLDER/runs.csv (a row a contender, table and seed) and prints a table in Markdown. Hypervolume is a share of
the exact front's, which `tessera search --strategy exact` finds; objectives are scaled to its ideal and nadir points,
reference point 1.1. What a contender has found is taken twice: as the population that it returns, and as everything that
it has evaluated.
"""
import csv
import json
import pathlib
import subprocess
import sys

import numpy as np

SEEDS = 20
BLOCKS, CHOICES = 5, 384


def trade_off(generator):
    """Error falls convexly in latency, with noise: many choices on each block's own front."""
    u, noise = generator.random(CHOICES), generator.random(CHOICES)
    scale = 0.3 + generator.random()
    return scale * ((1 - u) ** 2 + 0.15 * noise), (0.3 + scale) * u


def independent(generator):
    scale = 0.3 + generator.random()
    return scale * generator.random(CHOICES), (0.3 + scale) * generator.random(CHOICES)


def heavy_tail(generator):
    """Latencies of a log-normal distribution, error inverse to them."""
    scale = 0.3 + generator.random()
    latency = np.exp(1.2 * generator.standard_normal(CHOICES))
    return scale * 0.3 / (0.3 + latency) * (0.7 + 0.6 * generator.random(CHOICES)), (0.3 + scale) * latency


def write_table(shape, file):
    generator = np.random.default_rng(7)
    with open(file, "w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["block", "choice", "error", "latency"])
        for b in range(BLOCKS):
            for c, (error, latency) in enumerate(zip(*shape(generator))):
                rows.writerow([f"b{b}", f"c{c}", repr(float(error)), repr(float(latency))])


def hypervolume(points, ideal, nadir):
    scaled = (np.asarray(points) - ideal) / (nadir - ideal)
    scaled = np.maximum(scaled[(scaled < 1.1).all(axis=1)], 0)
    area, height = 0.0, 1.1
    for x, y in scaled[np.lexsort((scaled[:, 1], scaled[:, 0]))]:
        if y < height:
            area += (1.1 - x) * (height - y)
            height = y
    return area


def main():
    build, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    here = pathlib.Path(__file__).resolve().parent
    contenders = {
        "tessera": [str(build / "tessera_nsga2")],
        "pagmo2": [str(build / "pagmo_nsga2")],
        "pymoo, categorical": [sys.executable, str(here / "pymoo_nsga2.py"), "categorical"],
        "pymoo, integer": [sys.executable, str(here / "pymoo_nsga2.py"), "integer"],
    }
    results = []
    for shape in (trade_off, independent, heavy_tail):
        table, front = out / f"{shape.__name__}.csv", out / f"{shape.__name__}-exact.csv"
        write_table(shape, table)
        subprocess.run([build / "tessera", "search", "--table", table, "--minimize", "error", "--minimize", "latency",
                        "--strategy", "exact", "--out", front, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        with open(front, newline="") as rows:
            exact = np.array([[float(r["error"]), float(r["latency"])] for r in csv.DictReader(rows)])
        ideal, nadir = exact.min(axis=0), exact.max(axis=0)
        whole = hypervolume(exact, ideal, nadir)
        running = {}
        for name, command in contenders.items():
            command = command[:-1] + [str(table), command[-1]] if name.startswith("pymoo") else command + [str(table)]
            running[name] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for seed in range(SEEDS + 1):  # the first is for warming up
            for name, process in running.items():
                process.stdin.write(f"{seed}\n")
                process.stdin.flush()
                found = json.loads(process.stdout.readline())
                everything = found["evaluated"] or found["population"]
                if seed > 0:
                    results.append({"table": shape.__name__, "contender": name, "seed": seed, "ms": found["ms"],
                                    "cpu_ms": found["cpu_ms"],
                                    "returned": hypervolume(found["population"], ideal, nadir) / whole,
                                    "evaluated": hypervolume(everything, ideal, nadir) / whole})
        for process in running.values():
            process.stdin.close()
            process.wait()
    with open(out / "runs.csv", "w", newline="") as file:
        rows = csv.DictWriter(file, results[0].keys())
        rows.writeheader()
        rows.writerows(results)
    print("| table | contender | CPU ms, median | hypervolume returned, median (lowest) | of all evaluated |")
    print("|---|---|---|---|---|")
    for shape in ("trade_off", "independent", "heavy_tail"):
        for name in contenders:
            mine = [r for r in results if r["table"] == shape and r["contender"] == name]
            pick = lambda key: np.array([r[key] for r in mine])
            print(f"| {shape} | {name} | {np.median(pick('cpu_ms')):.1f} | {np.median(pick('returned')):.4f} "
                  f"({pick('returned').min():.4f}) | {np.median(pick('evaluated')):.4f} ({pick('evaluated').min():.4f}) |")


if __name__ == "__main__":
    main()
