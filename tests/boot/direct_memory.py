#!/usr/bin/env python3
"""Where a directly started file may lie, and what it must leave alone:
direct_memory.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

moved-N: loaded N pages of 4 KiB further up than usual (down, if negative), by QEMU. grub-N: moved by GRUB, whose choice is N.
far: linked beyond the end of memory, so that GRUB must move it. trample-MODULES-MEMORY: the kernel fills all free memory and
looks whether modules, command line, boot info and ACPI tables are still the same. `direct_memory.py list` prints the cases.
"""

import re
import subprocess
from pathlib import Path

import machine
import relocation
import starters

# In pages: by 2 MiB up and down, to an address that is 2 MiB more than a multiple of 4 MiB and to one that is not, to odd pages, to
# one so that code lies across a border of 2 MiB, near the end of memory.
MOVES = (512, 1024, 1536, 5 * 512, 15 * 512, 30 * 512, -256, 1, 3, 512 - 20, 60000)
FAR = 1 << 30


class Bench:
    def __init__(self, arguments, directory):
        self.imgtool, self.kernels, self.directory = arguments.imgtool, Path(arguments.kernels), directory

    def build(self, *options):
        file = self.directory / "os.elf"
        subprocess.run([self.imgtool, "build-direct", "--quiet", "-o", file, *options], check=True, stdin=subprocess.DEVNULL)
        return file

    def conformance(self, *options):
        return self.build(self.kernels / "conformance-pie.elf", "--cmdline", machine.command_line("firmware=none"), *options)

    def job(self, file, *more):
        return starters.Job(self.imgtool, self.directory, file, *more)


def base_of(outcome):
    found = re.search(r"lies at (0x[0-9a-f]+)", outcome.output)
    return int(found[1], 16) if found else None


def moved(bench, pages):
    delta = int(pages) * 4096
    outcomes = []
    for options, machine_name in ((["--pvh"], "microvm"), (["--force"], "q35")):
        file = bench.conformance(*options)
        relocation.move(file, delta)
        outcomes.append(starters.qemu(machine_name)(bench.job(file)))
    wanted = 0x200000 + delta
    return outcomes, lambda base: base == wanted


def grub(bench, preference):
    file = bench.conformance()
    relocation.prefer(file, int(preference))
    outcome = starters.grub("bios", 2)(bench.job(file), "--memory", "128M")
    return [outcome], (lambda base: base >= 64 << 20) if preference == "2" else lambda base: base < 64 << 20


def far(bench, _):
    file = bench.conformance()
    relocation.move(file, FAR)
    outcome = starters.grub("bios", 2)(bench.job(file), "--memory", "128M")
    return [outcome], lambda base: base < 128 << 20


def trample(bench, modules, memory, door):
    """Modules come from outside, where the starter puts them; the first is the kernel, the second the ramdisk."""
    files = [machine.write_payload(bench.directory, size, size) for size in range(70001, 70001 + int(modules) - 1)]
    texts = ["ramdisk", *(f"module{number} some arguments" for number in range(len(files)))]
    parts = [(bench.kernels / "trample.elf", "" if door == "microvm" else "kernel"), *zip(files, texts)]
    job = bench.job(bench.build(*(["--pvh"] if door == "microvm" else [])), parts, "words on the command line")
    start = starters.STARTERS[door][0]
    outcome = start(job, "--memory", memory) if door.startswith("grub") else start(job, "--memory", memory, "--")
    return [outcome], lambda base: True


CASES = {f"moved-{pages}": ("default" if pages in MOVES[:3] + MOVES[7:10] else "full", moved, str(pages)) for pages in MOVES}
CASES |= {f"grub-{number}": ("default", grub, str(number)) for number in range(3)}
CASES["far"] = ("default", far, "")
for number in (1, 2, 7):
    for size, label in (("32M", "default"), ("6G", "full")):
        CASES[f"trample-{number}-{size}"] = (label, trample, str(number), size, "qemu-multiboot1")
CASES["trample-pvh"] = ("default", trample, "1", "32M", "microvm")
CASES["trample-grub-uefi"] = ("default", trample, "7", "256M", "grub-uefi-multiboot2")
CASES["trample-grub-bios"] = ("full", trample, "7", "64M", "grub-bios-multiboot2")


def problem(outcomes, sound):
    for outcome in outcomes:
        if outcome.code != 0 or "BOOT-OK" not in outcome.output or "BOOT-ERR" in outcome.output:
            return f"{outcome.describe()}\nno BOOT-OK"
        base = base_of(outcome)
        if base is None or not sound(base):
            return f"{outcome.describe()}\nlies at {base}, not where it should"
    return None


def judge(arguments, directory):
    _, function, *values = CASES[arguments.case]
    outcomes, sound = function(Bench(arguments, directory), *values)
    return problem(outcomes, sound)


if __name__ == "__main__":
    machine.run_cases([(label, name) for name, (label, *_) in CASES.items()], judge)
