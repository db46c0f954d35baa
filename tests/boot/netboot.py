#!/usr/bin/env python3
"""Boots over the network, from directories that imgtool build-netboot makes; QEMU itself answers DHCP and TFTP.

netboot.py list KERNEL...                                              prints "label row" lines for CMake
netboot.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW  boots one row, FIRMWARE/CARD/KERNEL

The BIOS rows use the ROM that belongs to the card. The kernel checks ramdisk, module and boot info itself.
"""

import json
from pathlib import Path

import machine

CARDS = ("virtio", "e1000", "e1000e", "rtl8139", "pcnet", "ne2k", "vmxnet3", "eepro100")
RAMDISK_SIZE = 300001
MODULE_SIZE = 70000
API_RAMDISK = b"Hello, ramdis"
DEFAULT = {
    "bios/virtio/conformance",
    "bios/e1000/conformance-pie",
    "bios/rtl8139/api-ramdisk",
    "uefi/virtio/conformance-high",
    "uefi/e1000/api-16",
}


def all_rows(kernels):
    for firmware in ("bios", "uefi"):
        for card in CARDS:
            yield f"{firmware}/{card}/conformance"
        for kernel in kernels:
            for card in ("virtio", "e1000", "rtl8139"):
                if card == "virtio" or f"{firmware}/{card}/{kernel}" in DEFAULT:
                    yield f"{firmware}/{card}/{kernel}"


def rows(kernels):
    for row in dict.fromkeys(all_rows(kernels)):
        yield "default" if row in DEFAULT else "full", row


def api_options(kernel, directory):
    if kernel not in ("api-ramdisk", "api-fixed"):
        return []
    ramdisk = directory / "ramdisk"
    ramdisk.write_bytes(API_RAMDISK)
    return ["--ramdisk", ramdisk]


def conformance_options(firmware, directory):
    ramdisk = machine.write_payload(directory, RAMDISK_SIZE, 1)
    module = machine.write_payload(directory, MODULE_SIZE, 2)
    words = f"firmware={firmware} source=network ramdisk={RAMDISK_SIZE} modules=1"
    return ["--ramdisk", ramdisk, "--module", f"{module}:one:first module", "--cmdline", machine.command_line(words)]


def build_options(firmware, kernel, directory):
    if "sentinel" in kernel:
        config = directory / "boot.json"
        config.write_text(json.dumps({"_test_sentinel": 0xB001B001B001}))
        return ["--config", config]
    return api_options(kernel, directory) if kernel.startswith("api-") else conformance_options(firmware, directory)


def boot(arguments, firmware, card, kernel, directory):
    target = directory / "net,boot"  # a comma, which QEMU would divide at
    machine.build_netboot(arguments.imgtool, Path(arguments.kernels) / f"{kernel}.elf", target,
                          *build_options(firmware, kernel, directory))  # fmt: skip
    return machine.run_qemu(arguments.imgtool, target, directory, "--firmware", firmware, "--nic", card)


def problem(outcome):
    if "BOOT-OK" not in outcome.e9 or "BOOT-ERR" in outcome.e9:
        return "port E9 has no BOOT-OK, or BOOT-ERR"
    return None if outcome.code == 0 else f"exit code {outcome.code}"


def judge(arguments, directory):
    outcome = boot(arguments, *arguments.case.split("/"), directory)
    wrong = problem(outcome)
    return wrong and f"{wrong}\n{outcome.describe()}"


if __name__ == "__main__":
    machine.run_cases(rows, judge)
