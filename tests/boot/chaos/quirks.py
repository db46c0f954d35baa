#!/usr/bin/env python3
"""Boots an image on a BIOS machine that was spoilt first: quirks.py --imgtool PROGRAM --kernels DIRECTORY NAME

Each row: how the floppy disk of chaos.asm spoils the machine (its -D options; none: no floppy), what is done to the image,
which QEMU options come along, and how the boot must end: with the kernel's BOOT-OK, or with the given BOOT-ERR line.
`quirks.py list` prints the rows with their labels.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import machine  # noqa: E402

PREFIX = "bios-quirk-"
SECTOR = 512
STAGES_LBA = 424  # struct bios_stage1_patch, bios/image_format.h
IMAGE_ID = 432
BOOTED = None  # the expectation of rows that boot
EXIT_SUCCESS = 33  # QEMU's, for 0x10 written to isa-debug-exit


def flip(image, offset):
    with open(image, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def stages_offset(image):
    with open(image, "rb") as file:
        return int.from_bytes(file.read(SECTOR)[STAGES_LBA : STAGES_LBA + 8], "little") * SECTOR


def damage_stages(image):
    flip(image, stages_offset(image) + 0x3000)


def damage_number(image):
    flip(image, IMAGE_ID)


def cut_inside_stages(image):
    with open(image, "r+b") as file:
        file.truncate(stages_offset(image) + 40 * SECTOR)


def row(*options, edit=None, qemu=(), expect=BOOTED):
    return {"options": options, "edit": edit, "qemu": qemu, "expect": expect, "cd": "CD" in options}


ROWS = {
    "nothing": row("PLAIN"),
    "a20-off": row("A20_OFF"),
    "direction-flag": row("DIRECTION"),
    "direction-flag-no-edd": row("DIRECTION", "NO_EDD", expect="E 1"),
    "segment-07c0": row("SEGMENT"),
    "odd-stack": row("STACK"),
    "parameter-block": row("BPB"),
    "drive-00": row("DRIVE=0x00"),
    "drive-01": row("DRIVE=0x01"),
    "drive-7f": row("DRIVE=0x7f"),
    "drive-81": row("DRIVE=0x81"),
    "drive-ff": row("DRIVE=0xff"),
    "drive-destroyed": row("CHECK_DRIVE"),
    "everything": row("A20_OFF", "DIRECTION", "SEGMENT", "STACK", "BPB", "DRIVE=0", "CHECK_DRIVE", "READ_FAILS=3",
                      "NO_SIZE", "E820_HOSTILE", "E801_HALF"),  # fmt: skip
    "read-fails": row("READ_FAILS=2"),
    "read-max-64": row("READ_MAX=64"),
    "read-max-1": row("READ_MAX=1"),
    "no-disk-size": row("NO_SIZE"),
    "cd": row("CD"),
    "cd-no-size": row("CD", "NO_SIZE"),
    "cd-size-512": row("CD", "SIZE_512"),
    "cd-size-fails": row("CD", "SIZE_FAILS"),
    "disk-size-fails": row("SIZE_FAILS"),
    "e820-hostile": row("E820_HOSTILE"),
    "e820-hostile-6g": row("E820_HOSTILE", qemu=("-m", "6G")),
    "e820-none": row("E820_NONE"),
    "e820-forgets": row("E820_FORGETS"),
    "e801-half": row("E820_NONE", "E801_HALF"),
    "e801-none": row("E820_NONE", "E801_NONE"),
    "i8042-off": row("A20_OFF", qemu=("-machine", "pc,i8042=off")),
    "isa-only": row("PLAIN", qemu=("-machine", "isapc", "-cpu", "qemu64")),
    "e820-endless": row("E820_ENDLESS", expect="604 4 .*E820"),
    "memory-none": row("E820_NONE", "E801_NONE", "MEMORY_NONE", expect="104 4 .*E820"),
    "low-memory": row("LOW_MEMORY=400", expect="601 2 .*512 KiB"),
    "read-dead": row("READ_DEAD", expect="201 4 .*drive 0x80.*sector"),
    "no-edd": row("NO_EDD", expect="E 1"),
    "edd-once": row("EDD_ONCE", expect="102 4 drive 0x80: the BIOS.*EDD"),
    "no-edd-no-drive": row("NO_EDD", "DRIVE=0", expect="D 1"),
    "cpu-486": row(qemu=("-cpu", "486"), expect="101 2 .*64-bit"),
    "cpu-pentium": row(qemu=("-cpu", "pentium"), expect="101 2 .*64-bit"),
    "cpu-qemu32": row(qemu=("-cpu", "qemu32"), expect="101 2 .*64-bit"),
    "stages-damaged": row(edit=damage_stages, expect="213 2 .*damaged"),
    "stages-of-another": row(edit=damage_number, expect="M 1"),
    "stages-cut": row(edit=cut_inside_stages, expect="R 1"),
}


def qemu_command(image, row, directory):
    qemu = machine.need("qemu-system-x86_64", "qemu-system-x86")
    command = [qemu, "-accel", "tcg", "-m", "128", "-display", "none", "-monitor", "none", "-no-reboot",
               "-serial", f"file:{directory}/com1.log", "-debugcon", f"file:{directory}/e9.log",
               "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
               "-drive", f"file={image},format=raw,if=none,id=disk,readonly={'on' if row['cd'] else 'off'}",
               "-device", f"{'ide-cd' if row['cd'] else 'ide-hd'},drive=disk"]  # fmt: skip
    if row["options"]:
        floppy = machine.build_floppy(row["options"], directory)
        command += ["-drive", f"file={floppy},format=raw,if=floppy", "-boot", "a"]
    return command + list(row["qemu"])


def run(command, directory):
    """Until QEMU ends, or the line BOOT-ERR is complete on both outputs: then the machine stands still."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + machine.TIME_LIMIT
    complete = re.compile(r"BOOT-ERR [^\n]*\n")
    try:
        while time.monotonic() < deadline:
            try:
                return process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                if all(complete.search(machine.text_of(directory / name)) for name in ("com1.log", "e9.log")):
                    return "stopped"
        return "time-out"
    finally:
        process.kill()
        process.wait()


def problem(row, code, output):
    if row["expect"] is BOOTED:
        if code != EXIT_SUCCESS or "BOOT-OK" not in output or "BOOT-ERR" in output:
            return "should have booted"
    elif code != "stopped" or not re.search(r"^BOOT-ERR " + row["expect"], output, re.MULTILINE):
        return f"should have ended with BOOT-ERR {row['expect']}"
    return None


def judge(arguments, row, directory):
    image = directory / "disk.img"
    medium = "source=cd" if row["cd"] else "table=gpt"
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / "conformance.elf", image, "--cmdline",
                        machine.command_line(f"firmware=bios {medium}"), *(["--iso"] if row["cd"] else []))  # fmt: skip
    if row["edit"]:
        row["edit"](image)
    code = run(qemu_command(image, row, directory), directory)
    for name in ("e9.log", "com1.log"):
        output = machine.text_of(directory / name)
        wrong = problem(row, code, output.replace("\r", ""))
        if wrong:
            print(f"--- {name}\n{output}\n{arguments.name}: exit code {code}: {wrong}")
            return 1
    return 0


def main():
    if sys.argv[1:2] == ["list"]:
        print("\n".join(f"default {PREFIX}{name}" for name in ROWS))
        return 0
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--keep")
    parser.add_argument("name")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stagecoach-quirk-") as name:
        return judge(arguments, ROWS[arguments.name.removeprefix(PREFIX)], Path(name))


if __name__ == "__main__":
    sys.exit(main())
