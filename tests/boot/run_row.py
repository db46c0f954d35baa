#!/usr/bin/env python3
"""Boots one row of the table: run_row.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW

The kernel judges its boot info, registers and page tables itself; the row passes if it says BOOT-OK on every output the
machine has, ends with success, and no loader said BOOT-ERR. On failure everything that was said is printed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import machine
import table

MEMORY = {"32M": 32 << 20, "64M": 64 << 20, "512M": 512 << 20}
CPUS = {"max-no1g": "max,-pdpe1gb", "qemu64-nonx": "qemu64,-nx"}
NO_FRAMEBUFFER = {"conformance-nowhere"}


def words(row):
    """What the kernel is told about the machine it must find."""
    told = ["firmware=uefi" if row["firmware"] in ("ovmf", "uboot") else "firmware=bios", f"table={row['table']}"]
    if row["payload"] == "ramdisk":
        told.append("ramdisk=1048583 modules=0")
    else:
        told.append("no-ramdisk modules=" + ("2" if row["payload"] == "modules" else "0"))
    if row["vga"] == "none":
        told.append("no-framebuffer")
    elif row["vga"] == "std" and row["firmware"] in ("seabios", "ovmf") and row["kernel"] not in NO_FRAMEBUFFER:
        told.append("framebuffer")
    return " ".join(told)


def payload_options(row, directory):
    if row["payload"] == "ramdisk":
        return ["--ramdisk", machine.write_payload(directory, 1048583, 1)]
    if row["payload"] == "modules":
        one, two = (machine.write_payload(directory, size, size) for size in (13, 70000))
        return ["--module", f"{one}:one:first module", "--module", f"{two}:two"]
    return []


def qemu_options(row, directory):
    options = ["--machine", row["machine"], "--disk", row["disk"], "--memory", row["memory"], "--vga", row["vga"],
               "--cpu", CPUS.get(row["cpu"], row["cpu"]), "--smp", row["smp"].removeprefix("smp"),
               "--firmware", "uefi" if row["firmware"] == "ovmf" else "bios"]  # fmt: skip
    if row["serial"] == "noserial":
        options.append("--no-serial")
    options.append("--")
    if row["firmware"] == "uboot":
        options += ["-bios", machine.need(machine.UBOOT_ROM, "u-boot-qemu")]
    if row["ram"] == "dirty":
        memory = directory / "memory"
        size = MEMORY[row["memory"]]
        machine.write_dirty_memory(memory, size)
        options += ["-object", f"memory-backend-file,id=ram,size={size},mem-path={memory},share=on",
                    "-machine", "memory-backend=ram"]  # fmt: skip
    return options


def problem(row, outcome):
    """What is wrong with the outcome, or None."""
    outputs = {"port E9": outcome.e9}
    if row["serial"] == "serial":
        outputs["COM1"] = outcome.output
    for name, text in outputs.items():
        if "BOOT-ERR" in text or "BOOT-BAD" in text:
            return f"{name} has BOOT-ERR or BOOT-BAD"
        if "BOOT-OK" not in text:
            return f"{name} has no BOOT-OK"
    if row["firmware"] != "bochs" and outcome.code != 0:
        return f"exit code {outcome.code}"
    return None


def boot(arguments, row, directory):
    image = directory / "disk.img"
    kernel = Path(arguments.kernels) / f"{row['kernel']}.elf"
    machine.build_image(arguments.imgtool, kernel, image, "--table", row["table"], "--cmdline",
                        machine.command_line(words(row)), *payload_options(row, directory))  # fmt: skip
    if row["firmware"] == "bochs":
        return machine.run_bochs(image, directory, row["machine"])
    return machine.run_qemu(arguments.imgtool, image, directory, *qemu_options(row, directory))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--keep")
    parser.add_argument("row")
    arguments = parser.parse_args()
    row = table.row_of(arguments.row)
    machine.clean_up_when_terminated()
    with tempfile.TemporaryDirectory(prefix="stagecoach-boot-") as name:
        directory = Path(name)
        outcome = boot(arguments, row, directory)
        wrong = problem(row, outcome)
        if wrong is None:
            return 0
        machine.keep_screen(directory, arguments.keep, arguments.row)
        print(outcome.describe())
        print(f"{arguments.row}: {wrong}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
