#!/usr/bin/env bash
# Train the femur networks as the shipped ones were: simulated samples, then both networks side by side, then the bundle.
# Run it again to go on where it stopped. Further options go to every step, such as: --minutes 60
# Usage: train_femur.sh OSTEOSCREEN RUN LABEL_MAPS REAL [OPTION...]      (LABEL_MAPS and REAL may be empty)
set -euo pipefail
osteoscreen=$1 run=$2 label_maps=$3 real=$4
shift 4

options=(--out "$run")
[ -z "$label_maps" ] || options+=(--label-maps "$label_maps")
[ -z "$real" ] || options+=(--real "$real")
options+=("$@")

# Linux: without these, each step gives hundreds of MB back to the system and asks for them again, in small pages. That
# takes half of the time of a step on a CPU.
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=20000000000
mkdir -p "$run"

echo "== Simulated samples"
"$osteoscreen" train segmentation "${options[@]}" --only pool
echo "== Both networks, one process each (curves: $run/coarse/curve.csv, $run/fine/curve.csv)"
"$osteoscreen" train segmentation "${options[@]}" --only coarse >"$run/coarse.log" 2>&1 &
coarse=$!
trap 'kill "$coarse" 2>/dev/null || true' EXIT
"$osteoscreen" train segmentation "${options[@]}" --only fine
wait "$coarse" || { cat "$run/coarse.log" >&2; exit 1; }
trap - EXIT
echo "== Bundle"
"$osteoscreen" train segmentation "${options[@]}" --only export
