#!/bin/bash
# Measures boot time, throughput and image building beside GRUB, the firmware alone and other builders, in one session.
#   tests/bench/run.sh [--quick] [--suite NAME]...      results: build/release/bench/results.json and two pictures
# Needs the groups build, run and bench: cmake/install-packages.sh build run bench
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"
cmake --preset release >/dev/null
cmake --build --preset release --target imgtool bench_floor_bios bench_floor_uefi
exec python3 tests/bench/bench.py --build "$top/build/release" --source "$top" --output "$top/build/release/bench" "$@"
