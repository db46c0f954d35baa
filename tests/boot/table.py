#!/usr/bin/env python3
"""The boot tests as a table: which machines a kernel that checks itself is booted on.

table.py list KERNEL...   prints "label row" lines for CMake; a row names one value per axis, separated by slashes

Labels: quick rows are a first look; default rows cover every pair of values of any two axes; full rows are the cross
products of the axes that a boot loader's code depends on together.
"""

import sys

import pairwise

AXES = {
    "firmware": ["seabios", "ovmf"],
    "machine": ["pc", "q35"],
    "disk": ["ide", "ahci", "virtio", "nvme", "usb", "scsi"],
    "table": ["gpt", "mbr"],
    "memory": ["32M", "64M", "512M", "6G"],
    "cpu": ["qemu64", "Skylake-Client", "max", "max-no1g", "qemu64-nonx"],
    "vga": ["none", "std", "cirrus", "virtio", "qxl"],
    "serial": ["serial", "noserial"],
    "ram": ["clean", "dirty"],
    "smp": ["smp1", "smp4"],
    "payload": ["bare", "ramdisk", "modules"],
    # "kernel": the conformance kernels and the like
}

# Values that can't be had together; every reason is the machine's, not the loader's.
CONFLICTS = {
    frozenset({"q35", "ide"}),  # has no IDE controller
    frozenset({"ovmf", "32M"}),  # OVMF itself needs 48 MiB
    frozenset({"dirty", "6G"}),  # would need a file of 6 GiB
    frozenset({"32M", "conformance-big-stack"}),  # 16 MiB of stack, besides QEMU's video ROM and the payload
    frozenset({"64M", "conformance-big-stack"}),  # the same with what OVMF keeps
}

# On UEFI, where a boot is slow: how a kernel was linked meets every memory and payload. That it was read from another disk, or
# that the picture is another, changes nothing of what is done with it; what another CPU changes, code does that both firmwares
# share. BIOS rows have these pairs, too.
UEFI_UNRELATED = {frozenset({"kernel", axis}) for axis in ("disk", "vga", "machine", "cpu")}

# Machines outside the axes: (firmware, machine, disk), the machine of Bochs being its CPU model.
OTHERS = [
    ("bochs", "core2_penryn_t9600", "ide"),
    ("bochs", "corei7_haswell_4770", "ide"),
    ("bochs", "turion64_tyler", "ide"),
    ("uboot", "pc", "ide"),
    ("uboot", "q35", "ahci"),
]

PLAIN = {
    "firmware": "seabios", "machine": "q35", "disk": "virtio", "table": "gpt", "memory": "512M", "cpu": "qemu64",
    "vga": "std", "serial": "serial", "ram": "clean", "smp": "smp1", "payload": "bare", "kernel": "conformance",
}  # fmt: skip

QUICK = [
    PLAIN | {"firmware": "seabios", "machine": "pc", "disk": "ide", "payload": "modules"},
    PLAIN | {"firmware": "seabios", "machine": "q35", "disk": "ahci", "table": "mbr", "cpu": "max"},
    PLAIN | {"firmware": "seabios", "machine": "q35", "disk": "usb", "memory": "32M", "vga": "none", "ram": "dirty"},
    PLAIN | {"firmware": "seabios", "machine": "q35", "disk": "nvme", "kernel": "conformance-high", "smp": "smp4"},
    PLAIN | {"firmware": "ovmf", "machine": "q35", "disk": "ahci", "payload": "ramdisk", "cpu": "max"},
]


def conflict(axis, value, other_axis, other_value):
    del axis, other_axis
    return frozenset({value, other_value}) in CONFLICTS


def axes_with(kernels):
    return AXES | {"kernel": kernels}


def default_rows(kernels):
    """Each firmware has code of its own for disks, memory and video: each gets all pairs of the other axes."""
    for firmware in AXES["firmware"]:
        axes = axes_with(kernels) | {"firmware": [firmware]}
        unrelated = UEFI_UNRELATED if firmware == "ovmf" else frozenset()
        yield from pairwise.select(axes, conflict, [row for row in QUICK if row["firmware"] == firmware], unrelated)


def other_rows(kernels):
    chosen = [kernel for kernel in ("conformance", "conformance-pie", "conformance-high") if kernel in kernels]
    for index, (firmware, machine, disk) in enumerate(OTHERS):
        for number, table in enumerate(AXES["table"]):
            kernel = chosen[(index + number) % len(chosen)]
            payload = AXES["payload"][(index + number) % 3]
            yield PLAIN | {"firmware": firmware, "machine": machine, "disk": disk, "table": table, "kernel": kernel,
                           "payload": payload}  # fmt: skip


def full_rows(kernels):
    """Cross products: the way to the disk; the machine that the kernel sees; the kernels."""

    def cross(*names):
        every = axes_with(kernels)
        axes = {axis: every[axis] if axis in names else [PLAIN[axis]] for axis in every}
        return pairwise.product(axes, conflict)

    yield from cross("firmware", "machine", "disk", "table", "payload")
    yield from cross("firmware", "machine", "memory", "cpu", "vga", "serial", "ram", "smp")
    yield from cross("firmware", "kernel", "table", "cpu", "memory")


def name_of(row):
    return "/".join(row[axis] for axis in [*AXES, "kernel"])


def row_of(name):
    return dict(zip([*AXES, "kernel"], name.split("/"), strict=True))


def rows(kernels):
    """Yields (label, name), each name once."""
    seen = set()
    groups = [
        ("quick", QUICK),
        ("default", default_rows(kernels)),
        ("default", other_rows(kernels)),
        ("full", full_rows(kernels)),
    ]
    for label, group in groups:
        for row in group:
            name = name_of(row)
            if name not in seen:
                seen.add(name)
                yield label, name


def main():
    if len(sys.argv) < 3 or sys.argv[1] != "list":
        sys.exit(__doc__)
    for label, name in rows(sys.argv[2:]):
        print(label, name)


if __name__ == "__main__":
    main()
