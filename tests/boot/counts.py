#!/usr/bin/env python3
"""What a small kernel's boot costs, in counts that do not vary: counts.py --imgtool P --kernels D [--keep D] bios|uefi

BIOS: reads of the disk from stage 1 on, none of a sector twice, as QEMU's block layer sees them. UEFI: reads and calls as the
timeline has them, and reads of the disk by the firmware, which keeps pieces of 64 KiB: as many, and as long, with 200 MiB of
debug information in the kernel's file as without. Both: bytes read; page tables, which 6 GiB of memory do not make more than
1 GiB does, but for ends of ranges. debug: 200 MiB of debug information cost no read, on BIOS.
overlay: a machine without a display does without stage 4's overlay; a display costs one read of it.
pieces: on UEFI, a ramdisk in pieces costs one read for each, none of its sectors is read twice, and what arrives is right.
"""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import machine

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))
import fragments  # noqa: E402

CASES = ("bios", "uefi", "debug", "overlay", "pieces")
STAGES = 1 << 20  # where the stages lie on a GPT disk: the first read of our own
DISK_READS_MOST = 12
READ_AHEAD_MOST = 176 << 10  # stages with their overlay, partition table, FAT, directory
CALLS_MOST = {"bios": 200, "uefi": 200}  # most of them ask for video modes
TABLES_MOST = 40
PHASE_JUMP = 10
DEBUG_INFO = 200 << 20
READ_AHEAD_PIECE = 16 << 10
RAMDISK = (17 << 20) + 123
PIECE = 256 << 10


def traced_reads(trace):
    reads = re.findall(r"offset (\d+) bytes (\d+)", machine.text_of(trace))
    return [(int(offset), int(size)) for offset, size in reads]


class Boot:
    def __init__(self, arguments, image, directory, memory, *devices):
        trace = directory / "trace"
        outcome = machine.run_qemu(
            arguments.imgtool, image, directory, "--firmware", "uefi" if arguments.case == "uefi" else "bios", "--memory", memory, "--cpu", "max", "--",
            "-trace", "blk_co_preadv", "-D", trace, *devices)  # fmt: skip
        assert outcome.code == 0, outcome.describe()
        said = dict((" ".join(words[:-1]), words[-1]) for words in map(str.split, outcome.e9.splitlines()) if words)
        self.tables = int(said["BENCH tables"])
        events = re.findall(r"BENCH event (\d+) (\d+) (\d+) (\d+)", outcome.e9)
        self.calls, self.bytes_read = next((int(e[2]), int(e[3])) for e in events if int(e[0]) == PHASE_JUMP)
        self.reads = traced_reads(trace)

    def own_reads(self):
        first = next(i for i, (offset, _) in enumerate(self.reads) if offset == STAGES)
        return self.reads[first:]

    def counts(self):
        return self.calls, self.bytes_read, self.tables


