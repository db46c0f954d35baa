#!/usr/bin/env python3
"""Measures the loaders and imgtool beside GRUB, the firmware alone and other image builders; see run.sh."""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import boots
import builders
import charts
import machines
import table

MIB = 1 << 20
BOOT_SUITES = ("small", "direct", "bulk", "slow_stick", "fragmented", "debug_info", "memory", "compressed")
SUITES = (*BOOT_SUITES, "building", "sizes")
ROUNDS = 5


class Bench:
    def __init__(self, arguments, directory):
        self.quick, self.build = arguments.quick, arguments.build
        self.table = table.Table(1 if self.quick else ROUNDS)
        self.images = machines.Images(directory, arguments.build, arguments.source)
        self.boots = boots.Boots(self.quick, self.images, machines.Machine(directory), self.table)

    def run(self, suite):
        start = time.monotonic()
        getattr(self.boots if suite in BOOT_SUITES else self, suite)()
        print(f"--- {suite}: {time.monotonic() - start:.0f} s", flush=True)

    def building(self):
        contest = builders.Builders(self.images, self.table)
        contest.compare("64 KiB kernel", None, 5)
        size = 64 * MIB if self.quick else 1024 * MIB
        ramdisk, case = self.images.payload(size), f"{size // MIB} MiB ramdisk"
        contest.beside_cp(case, ramdisk, 1 if self.quick else 2 * ROUNDS)
        contest.compare(case, ramdisk, 1 if self.quick else 3)
        contest.memory(case, ramdisk)

    def sizes(self):
        parts = {"stage 1": "bios/stage1.bin", "stages 2 to 4 and overlay, packed": "bios/stages.bin", "stages 2 to 4": "bios/stages.flat",
                 "overlay": "bios/overlay.flat", "direct loader": "bios/direct.bin", "BOOTX64.EFI": "uefi/BOOTX64.EFI"}  # fmt: skip
        for name, path in parts.items():
            self.table.add("size", name, "stagecoach", "bytes", [(self.build / path).stat().st_size])
        header = (self.build / "bios/stages.bin").read_bytes()[:16]
        self.table.add("size", "stages 2 to 4, packed", "stagecoach", "bytes", [int.from_bytes(header[12:], "little")])
        script = self.images.path("grub.cfg")
        self.table.add("size", "UEFI application", "grub", "bytes", [self.images.grub_application(script, None).stat().st_size])
        self.table.add("size", "BIOS core", "grub", "bytes", [self.images.grub_core(script).stat().st_size])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="smaller sizes, each measured once")
    parser.add_argument("--suite", action="append", choices=SUITES, help="only these")
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="directory of the results")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.output) as directory:
        bench = Bench(arguments, Path(directory))
        for suite in arguments.suite or SUITES:
            bench.run(suite)
    results = {"rows": bench.table.rows, "phases": bench.boots.phases, "compression": bench.boots.compression}
    (arguments.output / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (arguments.output / "results.md").write_text(bench.table.markdown())
    charts.write(results, arguments.output)
    print(f"{arguments.output}/results.json, results.md, phases.svg, sizes.svg")


if __name__ == "__main__":
    sys.exit(main())
