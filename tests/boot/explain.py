#!/usr/bin/env python3
"""imgtool explain tells the truth: explain.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] bios|uefi

Boots kernels that print their page tables and boot info, then lets explain predict both for the machine that they found
(its memory map and display): every address, size, right, cache type and page size must be equal. Physical addresses must
be equal where the machine decides (window, framebuffer); elsewhere the loader chooses them by what firmware left free. So
does the boot info's size. Random addresses are predicted, too, where kaslr-seed has chosen them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import machine

KASLR_SEED = "5eed"
CACHES = {6: "write-back", 0: "uncached", 1: "write-combining"}
MACHINE_OWNED = ("physical memory", "framebuffer")
TYPES = {5: "reserved", 6: "acpi-reclaimable", 7: "acpi-nvs", 8: "efi-runtime-code", 9: "efi-runtime-data",
         10: "reserved", 11: "mmio", 12: "persistent", 13: "bad"}  # fmt: skip


def lines(outcome, word):
    for line in outcome.output.splitlines():
        if line.startswith(word + " "):
            yield line.split()[1:]


def write_map(outcome, path):
    """The machine's memory as it was before the loader took some."""
    path.write_text("".join(f"{start} {end} {TYPES.get(int(kind), 'usable')}\n"
                            for start, end, kind in lines(outcome, "MAP")))  # fmt: skip


def real_ranges(outcome):
    for words in lines(outcome, "RANGE"):
        address, phys, size, page = (int(word, 16) for word in words[:4])
        yield address, phys, size, (page, words[4] == "1", words[5] == "1", CACHES.get(int(words[6]), words[6]))


def said_ranges(report):
    for entry in report["mappings"]:
        kind = (entry["page_size"], entry["write"], entry["execute"], entry["cache"])
        yield int(entry["address"], 16), int(entry["phys"], 16), entry["size"], kind


def places(report):
    """Where physical addresses must be equal, and where the boot info is."""
    fixed = [entry for entry in report["mappings"] if entry["owner"] in MACHINE_OWNED]
    info = next(entry for entry in report["mappings"] if entry["owner"] == "boot info")
    return [(int(entry["address"], 16), entry["size"]) for entry in fixed], int(info["address"], 16)


def comparable(ranges, fixed, info):
    """{address: description}: touching ranges joined, the physical address where it counts, no size of the boot info."""
    joined = []
    for address, phys, size, kind in sorted(ranges):
        counts = any(start <= address < start + length for start, length in fixed)
        phys = phys if counts else None
        if joined:
            last = joined[-1]
            follows = last[0] + last[2] == address and last[3] == kind and (last[1] is None) == (phys is None)
            if follows and (phys is None or last[1] + last[2] == phys):
                last[2] += size
                continue
        joined.append([address, phys, size, kind])
    return {address: (phys, None if address == info else size, kind) for address, phys, size, kind in joined}


def compare(name, real, said):
    wrong = 0
    for key in sorted(set(real) | set(said)):
        if real.get(key) != said.get(key):
            wrong += 1
            print(f"{name} {key:#x}: is {real.get(key)}, explain says {said.get(key)}" if isinstance(key, int)
                  else f"{name} {key}: is {real.get(key)}, explain says {said.get(key)}")  # fmt: skip
    return wrong


def number(value):
    return int(value, 16) if isinstance(value, str) else value


def seed_options(name, directory):
    """(options of build-image, options of explain)"""
    if name != "report-aslr":
        return [], []
    config = directory / "stagecoach.conf"
    config.write_text(f"kaslr-seed {KASLR_SEED}\n")
    return ["--config", config], ["--kaslr-seed", KASLR_SEED]


def check(arguments, name, directory):
    kernel, image = Path(arguments.kernels) / f"{name}.elf", directory / "disk.img"
    ramdisk = machine.write_payload(directory, 300001, 7)
    image_options, explain_options = seed_options(name, directory)
    machine.build_image(arguments.imgtool, kernel, image, "--ramdisk", ramdisk, *image_options)
    outcome = machine.run_qemu(arguments.imgtool, image, directory, "--firmware", arguments.firmware, "--memory", "300M")
    if outcome.code != 0 or "BOOT-BAD" in outcome.output:
        print(outcome.describe())
        return 1
    write_map(outcome, directory / "map")
    width, height, pitch, phys = next(lines(outcome, "DISPLAY"))
    if int(pitch) != 4 * int(width):
        print(f"rows of {pitch} bytes for {width} pixels: explain can't be told of such a display")
        return 1
    done = subprocess.run(
        [arguments.imgtool, "explain", "--json", "--firmware", arguments.firmware, "--memory", directory / "map",
         "--display", f"{width}x{height}@{phys}", "--ramdisk", ramdisk, *explain_options, kernel],
        stdout=subprocess.PIPE, check=True, timeout=machine.TIME_LIMIT,
    )  # fmt: skip
    report = json.loads(done.stdout)
    fixed, info = places(report)
    wrong = compare(f"{name}: mapping at", comparable(real_ranges(outcome), fixed, info),
                    comparable(said_ranges(report), fixed, info))  # fmt: skip
    facts = {key: int(value, 16) for key, value in lines(outcome, "FACT")}
    wrong += compare(f"{name}: boot info's", facts, {key: number(report["boot_info"][key]) for key in facts})
    print(f"{name}: {len(facts)} facts, {len(report['mappings'])} mappings, {wrong} wrong")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--keep")
    parser.add_argument("firmware", choices=["bios", "uefi"])
    arguments = parser.parse_args()
    wrong = 0
    for name in ("report", "report-fixed", "report-aslr"):
        with tempfile.TemporaryDirectory(prefix="stagecoach-explain-") as directory:
            wrong += check(arguments, name, Path(directory))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
