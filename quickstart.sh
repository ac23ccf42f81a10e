#!/usr/bin/env bash
# From a bare Debian 12 (as root, or with sudo) to a Pareto front of trained, exported networks: installs what is missing,
# builds, runs configs/quickstart.yaml and says where things are. Repeating it repeats only what is not done yet.
#
#   ./quickstart.sh [--cuda] [--build-only] [OPTION OF tessera run ...]
#     --cuda        also installs the CUDA libraries for a GPU (2.6 GB more)
#     --build-only  stops once build/release/tessera is there
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source scripts/common.sh

setup=() build_only= options=() run=runs/quickstart
while [ $# -gt 0 ]; do
    case $1 in
        --cuda) setup+=(--cuda) ;;
        --build-only) build_only=1 ;;
        -h|--help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        --run) run=${2:?--run needs a folder}; options+=("$1" "$2"); shift ;;
        --run=*) run=${1#--run=}; options+=("$1") ;;
        *) options+=("$1") ;;
    esac
    shift
done

scripts/setup.sh "${setup[@]}"
build release tessera
if [ -n "$build_only" ]; then exit 0; fi

step "build/release/tessera run configs/quickstart.yaml ${options[*]}"
status=0
build/release/tessera run configs/quickstart.yaml "${options[@]}" || status=$?
[ $status = 0 ] || exit $status
finished

echo "All took $(clock $((SECONDS - started))). Where things are:" >&2
show() { if [ -e "$2" ]; then printf '    %-34s %s\n' "$2" "$1" >&2; fi; }
show "the program (--help lists its commands)" build/release/tessera
show "what was run; copy it to start your own" configs/quickstart.yaml
show "the whole run on one page" "$run/report/report.html"
show "the Pareto front as a table" "$run/search/front.csv"
show "the Pareto front as a picture" "$run/search/front.svg"
show "the fine-tuned networks" "$run/models/models.csv"
show "the exported networks" "$run/export"
