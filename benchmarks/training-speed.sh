#!/usr/bin/env bash
# Images per second of the main job, decoding included, beside the same recipe in PyTorch fed from memory: same libtorch, as
# many threads, alternating rounds.
#
#   benchmarks/training-speed.sh [ROUNDS [STEPS]]     default: 5 rounds of 60 steps of 128 images
#
# Needs Debian's python3-torch, python3-torchvision and dataset-fashion-mnist, and ./build.sh train to have run once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly rounds=${1:-5} steps=${2:-60} batch=128 classes=10
readonly threads=$(nproc)
readonly imagenette=artifacts/bin/Imagenette/release/imagenette
readonly cache=${RESNET_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/resnet-dotnet}/fashion-mnist
[ -x "$imagenette" ] && [ -d "$cache" ] || { echo 'Run ./build.sh train first: it builds the console and unpacks the images.' >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for folder in "$cache"/train/*; do
  mkdir -p "$work/data/train/$(basename "$folder")" "$work/data/val/$(basename "$folder")"
  find "$folder" -name '*.png' | sort | sed -n "1,$((steps * batch / classes + 1))p" | xargs cp -t "$work/data/train/$(basename "$folder")"
  find "$folder" -name '*.png' | sort | sed -n 1,13p | xargs cp -t "$work/data/val/$(basename "$folder")"
done

ours() {
  rm -rf "$work/run"
  "$imagenette" train --dataset "$work/data" --channels 1 --augmentation None --batch-size $batch --output "$work/run" >/dev/null
  tail -n 1 "$work/run/metrics.csv" | cut -d, -f7
}

reference() { /usr/bin/python3 benchmarks/training_reference.py $((steps * batch)) $batch "$threads"; }

printf '%-6s %10s %10s %7s\n' round ours PyTorch ratio
for round in $(seq "$rounds"); do
  # Each goes first in every other round.
  if [ $((round % 2)) = 1 ]; then a=$(ours) b=$(reference); else b=$(reference) a=$(ours); fi
  awk -v r="$round" -v a="$a" -v b="$b" 'BEGIN { printf "%-6s %10.1f %10.1f %7.3f\n", r, a, b, a / b }' | tee -a "$work/rounds"
done
for column in 2 3 4; do
  awk -v c=$column '{ print $c }' "$work/rounds" | sort -g | awk -v name="$(echo ours PyTorch ratio | cut -d' ' -f$((column - 1)))" \
    '{ v[NR] = $1 } END { printf "%s: median %s (%s to %s)\n", name, v[int((NR + 1) / 2)], v[1], v[NR] }'
done
