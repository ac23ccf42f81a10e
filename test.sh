#!/usr/bin/env bash
# Installs what is missing, builds everything and runs the tests.
#
#   ./test.sh [--preset NAME] [--python-torch] [fast|slow] [OPTION OF ctest ...]
#     fast, slow      only the tests of that tier (fast: seconds each; slow: whole runs of the program)
#     --preset        release (unless told), dev, asan-ubsan or tsan
#     --python-torch  installs Debian's PyTorch and Pillow (0.6 GB), without which the tests that use exported files in Python skip;
#                     continuous integration (CI=true) always has it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source scripts/common.sh

preset=release setup=() options=()
case ${CI:-} in '' | 0 | false) ;; *) setup+=(--python-torch) ;; esac
while [ $# -gt 0 ]; do
    case $1 in
        --preset) preset=${2:?--preset needs a name}; shift ;;
        --python-torch) setup+=(--python-torch) ;;
        fast|slow) options+=(-L "^$1\$") ;;
        -h|--help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        *) options+=("$1") ;;
    esac
    shift
done

scripts/setup.sh "${setup[@]}"
build "$preset"
# Two tests at a time share the cores: waiting threads must not spin.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY-passive}
step "Testing build/$preset, $(clock $((SECONDS - started))) after the start"
exec ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --parallel "$(nproc)" "${options[@]}"
