#!/usr/bin/env python3
"""Measures the loaders and imgtool beside GRUB, the firmware alone and other image builders; see run.sh."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import charts
import fragments
import machines

KIB, MIB = 1 << 10, 1 << 20
SMALL = 64 * KIB
ENTRY, ADDRESSES, SEGMENTS, JUMP = 1, 6, 7, 10  # enum boot_phase
PHASES = {2: "loader", 3: "configuration", 4: "kernel headers", 5: "video", 6: "addresses", 7: "files", 8: "page tables",
          9: "leaving the firmware", 10: "jump"}  # fmt: skip


class Table:
    """Rows of measured values, printed as they come."""

    def __init__(self, repeats):
        self.repeats, self.rows = repeats, []

    def measure(self, suite, case, who, unit, function, repeats=None):
        values = [function() for _ in range(repeats or self.repeats)]
        row = {"suite": suite, "case": case, "who": who, "unit": unit, "median": round(statistics.median(values), 3),
               "min": round(min(values), 3), "max": round(max(values), 3)}  # fmt: skip
        base = next((r for r in self.rows if (r["suite"], r["case"]) == (suite, case)), row)
        row["ratio"] = round(row["median"] / base["median"], 3) if base["median"] else None
        self.rows.append(row)
        print(f"{suite:12} {case:26} {who:18} {row['median']:10.2f} {unit:10} [{row['min']:.2f} .. {row['max']:.2f}]"
              f"  x {row['ratio']}", flush=True)  # fmt: skip
        return row


class Bench:
    def __init__(self, arguments, directory):
        self.quick = arguments.quick
        self.images = machines.Images(directory, arguments.build, arguments.source)
        self.machine = machines.Machine(directory)
        self.table = Table(1 if self.quick else 3)
        self.phases = {}

    # --- one boot each -------------------------------------------------------------------------------------------------

    def floor(self, size, firmware, disk="ahci", **options):
        image = self.images.floor_bios(size) if firmware == "bios" else self.images.floor_uefi(size)
        times = machines.hex_times(self.machine.boot(image, firmware, disk, **options), "floor")
        return times[-1] - times[0]

    def start(self, firmware, disk="ahci"):
        """When the firmware starts what it boots."""
        image = self.images.floor_bios(SMALL) if firmware == "bios" else self.images.floor_uefi(SMALL)
        return machines.hex_times(self.machine.boot(image, firmware, disk), "floor")[0]

    def own(self, image, firmware, disk="ahci", **options):
        return machines.own_times(self.machine.boot(image, firmware, disk, **options))

    def own_total(self, image, firmware, disk="ahci"):
        times = self.own(image, firmware, disk)
        return times["kernel"] - times[ENTRY]

    def own_files(self, image, firmware, disk="ahci", **options):
        times = self.own(image, firmware, disk, **options)
        return times[SEGMENTS] - times[ADDRESSES]

    def grub(self, image, firmware):
        return machines.hex_times(self.machine.boot(image, firmware), "grub")[0]

    # --- suites --------------------------------------------------------------------------------------------------------

    def small_kernel(self):
        image, grub = self.images.own("small", self.images.kernel(SMALL)), self.images.grub("small", SMALL)
        for firmware in ("bios", "uefi"):
            start = self.start(firmware)
            self.table.measure("small", firmware, "stagecoach", "ms added", lambda: self.own_total(image, firmware))
            self.table.measure("small", firmware, "grub", "ms added", lambda: self.grub(grub, firmware) - start)
            times = self.own(image, firmware)
            ends = [times[phase] for phase in [ENTRY, *PHASES] if phase in times]
            self.phases[firmware] = [(name, b - a) for name, a, b in zip(PHASES.values(), ends, ends[1:], strict=False)]

    def bulk(self):
        sizes = [8 * MIB] if self.quick else [MIB, 8 * MIB, 64 * MIB, 256 * MIB]
        disks = {"bios": ["ahci", "ide", "virtio", "usb"], "uefi": ["ahci", "virtio", "nvme"]}
        for firmware, kinds in disks.items():
            for disk in kinds:
                for size in sizes if disk == "ahci" else sizes[-2:][:1]:
                    self.bulk_case(firmware, disk, size)

    def bulk_case(self, firmware, disk, size):
        case = f"{firmware} {disk} {size // MIB} MiB"
        image = self.images.own(f"bulk-{size}", self.images.kernel(size))
        self.table.measure("bulk", case, "firmware", "ms", lambda: self.floor(size, firmware, disk))
        self.table.measure("bulk", case, "stagecoach", "ms", lambda: self.own_files(image, firmware, disk))
        if disk == "ahci" and size <= 64 * MIB:
            grub, start = self.images.grub(f"bulk-{size}", size), self.start(firmware)
            self.table.measure("bulk", case, "grub (all)", "ms", lambda: self.grub(grub, firmware) - start, 1)
        if disk == "ahci":
            ramdisk = self.images.own(f"ramdisk-{size}", self.images.kernel(SMALL), "--ramdisk", self.images.payload(size))
            self.table.measure("bulk", case, "ramdisk", "ms", lambda: self.own_files(ramdisk, firmware))

    def slow_stick(self):
        size = 8 * MIB if self.quick else 64 * MIB
        options = {"virtual": False, "drive": ",throttling.iops-read=1000,throttling.bps-read=30000000"}

        def wall(image):
            self.machine.boot(image, **options)
            return self.machine.wall_ms

        case = f"bios ahci {size // MIB} MiB"
        floor, image = self.images.floor_bios(size), self.images.own(f"bulk-{size}", self.images.kernel(size))
        self.table.measure("slow stick", case, "firmware", "host ms", lambda: wall(floor))
        self.table.measure("slow stick", case, "stagecoach", "host ms", lambda: wall(image))

    def fragmented(self):
        size = 8 * MIB if self.quick else 64 * MIB
        whole = self.images.own(f"room-{size}", self.images.kernel(size), "--size", f"{3 * size // MIB + 64}M")
        image = fragments.make(whole, self.images.path(f"fragments-{size}.img"), "KERNEL  ELF", 256 * KIB)
        for firmware in ("bios", "uefi"):
            case = f"{firmware} ahci {size // MIB} MiB"
            self.table.measure("fragments", case, "in one piece", "ms", lambda: self.own_files(whole, firmware))
            self.table.measure("fragments", case, "of 256 KiB", "ms", lambda: self.own_files(image, firmware))

    def debug_info(self):
        size = 20 * MIB if self.quick else 200 * MIB
        kernel, debug = self.images.kernel(SMALL), self.images.path("debug.elf")
        machines.run("objcopy", "--add-section", f".debug_info={self.images.payload(size)}", kernel, debug)
        stripped = self.images.own("small", kernel)
        image = self.images.own("debug", debug)
        for firmware in ("bios", "uefi"):
            case = f"{firmware} {size // MIB} MiB of it"
            self.table.measure("debug info", case, "stripped", "ms added", lambda: self.own_total(stripped, firmware))
            self.table.measure("debug info", case, "with", "ms added", lambda: self.own_total(image, firmware))

    def memory(self):
        image = self.images.own("small", self.images.kernel(SMALL))
        for memory in ("1G", "6G"):
            def tables():
                times = self.own(image, "bios", memory=memory)
                return times[8] - times[7]
            self.table.measure("page tables", "bios", f"{memory} of memory", "ms", tables)

    def building(self):
        size = 64 * MIB if self.quick else 1024 * MIB
        source, target = self.images.payload(size), self.images.path("built.img")
        kernel = self.images.kernel(SMALL)

        def clock(function):
            target.unlink(missing_ok=True)
            os.sync()
            start = time.monotonic()
            function()
            return (time.monotonic() - start) * 1000

        builders = {
            "imgtool": lambda *files: machines.run(self.images.imgtool, "build-image", "--quiet", "-o", target, *files, kernel),
        }
        self.table.measure("build", "64 KiB kernel", "imgtool", "host ms", lambda: clock(builders["imgtool"]), 5)
        self.other_builders("64 KiB kernel", clock, kernel, target, None)
        case = f"{size // MIB} MiB ramdisk"
        self.table.measure("build", case, "cp", "host ms", lambda: clock(lambda: machines.run("cp", source, target)), 3)
        self.table.measure("build", case, "imgtool", "host ms",
                           lambda: clock(lambda: builders["imgtool"]("--ramdisk", source)), 3)  # fmt: skip
        self.other_builders(case, clock, kernel, target, source)
        memory = self.peak_memory([self.images.imgtool, "build-image", "--quiet", "--force", "-o", target, "--ramdisk", source,
                                   kernel])  # fmt: skip
        self.table.measure("build memory", case, "imgtool", "MiB", lambda: memory, 1)
        target.unlink()

    @staticmethod
    def peak_memory(command):
        pid = os.posix_spawn(str(command[0]), [str(word) for word in command], os.environ)
        _, _, usage = os.wait4(pid, 0)
        return usage.ru_maxrss / 1024

    def other_builders(self, case, clock, kernel, target, ramdisk):
        tree = Path(tempfile.mkdtemp(dir=self.images.directory))
        os.link(kernel, tree / "kernel.elf")
        if ramdisk:
            os.link(ramdisk, tree / "ramdisk")
        room = (ramdisk.stat().st_size if ramdisk else 0) // MIB + 40
        genimage = tree.parent / "genimage.cfg"
        files = '"kernel.elf", "ramdisk"' if ramdisk else '"kernel.elf"'
        genimage.write_text(f'image esp.vfat {{ vfat {{ files = {{ {files} }} }} size = {room}M }}\n'
                            f'image {target.name} {{ hdimage {{ partition-table-type = "gpt" }}\n'
                            'partition esp { partition-type-uuid = "U" image = "esp.vfat" } }\n')  # fmt: skip

        def by_script():
            machines.run("truncate", "-s", f"{room + 4}M", target)
            machines.run("sgdisk", "-n", f"1:2M:+{room}M", "-t", "1:ef00", target)
            volume = f"{target}@@2M"
            machines.run("mformat", "-i", volume, "-F", "-T", room * 2048, "::")
            machines.run("mcopy", "-i", volume, tree / "kernel.elf", *([tree / "ramdisk"] if ramdisk else []), "::")

        others = {
            "grub-mkrescue": lambda: machines.run("grub-mkrescue", "-o", target, tree),
            "genimage": lambda: machines.run("genimage", "--config", genimage, "--inputpath", tree, "--rootpath", tree,
                                             "--outputpath", target.parent, "--tmppath", tempfile.mkdtemp(dir=tree.parent)),
            "sgdisk + mtools": by_script,
        }  # fmt: skip
        for who, function in others.items():
            try:
                self.table.measure("build", case, who, "host ms", lambda: clock(function), 1 if ramdisk else 3)
            except (subprocess.CalledProcessError, FileNotFoundError) as problem:
                said = getattr(problem, "stderr", "")
                print(f"{'build':12} {case:26} {who:18} failed: {problem} {said}", flush=True)


def markdown(rows):
    lines = ["| what | case | who | median | min | max | ratio |", "|---|---|---|---:|---:|---:|---:|"]
    for row in rows:
        lines.append(f"| {row['suite']} | {row['case']} | {row['who']} | {row['median']:.2f} {row['unit']} | {row['min']:.2f} |"
                     f" {row['max']:.2f} | {row['ratio']:.2f} |")  # fmt: skip
    return "\n".join(lines) + "\n"


SUITES = ("small_kernel", "bulk", "slow_stick", "fragmented", "debug_info", "memory", "building")


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
            getattr(bench, suite)()
    results = {"rows": bench.table.rows, "phases": bench.phases}
    (arguments.output / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (arguments.output / "results.md").write_text(markdown(bench.table.rows))
    charts.write(results, arguments.output)
    print(f"{arguments.output}/results.json, results.md, phases.svg, sizes.svg")


if __name__ == "__main__":
    sys.exit(main())
