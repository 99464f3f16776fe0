#!/usr/bin/env bash
# Images per second of forward passes, as built and fused, beside torchvision's: same libtorch, as many threads, channels-last,
# alternating rounds.
#
#   benchmarks/inference-speed.sh [NETWORK [ROUNDS [SECONDS [BATCH…]]]]     default: resnet50, 5 rounds of 8 s, batches of 1 and 16
#
# Needs Debian's python3-torch and python3-torchvision, and ./build.sh train or test to have run once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly network=${1:-resnet50} rounds=${2:-5} seconds=${3:-8}
batches=("${@:4}")
[ ${#batches[@]} -gt 0 ] || batches=(1 16)
readonly threads=$(nproc)
dotnet build benchmarks/InferenceSpeed -c Release --nologo -v quiet >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ours() { artifacts/bin/InferenceSpeed/release/Benchmarks.InferenceSpeed "$network" "$1" "$2" "$seconds"; }
theirs() { /usr/bin/python3 -W ignore benchmarks/inference_reference.py "$network" "$1" "$2" "$seconds" "$threads"; }

printf '%-6s %-6s %6s %10s %10s %7s\n' round kind batch ours PyTorch ratio
for round in $(seq "$rounds"); do
  for batch in "${batches[@]}"; do
    for kind in plain fused; do
      # Each goes first in every other round.
      if [ $((round % 2)) = 1 ]; then a=$(ours $kind "$batch") b=$(theirs $kind "$batch"); else b=$(theirs $kind "$batch") a=$(ours $kind "$batch"); fi
      awk -v r="$round" -v k=$kind -v n="$batch" -v a="$a" -v b="$b" 'BEGIN { printf "%-6s %-6s %6s %10.2f %10.2f %7.3f\n", r, k, n, a, b, a / b }' | tee -a "$work/rounds"
    done
  done
done
for batch in "${batches[@]}"; do
  for kind in plain fused; do
    for column in 4 5 6; do
      awk -v k=$kind -v n="$batch" -v c=$column '$2 == k && $3 == n { print $c }' "$work/rounds" | sort -g |
        awk -v what="$kind, batch $batch, $(echo ours PyTorch ratio | cut -d' ' -f$((column - 3)))" \
          '{ v[NR] = $1 } END { printf "%s: median %s (%s to %s)\n", what, v[int((NR + 1) / 2)], v[1], v[NR] }'
    done
  done
done
