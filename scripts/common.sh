# Sourced by the scripts: steps with their times, failures in one line.

started=$SECONDS

# clock SECONDS: as 7 s or 3:20 min.
clock() { if [ "$1" -lt 60 ]; then echo "$1 s"; else printf '%d:%02d min\n' $(($1 / 60)) $(($1 % 60)); fi; }
step() { step_started=$SECONDS; echo "==> $*" >&2; }
finished() { echo "    done in $(clock $((SECONDS - step_started)))" >&2; }
# fail MESSAGE [STATUS]
fail() { echo "error: $1" >&2; exit "${2:-1}"; }
# The comment at the top of a script.
usage() { sed -n '2,/^[^#]/ { s/^# \{0,1\}//p }' "$1"; }
# Runs a command with its output in $log; a failure ends the script with the log's most telling line.
logged() {
    local status=0 line
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ $status = 0 ] && return
    line=$(grep -iE '^(E:|ERROR:|error:|fatal)|error:' "$log" | tail -n 1 || true)
    [ -n "$line" ] || line=$(tail -n 1 "$log")
    fail "'$1 ${2-} ${3-}' failed with status $status: ${line#ERROR: } (all of it: $log)"
}

# How many compilers may run at once: one a core, each with 2 GB of the memory that is free.
jobs() {
    local cores memory
    cores=$(nproc)
    memory=$(awk '/^MemAvailable:/ { print int($2 / 2097152) }' /proc/meminfo 2>/dev/null || echo "$cores")
    [ "$memory" -lt "$cores" ] && cores=$memory
    [ "$cores" -ge 1 ] || cores=1
    echo "${TESSERA_JOBS:-$cores}"
}

# build PRESET [TARGETS...]: configures and builds in build/PRESET; shows warnings, errors and every tenth of the way.
build() {
    local preset=$1 line status done_ total tenth=-1; shift
    local targets=()
    [ $# = 0 ] || targets=(--target "$@")
    mkdir -p "build/$preset"
    log=build/$preset/configure.log
    step "Configuring build/$preset"
    logged cmake --preset "$preset"
    finished
    step "Building ${*:-everything} in build/$preset with $(jobs) jobs"
    set +e
    NINJA_STATUS='[%f/%t] ' cmake --build "build/$preset" --parallel "$(jobs)" "${targets[@]}" 2>&1 </dev/null |
        while IFS= read -r line; do
            if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\  ]]; then
                done_=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
                if ((done_ * 10 / total > tenth)); then
                    tenth=$((done_ * 10 / total))
                    echo "    $done_ of $total, $(clock $((SECONDS - step_started)))" >&2
                fi
            elif [[ $line != 'ninja: '* ]]; then
                printf '%s\n' "$line" >&2
            fi
        done
    status=${PIPESTATUS[0]}
    set -e
    [ "$status" = 0 ] || fail "the build failed; 'cmake --build build/$preset' repeats it"
    finished
}
