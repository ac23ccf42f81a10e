#include "latency/measure_script.h"

namespace tessera::latency {

std::string_view measure_script() {
    return R"py(#!/usr/bin/env python3
"""Times the modules of manifest.csv on this machine and writes RESULTS.csv.

Blocks are timed in chains (stem, one choice of every block, head), as a network calls them. Chains and whole
networks take turns, each round in another order; each is called once untimed first. Timings during which the
system took the processor away are set aside. Interrupted (Ctrl-C), it writes what it has timed so far.

    python3 measure.py --device-name pixel7
"""
import argparse
import csv
import gc
import os
import platform
import random
import sys
import time

import torch

try:
    import resource
except ImportError:  # not on every system
    resource = None

HERE = os.path.dirname(os.path.abspath(__file__))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--device-name", default="", help="name of this machine: the objective is latency_<name>_ms")
    add("--device", default="cpu", help="where PyTorch runs: cpu, cuda, cuda:1 (default: cpu)")
    add("--threads", type=int, default=1, help="threads within a module (default: 1)")
    add("--rounds", type=int, default=30, help="passes over everything (default: 30)")
    add("--calls", type=int, default=3, help="timed calls per pass (default: 3)")
    add("--output", default=os.path.join(HERE, "RESULTS.csv"), help="file to write (default: RESULTS.csv)")
    return parser.parse_args()


class Probe:
    """A module and what has been timed of it, in milliseconds."""

    def __init__(self, row, device):
        self.module = torch.jit.load(os.path.join(HERE, row["file"]), map_location=device).eval()
        shape = [int(row[key]) for key in ("batch", "channels", "height", "width")]
        self.input = torch.randn(shape).to(device).contiguous(memory_format=torch.channels_last)
        self.clean, self.disturbed = [], []

    def samples(self):
        return self.clean if len(self.clean) >= 5 else self.clean + self.disturbed


class Clock:
    def __init__(self, device):
        self.cuda = device.type == "cuda"

    def synchronise(self):
        if self.cuda:
            torch.cuda.synchronize()

    def call(self, probe, x):
        self.synchronise()
        before = preemptions()
        start = time.perf_counter()
        y = probe.module(x)
        self.synchronise()
        ms = 1e3 * (time.perf_counter() - start)
        (probe.clean if preemptions() == before else probe.disturbed).append(max(ms, 1e-6))
        return y


def preemptions():
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw if resource else 0


def load(device):
    """Rows of the manifest; probes by file; the parts of a chain, as lists of files; whole networks' files."""
    with open(os.path.join(HERE, "manifest.csv"), newline="") as stream:
        rows = list(csv.DictReader(stream))
    probes, blocks, networks = {}, {}, []
    for row in rows:
        if row["file"] not in probes:
            probes[row["file"]] = Probe(row, device)
        if row["architecture"]:
            networks.append(row["file"])
        else:
            blocks.setdefault(row["block"], []).append(row["file"])
    start, end = [blocks.pop("stem"), blocks.pop("call")], blocks.pop("head")
    return rows, probes, start + list(blocks.values()) + [end], networks


def walk(chain, clock):
    x = chain[0].input
    for probe in chain:
        x = clock.call(probe, x) if clock else probe.module(x)


def measure(options, probes, parts, networks, device):
    """False where it was interrupted: then there are fewer timings."""
    try:
        measure_rounds(options, probes, parts, networks, device)
        return True
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return False


def measure_rounds(options, probes, parts, networks, device):
    clock = Clock(device)
    length = max(len(part) for part in parts)
    jobs = list(range(length)) + networks
    for again in range(-1, options.rounds):
        for part in parts:
            random.shuffle(part)
        random.shuffle(jobs)
        for job in jobs:
            if isinstance(job, int):
                chain = [probes[part[job % len(part)]] for part in parts]
            else:
                chain = [probes[job]]
            walk(chain, None)
            for _ in range(options.calls):
                walk(chain, clock if again >= 0 else None)  # the first round only warms up
        print("\rround %d of %d" % (again + 1, options.rounds), end="", file=sys.stderr)
    print(file=sys.stderr)


def quantile(ordered, share):
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def statistics(samples):
    ordered = sorted(samples)
    mean = sum(ordered) / len(ordered)
    squares = sum((s - mean) ** 2 for s in ordered) / max(len(ordered) - 1, 1)
    values = [mean, squares ** 0.5] + [quantile(ordered, share) for share in (0.1, 0.5, 0.9)]
    return [len(ordered)] + ["%.9g" % value for value in values]


def hardware(device):
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        with open("/proc/cpuinfo") as stream:
            for line in stream:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def write(options, device, rows, probes):
    shared = [options.device_name or device.type, hardware(device), options.threads, "PyTorch " + torch.__version__]
    temporary = options.output + ".tmp"
    with open(temporary, "w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        told = ["batch", "dtype", "space", "block", "choice", "architecture"]
        writer.writerow(["device", "hardware", "threads", "form"] + told +
                        ["count", "mean_ms", "std_ms", "p10_ms", "p50_ms", "p90_ms"])
        for row in rows:
            writer.writerow(shared + [row[key] for key in told] + statistics(probes[row["file"]].samples()))
    os.replace(temporary, options.output)
    print(options.output)


def main():
    options = arguments()
    device = torch.device(options.device)
    torch.set_num_threads(options.threads)
    rows, probes, parts, networks = load(device)
    gc.disable()
    with torch.no_grad():
        complete = measure(options, probes, parts, networks, device)
    timed = [row for row in rows if probes[row["file"]].samples()]
    if timed:
        write(options, device, timed, probes)
    if not complete:
        print("interrupted: %d of %d rows have been timed" % (len(timed), len(rows)), file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
)py";
}

} // namespace tessera::latency
