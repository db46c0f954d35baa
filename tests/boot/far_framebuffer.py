#!/usr/bin/env python3
"""Framebuffers above 4 GiB, of which a loader tells by Multiboot 2: far_framebuffer.py --imgtool PROGRAM --kernels DIRECTORY CASE

GRUB tells of none there, for QEMU's displays have none. Its information is made by hand and put into memory through QEMU's gdbstub
before the file's first instruction; where the framebuffer is said to be lies memory. One that no address reaches must be left out.
`far_framebuffer.py list` prints the cases with their labels.
"""

import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import entry_state
import machine

MAGIC = 0x36D76289
INFORMATION = 0x6000
MEMORY = 256 << 20
TABLES = 128 << 10  # ACPI's, at the end of memory
RAM, RESERVED, ACPI = 1, 2, 3
WIDTH, HEIGHT = 1024, 768
TAG_MAP, TAG_FRAMEBUFFER, TAG_END = 6, 8, 0
RGB = bytes([16, 8, 8, 8, 0, 8])


@dataclass
class Case:
    address: int
    reachable: bool = True
    cpu: str = "max"
    options: tuple = ()


def memory_at(address):
    """A memory module; QEMU wants room for all up to it, and microvm has no place for modules."""
    return ("-machine", "q35", "-m", f"{MEMORY >> 20}M,slots=1,maxmem=512G", "-object", "memory-backend-ram,id=far,size=16M",
            "-device", f"pc-dimm,memdev=far,addr={address:#x}")  # fmt: skip


CASES = {
    "above-4-gib": Case(0x4000000000, cpu="max,-pdpe1gb", options=memory_at(0x4000000000)),
    "pages-of-1-gib": Case(0x4000000000, options=memory_at(0x4000000000)),
    "beyond-the-cpu": Case(1 << 50, reachable=False),
    "at-the-cpus-end": Case((1 << 40) - 4096, reachable=False),
}


def tag(kind, content):
    return (struct.pack("<II", kind, 8 + len(content)) + content).ljust(-(-(8 + len(content)) // 8) * 8, b"\0")


def information(address):
    """Multiboot2 Specification 2.0, 3.6."""
    ranges = [(0, 0x9FC00, RAM), (0x9FC00, 1 << 20, RESERVED), (1 << 20, MEMORY - TABLES, RAM), (MEMORY - TABLES, MEMORY, ACPI)]
    records = b"".join(struct.pack("<QQII", start, end - start, kind, 0) for start, end, kind in ranges)
    framebuffer = struct.pack("<QIIIBBH", address, WIDTH * 4, WIDTH, HEIGHT, 32, 1, 0) + RGB
    tags = tag(TAG_MAP, struct.pack("<II", 24, 0) + records) + tag(TAG_FRAMEBUFFER, framebuffer) + tag(TAG_END, b"")
    return struct.pack("<II", 8 + len(tags), 0) + tags


def enter(address):
    def prepare(stub):
        stub.write_memory(INFORMATION, information(address))
        stub.write("rax", MAGIC)
        stub.write("rbx", INFORMATION)

    return prepare


def judge(arguments, directory):
    machine.need("qemu-system-x86_64", "qemu-system-x86")
    case, file = CASES[arguments.case], directory / "os.elf"
    subprocess.run([arguments.imgtool, "build-direct", "--quiet", "-o", file, "--cmdline", machine.command_line("firmware=none"),
                    Path(arguments.kernels) / "conformance.elf"], check=True)  # fmt: skip
    wrong = entry_state.boot(arguments, file, directory, enter(case.address), "multiboot1", "-cpu", case.cpu, *case.options)
    said = machine.text_of(directory / "e9.log")
    if wrong is None and (f"framebuffer {WIDTH}x{HEIGHT}," in said) != case.reachable:
        wrong = f"the kernel was {'not ' if case.reachable else ''}given the framebuffer\n{said}"
    if wrong is None and bool(re.search(rf"framebuffer at {case.address:#x},.* beyond the \d+ bits", said)) == case.reachable:
        wrong = f"{'a' if case.reachable else 'no'} warning\n{said}"
    return wrong


if __name__ == "__main__":
    labels = {"above-4-gib": "default", "beyond-the-cpu": "default"}
    machine.run_cases([(labels.get(name, "full"), name) for name in CASES], judge)
