#!/usr/bin/env bash
# An image folder that nobody made for this: the stamps of Tux Paint (Debian package tuxpaint-stamps-default, 161 MB; photographs and drawings with
# transparency, many sizes, nested folders). Keeps the categories of 30 PNG files and more. stamps.sh FOLDER
set -euo pipefail
target=$(realpath -m "${1:?a folder to make}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
apt-get -q download tuxpaint-stamps-default >/dev/null
dpkg-deb -x tuxpaint-stamps-default_*.deb .
mkdir -p "$target"
for category in usr/share/tuxpaint/stamps/*/; do
    if [ "$(find "$category" -name '*.png' | wc -l)" -ge 30 ]; then cp -r "$category" "$target/"; fi
done
find "$target" -name '*.png' | wc -l
