#!/usr/bin/env bash
# Fine-tuning from the library against training from scratch: the same networks, images, batch and augmentation.
#
#   docs/experiments/from_library.sh RUN OUT [EPOCHS] [SEED ...]     RUN: a finished run of configs/quickstart.yaml
#
# From the library: models/<id>/metrics.csv of the run (initial accuracy: models.csv). From scratch: the network's architecture is taught as a
# reference of its own, for 40 epochs (or EPOCHS), with the reference's schedule and rate. Writes OUT/from_library.csv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
run=$1 out=$2 epochs=${3:-40}
seeds=("${@:4}")
[ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3)
mkdir -p "$out"
python3 - "$run" <<'P' > "$out/picked.txt"
import csv, sys
for row in csv.DictReader(open(sys.argv[1] + "/models/models.csv")):
    if row["group"] == "front":
        print(row["id"] + "\t" + row["architecture"])
P
while IFS=$'\t' read -r id architecture; do
    overrides=() block=0
    while IFS= read -r choice; do
        overrides+=(--set "space.blocks[$block].reference='$choice'")
        block=$((block + 1))
    done < <(sed 's/ | /\n/g' <<<"$architecture")
    for seed in "${seeds[@]}"; do
        build/release/tessera teach configs/quickstart.yaml --quiet --run "$out/scratch-$id-$seed" --seed $seed \
            --set teach.epochs="$epochs" "${overrides[@]}" >/dev/null </dev/null
    done
done < "$out/picked.txt"
python3 - "$run" "$out" <<'P'
import csv, glob, sys
run, out = sys.argv[1:]
def accuracy(path):
    return [float(r["validation_accuracy"]) for r in csv.DictReader(open(path))]
with open(out + "/from_library.csv", "w") as file:
    file.write("id,macs,initial,library_epochs,library_accuracy,seed,scratch_accuracy_after_as_many,scratch_epochs_to_equal\n")
    for row in csv.DictReader(open(run + "/models/models.csv")):
        if row["group"] != "front":
            continue
        tuned = accuracy(f"{run}/models/{row['id']}/metrics.csv")
        for path in sorted(glob.glob(f"{out}/scratch-{row['id']}-*/teach/metrics.csv")):
            scratch = accuracy(path)
            equal = next((i + 1 for i, a in enumerate(scratch) if a >= tuned[-1]), "")
            file.write(",".join(map(str, [row["id"], row["macs"], row["initial_accuracy"], len(tuned), tuned[-1],
                                          path.split("/")[-3].split("-")[-1], scratch[len(tuned) - 1], equal])) + "\n")
P
cat "$out/from_library.csv"
