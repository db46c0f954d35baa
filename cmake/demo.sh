#!/bin/bash
# From nothing to a kernel on the screen: installs what is missing, builds, makes an image of the example kernel, boots
# it under both firmwares.
#   cmake/demo.sh [-y] [--gui]     -y: installs without asking; --gui: shows the machines' screens in windows
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/demo
groups=(build run)
yes=()
gui=()
for argument in "$@"; do
    case $argument in
    -y) yes=(-y) ;;
    --gui)
        gui=(--gui)
        groups+=(gui)
        ;;
    *)
        echo "usage: demo.sh [-y] [--gui]" >&2
        exit 2
        ;;
    esac
done

"$root/cmake/install-packages.sh" "${yes[@]}" "${groups[@]}"

mkdir -p "$build"
(cd "$root" && cmake --preset demo && cmake --build --preset demo) >"$build/build.log" 2>&1 || {
    tail -n 30 "$build/build.log" >&2
    echo "The build failed; all of its output: $build/build.log" >&2
    exit 1
}

imgtool=$build/imgtool/imgtool
kernel=$build/kernel-api/example/example.elf
image=$build/example.img
"$imgtool" build-image --quiet --force -o "$image" "$kernel"

# boot NAME FIRMWARE: the serial output live, each line after the firmware's name, without cursor movements.
boot() {
    local escape=$'\033'
    echo "--- $1 ---"
    "$imgtool" run "$image" --firmware "$2" --timeout 180 --screenshot "$build/$2.png" "${gui[@]}" </dev/null 2>&1 |
        sed -u -e "s/$escape\[[0-9;=?]*[A-Za-z]//g" -e 's/\r//g' -e "s/^/[$1] /"
}

result=0
verdicts=()
for firmware in bios uefi; do
    name=SeaBIOS
    [ $firmware = uefi ] && name=OVMF
    if boot "$name" $firmware; then
        verdicts+=("PASS  $name, screenshot: $build/$firmware.png")
    else
        verdicts+=("FAIL  $name")
        result=1
    fi
done

printf '\n'
printf '%s\n' "${verdicts[@]}"
cat <<END

What to try next:
  $imgtool run $image --firmware uefi --gui
  $imgtool build-image YOUR-KERNEL.elf -o your.img
  $root/tests/run.sh --quick
END
exit $result
