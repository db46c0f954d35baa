#!/usr/bin/env python3
"""Boots kernels of the bootloader_api interface; they check their BootInfo themselves (tests/kernels/bootloader_api).

api_kernels.py list KERNEL...                                              prints "label row" lines for CMake
api_kernels.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW  boots one row, FIRMWARE/KERNEL[/MACHINE]
"""

import json
import os
from pathlib import Path

import machine

RAMDISK = b"Hello, ramdis"
SENTINEL = 0xB001B001B001

# A UEFI boot takes seconds: by default one kernel for each layout of BootInfo, and those that wish for addresses.
UEFI_DEFAULT = {"api-0", "api-1", "api-5", "api-16", "api-fixed", "api-base", "api-ramdisk", "api-sentinel-16",
                "api-exec-0xffffffff80000000"}  # fmt: skip


# The smallest of them on machines that lack something, or have more: options of imgtool run.
MACHINES = {
    "6G": ["--memory", "6G"],
    "smp4": ["--smp", "4"],
    "no-serial": ["--no-serial"],
    "no-vga": ["--vga", "none"],
}


def rows(kernels):
    for name in MACHINES:
        yield "default", f"bios/api-16/{name}"
        yield "full", f"uefi/api-16/{name}"
    for kernel in kernels:
        if kernel == "api-ramdisk-1073741824":
            yield "full", f"bios/{kernel}"
            yield "full", f"uefi/{kernel}"
            continue
        yield "default", f"bios/{kernel}"
        yield "default" if kernel in UEFI_DEFAULT else "full", f"uefi/{kernel}"


def machine_options(kernel):
    return ["--memory", "3G"] if kernel == "api-ramdisk-1073741824" else []


def image_options(kernel, directory):
    """What the kernel wants with it, for build-image and build-netboot."""
    options = []
    if kernel.startswith("api-ramdisk-"):
        ramdisk, size = directory / "ramdisk", int(kernel.rsplit("-", 1)[1])
        ramdisk.write_bytes(b"H" if size == 1 else b"")
        os.truncate(ramdisk, size)
        options += ["--ramdisk", ramdisk]
    if kernel in ("api-ramdisk", "api-fixed"):
        ramdisk = directory / "ramdisk"
        ramdisk.write_bytes(RAMDISK)
        options += ["--ramdisk", ramdisk]
    if "sentinel" in kernel:
        config = directory / "boot.json"
        config.write_text(json.dumps({"_test_sentinel": SENTINEL, "log_level": "Info"}))
        options += ["--config", config]
    return options


def boot(arguments, firmware, kernel, options, directory):
    image = directory / "disk.img"
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / f"{kernel}.elf", image,
                        *image_options(kernel, directory))  # fmt: skip
    return machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware, *machine_options(kernel), *options)


def problem(outcome):
    if "BOOT-OK" not in outcome.e9 or "BOOT-ERR" in outcome.e9:
        return "port E9 has no BOOT-OK, or BOOT-ERR"
    return None if outcome.code == 0 else f"exit code {outcome.code}"


def judge(arguments, directory):
    firmware, kernel, *variant = arguments.case.split("/")
    outcome = boot(arguments, firmware, kernel, MACHINES[variant[0]] if variant else [], directory)
    wrong = problem(outcome)
    return wrong and f"{wrong}\n{outcome.describe()}"


if __name__ == "__main__":
    machine.run_cases(rows, judge)
