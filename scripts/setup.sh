#!/usr/bin/env bash
# Installs what Tessera needs and is not there yet: Debian packages, and LibTorch 2.11.0 from PyPI unless there is one
# already (LIBTORCH_ROOT, Torch_DIR, CMAKE_PREFIX_PATH or the torch of the active Python; see cmake/FindLibTorch.cmake).
# Does nothing the second time. quickstart.sh and test.sh call it; it can be run alone.
#
#   scripts/setup.sh [--cuda] [--python-torch]
#     --cuda          also the CUDA libraries that LibTorch needs on a GPU (2.6 GB more)
#     --python-torch  also Debian's PyTorch and Pillow, with which the tests use exported files (0.6 GB)
#
# LibTorch goes to ${TESSERA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tessera}/libtorch-2.11.0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/common.sh

cuda= python_torch=
for argument; do
    case $argument in
        --cuda) cuda=1 ;;
        --python-torch) python_torch=1 ;;
        -h|--help) usage "${BASH_SOURCE[0]}"; exit 0 ;;
        *) fail "unknown option $argument; scripts/setup.sh --help lists them" 2 ;;
    esac
done

cache=${TESSERA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tessera}
mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ] || fail "cannot write to $cache; name another folder with TESSERA_CACHE"
log=$cache/setup.log
exec 9>"$cache/.lock"
if command -v flock >/dev/null && ! flock -n 9; then
    echo "    waiting for another set-up to end" >&2
    flock 9
fi

# --- Debian packages -------------------------------------------------------------------------------------------------

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# install_packages WHAT PACKAGES...: those of the packages that are missing.
install_packages() {
    local what=$1 missing=() package; shift
    for package; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
            installed) ;;
            *) missing+=("$package") ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        fail "missing packages: ${missing[*]}; run this as root, or install sudo"
    step "Debian packages for $what: ${missing[*]}"
    logged as_root apt-get -q update
    logged as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"
    finished
}

# at_least VERSION COMMAND...: whether the first version number that the command prints is that or a later one.
at_least() {
    local wanted=$1 found; shift
    found=$("$@" 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1) && [ -n "$found" ] &&
        [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ]
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    packages=(libtbb-dev libyaml-cpp-dev libboost-program-options-dev libfmt-dev libspdlog-dev nlohmann-json3-dev
        libeigen3-dev libjpeg62-turbo-dev libpng-dev libgtest-dev libgmock-dev libbenchmark-dev)
    at_least 11 "${CXX:-g++}" -dumpfullversion -dumpversion || command -v "${CXX:-g++}" >/dev/null || packages+=(g++)
    at_least 3.22 cmake --version || packages+=(cmake)
    command -v ninja >/dev/null || packages+=(ninja-build)
    command -v ccache >/dev/null || packages+=(ccache)
    install_packages "the build" "${packages[@]}"
    if [ -n "$python_torch" ] && ! python3 -c 'import torch' 2>/dev/null && ! /usr/bin/python3 -c 'import torch' 2>/dev/null; then
        install_packages "using exported files in Python (tests only)" python3-torch
    fi
    # Pillow for whichever Python has torch: Debian's for Debian's.
    if [ -n "$python_torch" ] && ! python3 -c 'import torch, PIL' 2>/dev/null && /usr/bin/python3 -c 'import torch' 2>/dev/null; then
        install_packages "reading images in Python (tests only)" python3-pil
    fi
else
    echo "    not a Debian system: its packages are left to you (CONTRIBUTING.md names them)" >&2
fi
at_least 3.22 cmake --version || fail "CMake 3.22 or later is needed; $(command -v cmake || echo 'none') is found first in PATH"

# --- LibTorch --------------------------------------------------------------------------------------------------------

version=2.11.0
private=$cache/libtorch-$version

# pip_install FOLDER REQUIREMENTS...: wheels for Python 3.11 on this processor, whichever Python runs pip.
pip_install() {
    local folder=$1 python= p platform platforms=(); shift
    for p in python3 /usr/bin/python3; do
        if at_least 21 "$p" -m pip --version; then python=$p; break; fi
    done
    [ -n "$python" ] || fail "pip is needed to install LibTorch; install it, or name your LibTorch with LIBTORCH_ROOT"
    for platform in manylinux_2_{28..17} manylinux2014; do
        platforms+=(--platform "${platform}_$(uname -m)")
    done
    logged "$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-input \
        --no-cache-dir --no-compile --target "$folder" --only-binary=:all: \
        --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none "${platforms[@]}" "$@"
}

# Refuses a LibTorch that names libraries which are not there.
check_libraries() {
    local missing
    missing=$(ldd "$1" | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | sort -u | tr '\n' ' ')
    [ -z "$missing" ] || fail "$1 needs libraries that were not found: $missing"
}

# Python packages are installed beside and renamed: a folder of the final name is always whole.
take_in() {
    rm -rf "$private.old"
    if [ -e "$private" ]; then mv "$private" "$private.old"; fi
    mv "$1" "$private"
    rm -rf "$private.old"
}

found= kind=
while IFS='|' read -r what a b c; do
    case $what in
        note) echo "    $a" >&2 ;;
        error) fail "$a" 2 ;;
        found) found=$a; kind=$c; found_version=$b ;;
    esac
