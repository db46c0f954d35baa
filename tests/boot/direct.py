#!/usr/bin/env python3
"""Kernels that VMMs and other loaders start: direct.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ROW

A row is STARTER/KERNEL/PAYLOAD (starters.py; how the kernel comes: embedded in the file, as modules, in a cpio archive).
`direct.py list` prints the rows with their labels. The kernel judges its boot info itself.
"""

import re
import subprocess
from pathlib import Path

import machine
import pairwise
import starters

AXES = {
    "starter": list(starters.STARTERS),
    "kernel": ["conformance", "conformance-pie", "conformance-high", "api-16"],
    "payload": ["embedded", "modules", "cpio"],
}
# Who starts us without a word on ACPI: Multiboot 1 has no field for it, and UEFI does not put the tables where a BIOS does.
WITHOUT_RSDP = {"microvm-no-acpi", "grub-uefi-multiboot1"}
RAMDISK_SIZE = 300001
MODULE_TEXT = "one first module"


def is_pvh(starter):
    return starters.STARTERS[starter][1] == "pvh"


def conflict(axis, value, other_axis, other_value):
    """The bootloader_api kernel insists on ACPI tables."""
    del axis, other_axis
    return "api-16" in (value, other_value) and bool({value, other_value} & WITHOUT_RSDP)


def rows():
    seen = set()
    every = pairwise.product(AXES, conflict)
    for label, group in (("default", pairwise.select(AXES, conflict)), ("full", every)):
        for row in group:
            name = "/".join(row.values())
            if name not in seen:
                seen.add(name)
                yield label, name


class Payload:
    """The files that go along, and what the kernel is told of them."""

    def __init__(self, arguments, row, directory):
        self.imgtool, self.directory = arguments.imgtool, directory
        self.kernel = Path(arguments.kernels) / f"{row['kernel']}.elf"
        self.pvh = is_pvh(row["starter"])
        self.alone = row["kernel"].startswith("api-") or (self.pvh and row["payload"] == "modules")
        words = "firmware=none " + ("no-ramdisk modules=0" if self.alone else f"ramdisk={RAMDISK_SIZE} modules=1")
        self.command_line = machine.command_line(words)
        if not self.alone:
            self.ramdisk, self.module = (machine.write_payload(directory, size, size) for size in (RAMDISK_SIZE, 4097))

    def build(self, *options):
        file = self.directory / "os.elf"
        subprocess.run([self.imgtool, "build-direct", "--quiet", "-o", file, *(["--pvh"] if self.pvh else []), *options],
                       check=True, stdin=subprocess.DEVNULL)  # fmt: skip
        return file

    def job(self, file, modules, command_line):
        return starters.Job(self.imgtool, self.directory, file, modules, command_line)

    def embedded(self):
        options = [self.kernel, "--cmdline", self.command_line]
        if not self.alone:
            options += ["--ramdisk", self.ramdisk, "--module", f"{self.module}:{MODULE_TEXT.replace(' ', ':', 1)}"]
        return self.job(self.build(*options), [], "")

    def modules(self):
        """The kernel of PVH's single module goes by order, others by name."""
        modules = [(self.kernel, "" if self.pvh else "kernel")]
        if not self.alone:
            modules = [(self.module, MODULE_TEXT), (self.ramdisk, "ramdisk"), *modules]
        return self.job(self.build(), modules, self.command_line)

    def cpio(self):
        """An archive by the usual cpio; the command line stands in its configuration."""
        machine.need("cpio", "cpio")
        tree = self.directory / "archive"
        tree.mkdir()
        lines = [f"cmdline {self.command_line}"]
        (tree / "kernel").write_bytes(self.kernel.read_bytes())
        if not self.alone:
            (tree / "ramdisk").write_bytes(self.ramdisk.read_bytes())
            (tree / "modules").mkdir()
            (tree / "modules/One").write_bytes(self.module.read_bytes())
            lines.append(f"module /modules/one {MODULE_TEXT}")
        (tree / "config").write_text("\n".join([*lines, ""]))
        names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
        archive = self.directory / "archive.cpio"
        with open(archive, "wb") as out:
            subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=tree, input=names.encode(), stdout=out, check=True)
        return self.job(self.build(), [(archive, "")], "")


def problem(starter, kernel, outcome):
    """What is wrong with the outcome, or None."""
    for name, text in {"port E9": outcome.e9, "COM1": outcome.output}.items():
        if "BOOT-ERR" in text or "BOOT-BAD" in text:
            return f"{name} has BOOT-ERR or BOOT-BAD"
        if "BOOT-OK" not in text:
            return f"{name} has no BOOT-OK"
    if outcome.code != 0:
        return f"exit code {outcome.code}"
    source = starters.SOURCES[starters.STARTERS[starter][1]]
    if kernel.startswith("conformance") and not re.search(rf"firmware 3, source {source}\b", outcome.e9):
        return f"the boot source is not {source}"
    return None


def judge(arguments, directory):
    row = dict(zip(AXES, arguments.case.split("/"), strict=True))
    job = getattr(Payload(arguments, row, directory), row["payload"])()
    outcome = starters.STARTERS[row["starter"]][0](job)
    wrong = problem(row["starter"], row["kernel"], outcome)
    if wrong:
        machine.keep_screen(directory, arguments.keep, arguments.case)
        return f"{wrong}\n{outcome.describe()}"
    return None


if __name__ == "__main__":
    machine.run_cases(lambda words: rows(), judge)
