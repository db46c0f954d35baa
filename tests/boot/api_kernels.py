#!/usr/bin/env python3
"""Boots kernels of the bootloader_api interface; they check their BootInfo themselves (tests/kernels/bootloader_api).

api_kernels.py list KERNEL...                                              prints "label row" lines for CMake
api_kernels.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW  boots one row, FIRMWARE/KERNEL
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import machine

RAMDISK = b"Hello, ramdis"
SENTINEL = 0xB001B001B001

# A UEFI boot takes seconds: by default one kernel for each layout of BootInfo, and those that wish for addresses.
UEFI_DEFAULT = {"api-0", "api-1", "api-5", "api-16", "api-fixed", "api-base", "api-ramdisk", "api-sentinel-16",
                "api-exec-0xffffffff80000000"}  # fmt: skip


def rows(kernels):
    for kernel in kernels:
        yield "default", f"bios/{kernel}"
        yield "default" if kernel in UEFI_DEFAULT else "full", f"uefi/{kernel}"


def image_options(kernel, directory):
    options = []
    if kernel in ("api-ramdisk", "api-fixed"):
        ramdisk = directory / "ramdisk"
        ramdisk.write_bytes(RAMDISK)
        options += ["--ramdisk", ramdisk]
    if "sentinel" in kernel:
        config = directory / "boot.json"
        config.write_text(json.dumps({"_test_sentinel": SENTINEL, "log_level": "Info"}))
        options += ["--config", config]
    return options


def boot(arguments, firmware, kernel, directory):
    image = directory / "disk.img"
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / f"{kernel}.elf", image,
                        *image_options(kernel, directory))  # fmt: skip
    return machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware)


def problem(outcome):
    if "BOOT-OK" not in outcome.e9 or "BOOT-ERR" in outcome.e9:
        return "port E9 has no BOOT-OK, or BOOT-ERR"
    return None if outcome.code == 0 else f"exit code {outcome.code}"


def main():
    if sys.argv[1:2] == ["list"]:
        for label, name in rows(sys.argv[2:]):
            print(label, name)
        return 0
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--keep")
    parser.add_argument("row")
    arguments = parser.parse_args()
    firmware, kernel = arguments.row.split("/")
    machine.clean_up_when_terminated()
    with tempfile.TemporaryDirectory(prefix="stagecoach-boot-") as name:
        outcome = boot(arguments, firmware, kernel, Path(name))
    wrong = problem(outcome)
    if wrong is not None:
        print(outcome.describe())
        print(f"{arguments.row}: {wrong}")
    return 0 if wrong is None else 1


if __name__ == "__main__":
    sys.exit(main())
