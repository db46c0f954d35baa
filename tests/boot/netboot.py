#!/usr/bin/env python3
"""Boots over the network, from directories that imgtool build-netboot makes; QEMU itself answers DHCP and TFTP.

netboot.py list KERNEL...                                              prints "label row" lines for CMake
netboot.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW  boots one row, FIRMWARE/CARD/KERNEL

The BIOS rows use the ROM that belongs to the card. The kernel checks ramdisk, module and boot info itself.
"""

from pathlib import Path

import api_kernels
import machine

CARDS = ("virtio", "e1000", "e1000e", "rtl8139", "pcnet", "ne2k", "vmxnet3", "eepro100")
RAMDISK_SIZE = 300001
MODULE_SIZE = 70000
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
            if kernel == "api-ramdisk-1073741824":  # blocks beyond 65535 are boot/net-fault's; a GiB takes an emulator minutes
                continue
            for card in ("virtio", "e1000", "rtl8139"):
                if card == "virtio" or f"{firmware}/{card}/{kernel}" in DEFAULT:
                    yield f"{firmware}/{card}/{kernel}"


def rows(kernels):
    for row in dict.fromkeys(all_rows(kernels)):
        yield "default" if row in DEFAULT else "full", row


def conformance_options(firmware, directory):
    ramdisk = machine.write_payload(directory, RAMDISK_SIZE, 1)
    module = machine.write_payload(directory, MODULE_SIZE, 2)
    words = f"firmware={firmware} source=network ramdisk={RAMDISK_SIZE} modules=1"
    return ["--ramdisk", ramdisk, "--module", f"{module}:one:first module", "--cmdline", machine.command_line(words)]


def boot(arguments, firmware, card, kernel, directory):
    target = directory / "net,boot"  # a comma, which QEMU would divide at
    is_api = kernel.startswith("api-")
    options = api_kernels.image_options(kernel, directory) if is_api else conformance_options(firmware, directory)
    machine.build_netboot(arguments.imgtool, Path(arguments.kernels) / f"{kernel}.elf", target, *options)
    return machine.run_qemu(arguments.imgtool, target, directory, "--firmware", firmware, "--nic", card,
                            *api_kernels.machine_options(kernel))  # fmt: skip


def judge(arguments, directory):
    outcome = boot(arguments, *arguments.case.split("/"), directory)
    wrong = api_kernels.problem(outcome)
    return wrong and f"{wrong}\n{outcome.describe()}"


if __name__ == "__main__":
    machine.run_cases(rows, judge)
