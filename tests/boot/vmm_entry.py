#!/usr/bin/env python3
"""The entry of VMMs that can't be installed here: vmm_entry.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

firecracker and cloud-hypervisor start a file by PVH, each with a start info, a memory map, a module list and ACPI tables of its
own, at addresses of its own. QEMU's microVM lends processor and memory: it is stopped before the file's first instruction, and
its gdbstub puts there what these VMMs put there (their sources: src/vmm/src/arch/x86_64 and arch/src/x86_64). The kernel judges
what it is given. `vmm_entry.py list` prints the cases with their labels.
"""

import re
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import entry_state
import machine
import starters

# The same in both.
START_INFO, MODULES, MAP, COMMAND_LINE = 0x6000, 0x6040, 0x7000, 0x20000
BOOT_GDT = 0x500
FLAT = (0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF, 0x00008B0000000067)  # code, data, task state
HIGH = 1 << 20
MEMORY = 256 << 20
RAM, RESERVED = 1, 2
RAMDISK_SIZE = 4099
LEGACY_OFF = "acpi=off,pit=off,pic=off,rtc=off"


@dataclass
class Vmm:
    low_end: int  # of the memory below 640 KiB
    reserved: list  # ranges
    rsdp: int  # where the tables begin; 0: there are none
    rsdp_told: bool
    machine: str
    high_first: bool = False


CASES = {
    # Tables in the BIOS's area, for whoever looks there; the map is not in order.
    "firecracker": Vmm(0x9FC00, [(0x9FC00, HIGH), (0xEEC00000, 0xFEC00000)], 0xE0000, False, "acpi=off"),
    # Tables right behind the low memory, which the map leaves out; neither PIT nor PIC nor serial port nor clock.
    "cloud-hypervisor": Vmm(0xA0000, [(0xE8000000, 0xF8000000)], 0xA0000, True, f"{LEGACY_OFF},isa-serial=off", True),
    "firecracker-old": Vmm(0x9FC00, [], 0, False, LEGACY_OFF),  # without ACPI
}


def record(start, end, kind):
    return struct.pack("<QQII", start, end - start, kind, 0)


def memory_map(vmm):
    ram = [record(0, vmm.low_end, RAM), record(HIGH, MEMORY, RAM)]
    reserved = [record(*part, RESERVED) for part in vmm.reserved]
    return [*ram, *reserved] if vmm.high_first else [ram[0], *reserved, ram[1]]


def with_checksum(table, at, size):
    table = bytearray(table)
    table[at] = -sum(table[:size]) & 0xFF
    return bytes(table)


def acpi_tables(address):
    """An RSDP and, behind it, an XSDT that lists nothing (ACPI 6.4, 5.2.5 and 5.2.8)."""
    xsdt = with_checksum(struct.pack("<4sIBB6s8sI4sI", b"XSDT", 36, 1, 0, b"OEMID ", b"TABLE   ", 1, b"TEST", 1), 9, 36)
    rsdp = struct.pack("<8sB6sBIIQBxxx", b"RSD PTR ", 0, b"OEMID ", 2, 0, 36, address + 64, 0)
    rsdp = with_checksum(with_checksum(rsdp, 8, 20), 32, 36)
    return rsdp.ljust(64, b"\0") + xsdt


def enter(vmm, line, ramdisk):
    """What the VMM leaves: memory, and registers that are 0 unless PVH gives them a meaning."""

    def prepare(stub):
        entries = memory_map(vmm)
        module = MEMORY - 4096 * (-(-len(ramdisk) // 4096))
        told = vmm.rsdp if vmm.rsdp_told else 0
        info = struct.pack("<IIIIQQQQII", 0x336EC578, 1, 0, 1, MODULES, COMMAND_LINE, told, MAP, len(entries), 0)
        parts = {START_INFO: info, MODULES: struct.pack("<QQQQ", module, len(ramdisk), 0, 0), MAP: b"".join(entries),
                 COMMAND_LINE: line.encode() + b"\0", module: ramdisk, BOOT_GDT: struct.pack("<4Q", *FLAT)}  # fmt: skip
        if vmm.rsdp:
            parts[vmm.rsdp] = acpi_tables(vmm.rsdp)
        for address, data in parts.items():
            stub.write_memory(address, data)
            assert stub.read_memory(address, min(len(data), 512)) == data[:512], f"no memory at {address:#x}"
        for name in ("rax", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp"):
            stub.write(name, 0)
        stub.write("rbx", START_INFO)
        stub.write("eflags", 2)
        stub.write("cr4", 0)

    return prepare


def judge(arguments, directory):
    machine.need("qemu-system-x86_64", "qemu-system-x86")
    vmm = CASES[arguments.case]
    file, ramdisk = directory / "os.elf", machine.write_payload(directory, RAMDISK_SIZE, 5).read_bytes()
    line = machine.command_line(f"reboot=k panic=1 firmware=none ramdisk={RAMDISK_SIZE} modules=0")
    subprocess.run([arguments.imgtool, "build-direct", "--quiet", "-o", file, "--pvh", "--cmdline", "not this",
                    Path(arguments.kernels) / "conformance.elf"], check=True)  # fmt: skip
    wrong = entry_state.boot(arguments, file, directory, enter(vmm, line, ramdisk), "pvh", "-m", str(MEMORY >> 20),
                             "-machine", vmm.machine)  # fmt: skip
    said = machine.text_of(directory / "e9.log")
    if wrong is None and not re.search(rf"firmware 3, source {starters.SOURCES['pvh']}\b", said):
        wrong = f"the boot source is not PVH\n{said}"
    if wrong is None and f"rsdp {vmm.rsdp:x}," not in said:
        wrong = f"the kernel was not told the RSDP at {vmm.rsdp:#x}\n{said}"
    return wrong


if __name__ == "__main__":
    machine.run_cases([("default", name) for name in CASES], judge)