done < <(cmake -P cmake/FindLibTorch.cmake)

if [ -z "$found" ]; then
    free_kb=$(df -Pk "$cache" | awk 'NR == 2 { print $4 }')
    [ "$free_kb" -gt $((2 * 1024 * 1024)) ] ||
        fail "LibTorch takes 2 GB in $cache, where $((free_kb / 1024)) MB are free; name another folder with TESSERA_CACHE"
    rm -rf "$cache"/libtorch-*.part.*
    part=$private.part.$$
    trap 'rm -rf "$part"' EXIT
    if ! at_least 21 python3 -m pip --version && ! at_least 21 /usr/bin/python3 -m pip --version && command -v apt-get >/dev/null; then
        install_packages "pip" python3-pip ca-certificates
    fi
    step "LibTorch $version into $private (0.55 GB to load)"
    pip_install "$part" --no-deps "torch==$version" 'nvidia-cuda-runtime==13.*' 'nvidia-cuda-cupti==13.*'
    [ -e "$part/torch/lib/libtorch_cpu.so" ] || fail "the torch $version that pip installed holds no libtorch_cpu.so"
    check_libraries "$part/torch/lib/libtorch_cpu.so"
    take_in "$part"
    trap - EXIT
    finished
    found=$private/torch kind=tessera found_version=$version
fi

if [ -n "$cuda" ] && [ "$kind" != tessera ]; then
    echo "    LibTorch $found_version in $found is your own (found by $kind): its CUDA libraries are left to you" >&2
elif [ -n "$cuda" ] && [ ! -e "$private/.cuda" ]; then
    # What the wheel says it needs on Linux, less what only Python uses. The libraries replace the two installed before:
    # they are one set, made for each other.
    mapfile -t needed < <(sed -n 's/^Requires-Dist: \([^;]*\); platform_system == "Linux"$/\1/p' \
        "$private"/torch-*.dist-info/METADATA | grep -vE '^(triton|cuda-bindings)')
    [ ${#needed[@]} -gt 0 ] || fail "the torch in $private names no CUDA libraries: it is not a CUDA build"
    part=$private.part.$$ extra=$private.part.$$.cuda
    trap 'rm -rf "$part" "$extra"' EXIT
    step "CUDA libraries for LibTorch: ${needed[*]}"
    pip_install "$extra" "${needed[@]}"
    cp -al "$private" "$part" 2>/dev/null || { rm -rf "$part"; cp -a "$private" "$part"; }
    rm -rf "$part"/nvidia "$part"/nvidia_*.dist-info
    mv "$extra"/* "$part"/
    check_libraries "$part/torch/lib/libtorch_cpu.so"
    touch "$part/.cuda"
    take_in "$part"
    rm -rf "$extra"
    trap - EXIT
    finished
fi
