#!/usr/bin/env python3
"""What the log writes, and that switched off it writes nothing before the kernel: on COM1, on port E9, on the screen.

quiet.py list                                                            prints "label row" lines for CMake
quiet.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW    boots one row, FIRMWARE-CASE
"""

import re
import zlib
from pathlib import Path

import machine

# case: configuration, whether COM1 and E9 get the log, whether the screen does
CASES = {
    "log-on": ("", True, True),
    "level-off": ("log-level off\n", False, False),
    "switched-off": ("log-serial off\nlog-screen off\n", False, False),
    "serial-off": ("log-serial off\n", False, True),
    "screen-off": ("log-screen off\n", True, False),
}
KERNEL = "BOOT-OK smoke"  # the kernel's only words, on COM1 and port E9


def rows():
    for case in CASES:
        yield "default", f"bios-{case}"
        yield "default" if case == "level-off" else "full", f"uefi-{case}"


def is_black(picture):
    """Of a PNG: whether every byte of every row is 0, whatever filter its row has."""
    data, at, packed = picture.read_bytes(), 8, b""
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IHDR":
            width, depth, kind = int.from_bytes(data[at + 8 : at + 12], "big"), data[at + 16], data[at + 17]
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + size]
        at += 12 + size
    assert (depth, kind) == (8, 2), "not a PNG of 24 bits a pixel"
    raw, row = zlib.decompress(packed), 1 + 3 * width
    return not any(any(raw[start + 1 : start + row]) for start in range(0, len(raw), row))


def before_kernel(text, firmware):
    """What was written before the kernel's words, without what OVMF itself writes to COM1."""
    said = text.split(KERNEL)[0]
    if firmware == "uefi":
        said = re.sub(r"\x1b\[[0-9;=]*[A-Za-z]|BdsDxe: [^\r\n]*", "", said)
    return said.strip()


def problem(outcome, firmware, case, picture):
    _, on_serial, on_screen = CASES[case]
    if outcome.code != 0 or KERNEL not in outcome.output or KERNEL not in outcome.e9:
        return f"exit code {outcome.code}, or the kernel said nothing"
    for name, text in (("COM1", outcome.output), ("port E9", outcome.e9)):
        said = before_kernel(text, firmware)
        if on_serial and "[info] starting the kernel" not in said:
            return f"{name} has no log"
        if not on_serial and said != "":
            return f"{name} has {said!r} before the kernel"
    if is_black(picture) == on_screen:
        return "the screen has no log" if on_screen else "there is something on the screen"
    return None


def judge(arguments, directory):
    firmware, case = arguments.case.split("-", 1)
    image, config = directory / "disk.img", directory / "stagecoach.conf"
    # Another mode than the one the machine is in: a firmware that changes it clears its own words and logo.
    config.write_text("video 1024x768\n" + CASES[case][0])
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / "smoke.elf", image, "--config", config)
    outcome = machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware)
    wrong = problem(outcome, firmware, case, directory / "screen.png")
    return wrong and f"{wrong}\n{outcome.describe()}"


if __name__ == "__main__":
    machine.run_cases(rows(), judge)
