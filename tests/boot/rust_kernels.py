#!/usr/bin/env python3
"""Boots the kernels written in Rust (tests/kernels/rust), which check what they are given.

rust_kernels.py list KERNEL...                                              prints "label row" lines for CMake
rust_kernels.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW  boots one row, FIRMWARE/KERNEL
"""

import json
from pathlib import Path

import machine

SENTINEL = 0xB001B001B001


def boot(arguments, firmware, kernel, directory):
    image, ramdisk, config = (directory / name for name in ("disk.img", "ramdisk", "boot.json"))
    ramdisk.write_bytes(b"Hello, ramdis")
    config.write_text(json.dumps({"_test_sentinel": SENTINEL}))
    options = ["--config", config] if "api" in kernel else ["--cmdline", "from=rust"]
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / f"{kernel}.elf", image, "--ramdisk", ramdisk, *options)
    return machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware)


def problem(outcome):
    if "BOOT-OK" not in outcome.e9 or "BOOT-ERR" in outcome.e9 or "BOOT-BAD" in outcome.e9:
        return "port E9 has no BOOT-OK, or BOOT-ERR or BOOT-BAD"
    return None if outcome.code == 0 else f"exit code {outcome.code}"


def judge(arguments, directory):
    firmware, kernel = arguments.case.split("/")
    outcome = boot(arguments, firmware, kernel, directory)
    wrong = problem(outcome)
    return wrong and f"{wrong}\n{outcome.describe()}"


if __name__ == "__main__":
    machine.run_cases(
        lambda kernels: [("default", f"{firmware}/{kernel}") for kernel in kernels for firmware in ("bios", "uefi")], judge)  # fmt: skip
