#!/usr/bin/env python3
"""Boots kernels that ask for their symbols or their file; nm and the file itself judge what they print.

symbols.py list                                                            prints "label row" lines for CMake
symbols.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW    boots one row, FIRMWARE-KERNEL
"""

import re
import subprocess
from pathlib import Path

import machine

# kernel: whether it gets symbols, whether its file
KERNELS = {"symbols": (True, True), "symbols-exec": (True, False), "symbols-fixed": (True, True), "symbols-stripped": (False, True),
           "symbols-none": (False, False)}  # fmt: skip


def rows():
    for kernel in KERNELS:
        yield "default", f"bios-{kernel}"
        yield "default" if kernel == "symbols" else "full", f"uefi-{kernel}"


def fnv1a(data):
    digest = 0xCBF29CE484222325
    for byte in data:
        digest = (digest ^ byte) * 0x100000001B3 & (1 << 64) - 1
    return digest


def symbols_of(kernel):
    """Functions and labels: (start, name)."""
    lines = subprocess.run(["nm", kernel], capture_output=True, text=True, check=True).stdout.splitlines()
    return [(int(line.split()[0], 16), line.split()[2]) for line in lines if line.split()[1] in "tT"]


def trace_problem(output, kernel):
    traces = re.findall(r"TRACE 0x([0-9a-f]+) (\S+)\+0x([0-9a-f]+)", output)
    if [name for _, name, _ in traces] != ["innermost", "middle", "kernel_main", "_start"]:
        return f"the backtrace is {traces}"
    for address, name, offset in traces:
        start = int(address, 16) - int(offset, 16)
        if (start, name) not in symbols_of(kernel):
            return f"nm knows no {name} at {start:#x}"
    return None


def problem(outcome, kernel, name):
    with_symbols, with_file = KERNELS[name]
    if outcome.code != 0 or "BOOT-OK" not in outcome.e9 or "BOOT-BAD" in outcome.e9:
        return f"exit code {outcome.code}, or no BOOT-OK"
    count = int(re.search(r"SYMBOLS (\d+)", outcome.e9)[1])
    headers = subprocess.run(["readelf", "-SW", kernel], capture_output=True, text=True, check=True).stdout
    table = re.search(r"SYMTAB\s+\S+\s+\S+\s+([0-9a-f]+)", headers)
    expected = int(table[1], 16) // 24 if table and with_symbols else 0
    if count != expected or (expected != 0) != with_symbols:
        return f"{count} symbols, but the file has {expected}"
    data = kernel.read_bytes()
    if with_file != (f"FILE {len(data)} {fnv1a(data):016x}" in outcome.e9):
        return "the kernel's file is not what was handed over"
    return trace_problem(outcome.e9, kernel) if with_symbols else None


def judge(arguments, directory):
    firmware, name = arguments.case.split("-", 1)
    kernel, image = Path(arguments.kernels) / f"{name}.elf", directory / "disk.img"
    machine.build_image(arguments.imgtool, kernel, image)
    outcome = machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware)
    wrong = problem(outcome, kernel, name)
    return wrong and f"{wrong}\n{outcome.describe()}"


if __name__ == "__main__":
    machine.run_cases(rows(), judge)
