#!/bin/bash
# Sets up the machine, builds, runs the tests; the last line is "N passed, N failed, N skipped".
#   tests/run.sh [--quick|--full] [-y]
# --quick: unit tests and a few boots, under a minute; default: the pairwise table of boots too, at most half an hour on
# two cores; --full: the cross products, hours. -y: installs missing packages without asking. With CI=true in the
# environment a skipped test is a failure. What failed tests said: build/PRESET/failed/.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
extent=default
yes=()
for argument in "$@"; do
    case $argument in
    --quick) extent=quick ;;
    --full) extent=full ;;
    -y) yes=(-y) ;;
    *)
        echo "usage: run.sh [--quick|--full] [-y]" >&2
        exit 2
        ;;
    esac
done

"$root/cmake/install-packages.sh" "${yes[@]}" build run test
if [ $extent != quick ]; then
    "$root/cmake/fetch-kernels.sh" || true # the tests that need them say what is missing
fi

jobs=$(nproc)
reports=()
# run PRESET UNIT-TESTS CTEST-OPTION...: builds the preset, with or (OFF) without unit tests, and runs those of its tests.
run() {
    local preset=$1 build=$root/build/$1 unit_tests=$2
    shift 2
    rm -rf "$build/failed"
    mkdir -p "$build"
    echo "=== $preset: build"
    (cd "$root" && cmake --preset "$preset" -D STAGECOACH_UNIT_TESTS="$unit_tests" &&
        cmake --build --preset "$preset" -j "$jobs") >"$build/build.log" 2>&1 || {
        tail -n 50 "$build/build.log"
        echo "The build of preset '$preset' failed; all of its output: $build/build.log"
        echo "0 passed, 1 failed, 0 skipped"
        exit 1
    }
    echo "=== $preset: test"
    rm -f "$build/tests.xml"
    # Its exit code is not looked at: the report says more.
    ctest --test-dir "$build" -j "$jobs" --output-on-failure --output-junit "$build/tests.xml" \
        "$@" </dev/null || true
    reports+=("$build/tests.xml")
}

# Labels: quick; boot, for what starts a machine; full, for what only --full runs. Unit tests have sanitizers in every
# preset; the preset adds them to imgtool.
case $extent in
quick) run release ON -L '^quick$' ;;
default)
    run sanitize ON -LE '^(boot|full)$'
    run release OFF -L '^boot$' -LE '^full$'
    ;;
full)
    run sanitize ON -LE '^boot$'
    run release OFF -L '^boot$'
    ;;
esac
python3 "$root/tests/summary.py" "${reports[@]}"
