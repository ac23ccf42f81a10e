#!/usr/bin/env bash
# Constructed networks against worst-case, random and hand-built ones: equal depth and about equal parameters, identical training.
#
#   docs/experiments/constructed.sh IMAGES OUT [SEED ...]     IMAGES: CIFAR-10 as train/<class>/*, test/<class>/*
#
# Goes on where it was interrupted. Writes OUT/constructed.csv: a row a network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
images=$1 out=$(realpath -m "$2")
seeds=("${@:3}")
[ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3 4 5)
tessera=${TESSERA:-build/release/tessera} # THREADS: of each training (0: one a core)
run() { # STAGE FOLDER SEED OVERRIDES...
    "$tessera" "$1" docs/experiments/constructed.yaml --quiet --threads "${THREADS:-0}" --run "$out/$2" --seed "$3" --set data.path="$images" \
        --set data.cache="$out/cache" "${@:4}" >/dev/null </dev/null
}
mkdir -p "$out"
for seed in "${seeds[@]}"; do
    run construct constructed-"$seed" "$seed"
    for baseline in random hand_built; do # of what has grown: its growth is taken over
        mkdir -p "$out/$baseline-$seed"
        cp -rn "$out/constructed-$seed/construct" "$out/$baseline-$seed/"
        run construct $baseline-"$seed" "$seed" --set construct.reference=$baseline
        run teach $baseline-"$seed" "$seed" --set construct.reference=$baseline
    done
    run teach constructed-"$seed" "$seed"
    run construct worst_case-"$seed" "$seed" --set construct.worst_case=true
    run teach worst_case-"$seed" "$seed" --set construct.worst_case=true
    python3 - "$out" <<'P'
import glob, json, sys
out = sys.argv[1]
with open(out + "/constructed.csv", "w") as file:
    file.write("network,seed,parameters,macs,validation_accuracy,construction_steps\n")
    for path in sorted(glob.glob(out + "/*/teach/result.json")):
        name, seed = path.split("/")[-3].rsplit("-", 1)
        taught = json.load(open(path))
        grown = json.load(open(path.replace("teach/", "construct/")))
        steps = sum(row["steps"] for row in grown["iterations"])
        file.write(f"{name},{seed},{grown['parameters']},{grown['macs']},{taught['validation_accuracy']},{steps}\n")
P
done
python3 - "$out/constructed.csv" <<'P'
import csv, math, statistics, sys
T = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}  # 97.5 % of Student's t
rows = list(csv.DictReader(open(sys.argv[1])))
reached = {(r["network"], r["seed"]): 100 * float(r["validation_accuracy"]) for r in rows}
parameters = {(r["network"], r["seed"]): float(r["parameters"]) for r in rows}
def interval(values):
    half = T[len(values) - 1] * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.inf
    return statistics.mean(values), half
for name in ("constructed", "random", "hand_built", "worst_case"):
    seeds = sorted(s for n, s in reached if n == name and ("constructed", s) in reached)
    if not seeds:
        continue
    own = [reached[name, s] for s in seeds]
    ahead = [reached["constructed", s] - reached[name, s] for s in seeds]
    size = [parameters[name, s] / parameters["constructed", s] for s in seeds]
    print("%-12s %d seeds  %5.2f +- %.2f %%  constructed is ahead by %5.2f +- %.2f  parameters x %.3f to %.3f"
          % (name, len(seeds), *interval(own), *interval(ahead), min(size), max(size)))
P
