#!/usr/bin/env python3
"""Boots images of every form that build-image writes; the kernel checks itself (tests/kernels/conformance).

formats.py list                                                            prints "label row" lines for CMake
formats.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW    boots one row, FIRMWARE-FORM
"""

from pathlib import Path

import machine

# form: options of build-image, what the kernel must be told of the boot disk's table
FORMS = {
    "only-bios": (["--only", "bios"], "mbr"),
    "only-bios-gpt": (["--only", "bios", "--table", "gpt"], "gpt"),
    "only-uefi": (["--only", "uefi"], "gpt"),
    "only-uefi-mbr": (["--only", "uefi", "--table", "mbr"], "mbr"),
    "volume": (["--format", "fat"], None),
    "volume-fat12": (["--format", "fat", "--fat", "12"], None),
    "volume-only-uefi": (["--format", "fat", "--only", "uefi", "--fat", "16"], None),
    "partitions": (["--partition", "{extra}:linux:root", "--partition", "{extra}:esp:other"], "gpt"),
    "partitions-mbr": (["--table", "mbr", "--partition", "{extra}:linux", "--partition", "{extra}:0xef"], "mbr"),
    "pmbr": (["--pmbr-slot", "2", "--pmbr-active", "off"], "gpt"),
    "pmbr-active": (["--pmbr-slot", "4", "--pmbr-active", "on"], "gpt"),
}

ROWS = {
    "bios-only-bios": "default", "bios-only-bios-gpt": "default", "bios-volume": "default", "bios-volume-fat12": "default",
    "bios-partitions": "default", "bios-partitions-mbr": "default", "bios-pmbr-active": "default", "bios-pmbr": "default",
    "bios-only-uefi": "default", "bios-volume-only-uefi": "default",
    "uefi-only-uefi": "default", "uefi-volume": "default", "uefi-pmbr": "default", "uefi-partitions": "default",
    "uefi-only-uefi-mbr": "full", "uefi-volume-fat12": "full", "uefi-volume-only-uefi": "full",
    "uefi-partitions-mbr": "full", "uefi-pmbr-active": "full",
}  # fmt: skip


def boot(arguments, firmware, form, directory):
    options, table = FORMS[form]
    extra, image = directory / "extra.bin", directory / "disk.img"
    extra.write_bytes(bytes(range(256)) * 300 + b"end")
    words = f"firmware={firmware} table={table}" if table else f"firmware={firmware}"
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / "conformance.elf", image, "--cmdline",
                        machine.command_line(words), *[option.format(extra=extra) for option in options])  # fmt: skip
    return machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware)


def problem(outcome, refuses):
    if refuses:
        said = "BOOT-ERR U 1 this disk boots by UEFI only"
        return None if said in outcome.output and said in outcome.e9 and outcome.code == 10 else f"does not say '{said}'"
    if "BOOT-OK" not in outcome.e9 or "BOOT-ERR" in outcome.e9 or "BOOT-BAD" in outcome.e9:
        return "port E9 has no BOOT-OK, or BOOT-ERR or BOOT-BAD"
    return None if outcome.code == 0 else f"exit code {outcome.code}"


def judge(arguments, directory):
    firmware, form = arguments.case.split("-", 1)
    outcome = boot(arguments, firmware, form, directory)
    wrong = problem(outcome, firmware == "bios" and "only-uefi" in form)
    return wrong and f"{wrong}\n{outcome.describe()}"


if __name__ == "__main__":
    machine.run_cases([(label, name) for name, label in ROWS.items()], judge)
