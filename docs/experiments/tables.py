#!/usr/bin/env python3
"""Tables and figures of an experiment page from a run's raw artefacts.

    docs/experiments/tables.py collect RUN docs/experiments/data/NAME   # keeps the small artefacts (no weights)
    docs/experiments/tables.py show docs/experiments/data/NAME          # prints the page's tables as Markdown

Needs nothing but Python's standard library. Kendall's tau is computed here anew, independently of the program.
"""
import csv
import json
import pathlib
import shutil
import sys

KEPT = ["config.yaml", "log.jsonl", "teach/metrics.csv", "teach/metrics.svg", "teach/result.json", "library/library.csv",
        "library/learning_rate.json", "latency/cpu.yaml", "latency/cuda.yaml", "samples/samples.csv", "predictor/predictor.json",
        "predictor/honesty.json", "predictor/predicted.csv", "predictor/predicted.svg", "search/front.csv", "search/front.json",
        "search/front.svg", "search/hypervolume.csv", "models/models.csv", "export/exports.csv"]


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def table(header, lines):
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def percent(text, digits=2):
    return f"{100 * float(text):.{digits}f} %"


def tau(a, b):
    """Kendall's tau-b by counting pairs."""
    agree = ties_a = ties_b = pairs = 0
    for i in range(len(a)):
        for j in range(i):
            x, y = (a[i] > a[j]) - (a[i] < a[j]), (b[i] > b[j]) - (b[i] < b[j])
            agree += x * y
            ties_a += x == 0
            ties_b += y == 0
            pairs += 1
    scale = ((pairs - ties_a) * (pairs - ties_b)) ** 0.5
    return agree / scale if scale else float("nan")


def collect(run, folder):
    run, folder = pathlib.Path(run), pathlib.Path(folder)
    for name in KEPT:
        if (run / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(run / name, folder / name)
    for metrics in sorted(run.glob("models/*/metrics.csv")):
        target = folder / metrics.relative_to(run)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(metrics, target)


def show(folder):
    folder = pathlib.Path(folder)
    epochs = rows(folder / "teach/metrics.csv")
    print(f"Reference: {percent(epochs[-1]['validation_accuracy'])} validation accuracy after {len(epochs)} epochs "
          f"({sum(float(e['seconds']) for e in epochs) / 60:.1f} minutes).\n")

    print("### Library\n")
    blocks = {}
    for row in rows(folder / "library/library.csv"):
        blocks.setdefault(row["block"], []).append(row)
    lines = []
    for name, entries in blocks.items():
        trained = sorted(float(e["nsr"]) for e in entries if e["status"] == "trained")
        lines.append([name, str(len(entries)), f"{trained[0]:.3f}", f"{trained[len(trained) // 2]:.3f}", f"{trained[-1]:.3f}"])
    table(["block", "choices", "lowest NSR", "median", "highest"], lines)

    print("### Predictor, on networks it was not fitted on\n")
    honesty = json.loads((folder / "predictor/honesty.json").read_text())
    predicted = rows(folder / "predictor/predicted.csv")
    again = tau([float(r["predicted"]) for r in predicted], [float(r["accuracy"]) for r in predicted])
    table(["samples", "tau-b", "tau-b counted anew", "rho", "RMSE, points", "guessing the mean", "inside the interval"],
          [[str(honesty["samples"]), f"{honesty['tau']:.3f}", f"{again:.3f}", f"{honesty['rho']:.3f}", f"{100 * honesty['rmse']:.2f}",
            f"{100 * honesty['baseline_rmse']:.2f}", percent(honesty["covered"], 0)]])
    table(["form", "target", "leave-one-out RMSE, points", "tau-b"],
          [[c["form"], c["target"], f"{100 * c['rmse']:.2f}", f"{c['tau']:.3f}" if c["tau"] is not None else "-"]
           for c in honesty["compared"]])

    print("### Trained networks: predicted beside obtained\n")
    models = rows(folder / "models/models.csv")
    lines, accuracy_errors, latency_errors = [], {}, {}
    for m in models:
        obtained, expected = float(m["validation_accuracy"]), float(m["predicted_accuracy"])
        accuracy_errors.setdefault(m["group"], []).append(abs(obtained - expected))
        latency = ["-", "-"]
        if m.get("measured_latency_cpu_ms"):
            a, b = float(m["predicted_latency_cpu_ms"]), float(m["measured_latency_cpu_ms"])
            latency_errors.setdefault(m["group"], []).append(abs(a / b - 1))
            latency = [f"{a:.3f}", f"{b:.3f}"]
        lines.append([m["group"], f"`{m['id']}`", percent(expected), percent(m["initial_accuracy"]), percent(obtained),
                      percent(m["test_accuracy"]), f"{float(m['macs']) / 1e6:.1f} M"] + latency)
    table(["from", "network", "predicted", "from the library, untuned", "validation", "test", "MACs", "predicted ms", "measured ms"], lines)
    for group in accuracy_errors:
        chosen = [m for m in models if m["group"] == group]
        order = tau([float(m["predicted_accuracy"]) for m in chosen], [float(m["validation_accuracy"]) for m in chosen])
        times = latency_errors.get(group)
        print(f"- {group}: mean error {100 * sum(accuracy_errors[group]) / len(accuracy_errors[group]):.2f} points"
              + (f", {100 * sum(times) / len(times):.1f} % of latency" if times else "")
              + (f"; tau-b of predicted and obtained order {order:.2f}" if len(chosen) > 1 else ""))
    print()


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "collect":
        collect(*sys.argv[2:])
    elif len(sys.argv) == 3 and sys.argv[1] == "show":
        show(sys.argv[2])
    else:
        sys.exit(__doc__)