def check_reads(boot, kernel_size):
    reads = boot.own_reads()
    assert 0 < len(reads) <= DISK_READS_MOST, f"{len(reads)} reads of the disk: {reads}"
    seen = set()
    for offset, size in reads:
        sectors = set(range(offset // 512, (offset + size) // 512))
        assert not sectors & seen, f"sectors {sorted(sectors & seen)} are read twice: {reads}"
        seen |= sectors
    total = sum(size for _, size in reads)
    assert total <= kernel_size + READ_AHEAD_MOST, f"{total} bytes read: {reads}"


def with_debug_info(kernel, directory):
    debug, section = directory / "debug.elf", directory / "section"
    section.touch()
    os.truncate(section, DEBUG_INFO)
    subprocess.run(["objcopy", "--add-section", f".debug_info={section}", kernel, debug], check=True)
    assert debug.stat().st_size > DEBUG_INFO
    return debug


def check_debug(arguments, directory):
    """The volume is larger then, and so are its clusters: what is read ahead of the FAT may end in another piece."""
    stripped = Path(arguments.kernels) / "bench.elf"
    debug, counts = with_debug_info(stripped, directory), []
    for kernel in (stripped, debug):
        image = directory / "disk.img"
        machine.build_image(arguments.imgtool, kernel, image)
        boot = Boot(arguments, image, directory, "1G")
        check_reads(boot, stripped.stat().st_size)
        counts.append(boot)
        print(f"{kernel.name}: {len(boot.own_reads())} reads, {boot.calls} firmware calls, {boot.bytes_read} bytes read")
    plain, large = counts
    assert len(large.own_reads()) <= len(plain.own_reads()) + 1
    assert large.calls <= plain.calls + 1
    assert large.bytes_read <= plain.bytes_read + READ_AHEAD_PIECE


def check_overlay(arguments, directory):
    image = directory / "disk.img"
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / "bench.elf", image)
    with open(image, "rb") as file:
        file.seek(STAGES)
        size, packed = struct.unpack("<12xI20xI", file.read(40))
    sectors = set(range((STAGES + size) // 512, -(-(STAGES + size + packed) // 512)))
    for devices, wanted in ((["-vga", "none"], 0), (["-vga", "std"], 1)):
        reads = [set(range(offset // 512, (offset + length) // 512)) for offset, length in Boot(arguments, image, directory, "1G", *devices).own_reads()]
        hits = [read & sectors for read in reads if read & sectors]
        print(f"{devices}: {[len(hit) for hit in hits]} of the overlay's {len(sectors)} sectors read")
        assert len(hits) == wanted and all(hit == sectors for hit in hits)


def check_firmware_reads(arguments, directory, kernel, boot):
    image = directory / "debug.img"
    machine.build_image(arguments.imgtool, with_debug_info(kernel, directory), image)
    debug = Boot(arguments, image, directory, "1G")
    lengths = [[size for _, size in it.reads] for it in (boot, debug)]
    print(f"{len(boot.reads)} reads of the firmware, {len(debug.reads)} with debug information")
    assert lengths[0] == lengths[1], f"{boot.reads}, with debug information {debug.reads}"


def check_pieces(arguments, directory):
    """The conformance kernel checks the ramdisk. virtio, whose driver splits no read."""
    image, trace = directory / "disk.img", directory / "trace"
    ramdisk = machine.write_payload(directory, RAMDISK, 1)
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / "conformance.elf", image, "--size", "96M", "--ramdisk", ramdisk,
                        "--cmdline", machine.command_line(f"firmware=uefi ramdisk={RAMDISK} modules=0"))  # fmt: skip
    with open(image, "r+b") as file:
        starts = fragments.move(file, b"RAMDISK    ", PIECE)
    outcome = machine.run_qemu(arguments.imgtool, image, directory, "--firmware", "uefi", "--disk", "virtio", "--",
                               "-trace", "blk_co_preadv", "-D", trace)  # fmt: skip
    assert outcome.code == 0, outcome.describe()
    spans = [(start, start + min(PIECE, RAMDISK - i * PIECE)) for i, start in enumerate(starts)]
    # From the first piece on nothing lies but pieces and gaps. The firmware reads ahead across its beginning.
    reads = [(offset, size) for offset, size in traced_reads(trace) if starts[0] <= offset < starts[-1] + PIECE]
    sectors = [sector for offset, size in reads for sector in range(offset // 512, (offset + size) // 512)]
    print(f"{len(reads)} reads of {len(spans)} pieces")
    assert len(spans) == RAMDISK // PIECE + 1 and len(reads) <= len(spans) + 1, reads
    needed = sum(-(-(end - start) // 512) for start, end in spans)
    assert needed <= len(sectors) == len(set(sectors)) <= needed + READ_AHEAD_PIECE // 512, reads


def check(arguments, directory):
    if arguments.case == "overlay":
        check_overlay(arguments, directory)
        return
    if arguments.case == "pieces":
        check_pieces(arguments, directory)
        return
    if arguments.case == "debug":
        check_debug(arguments, directory)
        return
    kernel, image = Path(arguments.kernels) / "bench.elf", directory / "disk.img"
    size = kernel.stat().st_size
    machine.build_image(arguments.imgtool, kernel, image)
    boot = Boot(arguments, image, directory, "1G")
    print(f"{boot.calls} firmware calls, {boot.bytes_read} bytes read, {boot.tables} page tables")
    if arguments.case == "uefi":
        check_firmware_reads(arguments, directory, kernel, boot)
    if arguments.case == "bios":
        check_reads(boot, size)
        again = Boot(arguments, image, directory, "1G")
        assert boot.counts() == again.counts(), f"{boot.counts()}, then {again.counts()}"
        large = Boot(arguments, image, directory, "6G")
        assert large.tables <= boot.tables + 2, f"{large.tables} page tables with 6 GiB, {boot.tables} with 1 GiB"
    assert boot.calls <= CALLS_MOST[arguments.case], f"{boot.calls} firmware calls"
    assert boot.bytes_read <= size + READ_AHEAD_MOST, f"{boot.bytes_read} bytes read"
    assert boot.tables <= TABLES_MOST, f"{boot.tables} page tables"


if __name__ == "__main__":
    machine.run_cases([("default", case) for case in CASES], check)
