#!/usr/bin/env python3
"""Boots images of build-iso from CD drives and from disks; the kernel checks itself (tests/kernels/conformance).

cd.py list                                                            prints "label row" lines for CMake
cd.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW    boots one row, FIRMWARE-MACHINE-DISK-FORM
"""

import itertools
from pathlib import Path

import machine

# form: options of build-iso, what the kernel must be told of the table when the image is a disk
FORMS = {
    "plain": ([], "gpt"),
    "mbr": (["--table", "mbr"], "mbr"),
    "bios": (["--only", "bios"], "mbr"),
    "uefi": (["--only", "uefi"], "gpt"),
    "fat12": (["--fat", "12"], "gpt"),
    "fat32": (["--fat", "32"], "gpt"),  # its entry in the boot catalog has the sector count 0
    "packed": (["--compress", "zstd"], "gpt"),
}
DISKS = {"pc": ("ide", "usb"), "q35": ("ahci", "usb", "nvme")}
DRIVES = ("cdrom", "usb_cdrom", "scsi_cdrom")

DEFAULT = [
    "bios-pc-cdrom-plain", "bios-q35-cdrom-mbr", "bios-q35-usb_cdrom-packed", "bios-q35-usb-plain", "bios-pc-ide-mbr",
    "bios-pc-cdrom-uefi", "uefi-q35-cdrom-plain", "uefi-q35-usb-plain", "uefi-pc-cdrom-fat32", "bochs-corei7_haswell_4770-cdrom-plain",
    "bochs-corei7_haswell_4770-ide-plain",
]  # fmt: skip


def rows():
    every = [f"bochs-corei7_haswell_4770-{disk}-{form}" for disk in ("cdrom", "ide") for form in ("mbr", "bios", "fat32")]
    for firmware, kind, form in itertools.product(("bios", "uefi"), DISKS, FORMS):
        if (firmware, form) != ("uefi", "bios"):
            every += [f"{firmware}-{kind}-{disk}-{form}" for disk in (*DRIVES, *DISKS[kind])]
    yield from (("default", row) for row in DEFAULT)
    yield from (("full", row) for row in every if row not in DEFAULT)


def boot(arguments, row, directory):
    firmware, kind, disk, form = row.split("-")
    options, table = FORMS[form]
    words = "source=cd" if "cdrom" in disk else f"source=disk table={table}"
    words = f"firmware={'uefi' if firmware == 'uefi' else 'bios'} ramdisk=1048583 modules=0 {words}"
    image = directory / "cd.iso"
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / "conformance.elf", image, "--iso", "--cmdline",
                        machine.command_line(words), "--ramdisk", machine.write_payload(directory, 1048583, 1), *options)  # fmt: skip
    if firmware == "bochs":
        return machine.run_bochs(image, directory, kind, cd="cdrom" in disk)
    return machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware, "--machine", kind, "--disk",
                            disk.replace("_", "-"))  # fmt: skip


def problem(row, outcome):
    if row.startswith("bios-") and row.endswith("-uefi"):
        said = "BOOT-ERR U 1 this disk boots by UEFI only"
        return None if said in outcome.output and said in outcome.e9 and outcome.code == 10 else f"does not say '{said}'"
    if "BOOT-OK" not in outcome.e9 or "BOOT-ERR" in outcome.e9 or "BOOT-BAD" in outcome.e9:
        return "port E9 has no BOOT-OK, or BOOT-ERR or BOOT-BAD"
    return None if outcome.code == 0 or row.startswith("bochs-") else f"exit code {outcome.code}"


def judge(arguments, directory):
    outcome = boot(arguments, arguments.case, directory)
    wrong = problem(arguments.case, outcome)
    if wrong is None:
        return None
    machine.keep_screen(directory, arguments.keep, "cd/" + arguments.case)
    return f"{wrong}\n{outcome.describe()}"


if __name__ == "__main__":
    machine.run_cases(rows(), judge)
