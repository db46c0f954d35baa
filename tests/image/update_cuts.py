#!/usr/bin/env python3
"""update is cut at every write: update_cuts.py --imgtool PROGRAM --kernels DIRECTORY --write-log LIBRARY SCENARIO TABLE FAT

Notes what update writes, then makes each state that a disk may be left in (cuts.py) and asks of it: mtools finds the whole old
or the whole new set of files; imgtool verify and fsck.fat find nothing but what a stop may leave behind (lost clusters, a
second table or counts that are out of date, on a CD directories and another loader than the disk's); stage 1, on a CD both,
in a FAT32 volume without partitions its backup too, finds whole stages; and a second update finishes the work, after which nothing at all is found.
"""

import argparse
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import cuts
from disk import SECTOR, Disk, stages_whole

HARMLESS = {"second FAT", "FSInfo", "FAT backup boot sector"}
HARMLESS_CD = {"ISO primary descriptor", "ISO Joliet descriptor", "ISO directories", "CD's stage 1"}
CD_DOOR = 21 * 2048
BACKUP = 6  # of FAT32's boot sector
SIZES = {("12", False): "5M", ("16", False): "8M", ("32", False): "40M", ("12", True): "5M", ("16", True): "14M"}
FSCK_HARMLESS = re.compile(
    r"fsck\.fat |Leaving filesystem unchanged|\d* ?Reclaimed|Free cluster summary|  Auto-correcting|FATs differ but appear"
    r"|  Using first FAT|FATs differ - using first FAT|Second FAT (is corrupt|seems)|First FAT seems to be okay|There are differences between boot sector"
    r"|This is mostly harmless|  \d+:[0-9a-f]+/[0-9a-f]+|  Not automatically|, \d+:[0-9a-f]+/|.*: \d+ files, \d+/\d+ clusters|$"
)
LOADER = ("tree", "all", "door", "cd")  # scenarios that replace the loader
LONG = ["--file", "{0}:/a rather long name that takes several entries number {1}.text"]


def many(sources, count):
    return [word.format(sources[i % len(sources)], i) for i in range(count) for word in LONG]


class Scenario:
    """What the image is made with, and what it is updated with."""

    def __init__(self, name, kernels, directory):
        old, new = kernels / "conformance-pie.elf", kernels / "conformance-high.elf"
        one, two = directory / "one", directory / "two"
        one.write_bytes(bytes(range(256)) * 21)
        two.write_bytes(bytes(reversed(range(256))) * 17 + b"!")
        small = ["--ramdisk", one, "--cmdline", "old"]
        self.build = [old, *small]
        self.update = {
            "kernel": ["--kernel", new],
            "files": ["--kernel", new, "--ramdisk", two, "--cmdline", "new and longer"],
            "tree": ["--kernel", new, "--loader", "--file", f"{two}:/etc/deep/er/two", "--file", f"{one}:/EFI/one",
                     "--remove", "/etc/one"],
            "cd": ["--kernel", new, "--ramdisk", two, "--loader", "--file", f"{two}:/another/two"],
            "root": ["--kernel", new, *many([two], 7), "--remove", "/ramdisk2"],
            "all": ["--kernel", new, "--loader", *many([two], 7), "--remove", "/ramdisk2"],
            "door": ["--kernel", new, "--loader"],
        }[name]  # fmt: skip
        if name == "tree":
            self.build += ["--file", f"{one}:/etc/one", "--file", f"{one}:/etc/sub/one"]
        if name == "cd":
            self.build += ["--iso"]
        if name in ("root", "all"):
            self.build += many([one], 6) + ["--file", f"{two}:/ramdisk2"]


class Judge:
    def __init__(self, arguments, directory):
        self.imgtool = arguments.imgtool
        self.image, self.volume_file = directory / "disk.img", directory / "volume"
        self.scratch, self.again = directory / "files", directory / "again.img"
        self.failures = 0
        self.loader = None  # the new stage 1, which is there before any new file
        self.fat = arguments.fat
        self.doors = [0]
        if arguments.scenario == "cd":
            self.doors = [0, CD_DOOR]
        elif (arguments.table, arguments.fat) == ("none", "32"):
            self.doors = [0, BACKUP * SECTOR]
        self.harmless = HARMLESS | (HARMLESS_CD if arguments.scenario == "cd" else set())

    def open(self):
        self.disk = Disk(self.image)
        self.volume = self.disk.volume
        self.volume_size = self.disk.volume_size
        self.fresh = bytes(self.disk.bytes)
        subprocess.run(["cp", "--sparse=always", self.image, self.volume_file], check=True)
        self.volume_file.write_bytes(self.fresh[self.volume : self.volume + self.volume_size])

    def put(self, sectors):
        with open(self.image, "r+b") as image, open(self.volume_file, "r+b") as volume:
            for offset, data in sectors:
                image.seek(offset)
                image.write(data)
                if 0 <= offset - self.volume < self.volume_size:
                    volume.seek(offset - self.volume)
                    volume.write(data)

    def take_back(self, sectors):
        self.put([(offset, self.fresh[offset : offset + len(data)]) for offset, data in sectors])

    def fail(self, name, text):
        self.failures += 1
        print(f"{name}: {text}")

    def files(self):
        """What mtools finds on the volume: path -> bytes."""
        subprocess.run(["rm", "-rf", self.scratch], check=True)
        self.scratch.mkdir()
        subprocess.run(["mcopy", "-s", "-n", "-Q", "-i", self.volume_file, "::*", self.scratch],
                       check=True, env=dict(os.environ, MTOOLS_SKIP_CHECK="1"))  # fmt: skip
        return {str(path.relative_to(self.scratch)): path.read_bytes() for path in self.scratch.rglob("*") if path.is_file()}

    def cut_root(self):
        """Zeroes what lies behind the end mark of a fixed root directory, where nothing is: fsck.fat would read on."""
        with open(self.volume_file, "r+b") as volume:
            boot = volume.read(SECTOR)
            tables, entries, size = boot[16], int.from_bytes(boot[17:19], "little"), int.from_bytes(boot[22:24], "little")
            start = (int.from_bytes(boot[14:16], "little") + tables * size) * SECTOR
            volume.seek(start)
            root = volume.read(entries * 32)
            used = next((at for at in range(0, len(root), 32) if root[at] == 0), len(root))
            volume.seek(start + used)
            volume.write(bytes(len(root) - used))
        return [(start + used, root[used:])]

    def fsck(self):
        done = subprocess.run(["/sbin/fsck.fat", "-n", self.volume_file], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def verify(self, image):
        done = subprocess.run([self.imgtool, "verify", "--json", image], capture_output=True, text=True, check=False)
        return json.loads(done.stdout)["findings"]

    def check_cut(self, name, old, new):
        files = self.files()
        if files == new and self.loader is not None and self.boot_code() != self.loader:
            self.fail(name, "new files beneath the old stage 1")
        if files not in (old, new):
            self.fail(name, f"neither the old nor the new files: {sorted(files)}")
        for finding in self.verify(self.image):
            lost = finding["structure"] == "FAT" and "lost clusters" in finding["text"]
            if finding["structure"] not in self.harmless and not lost:
                self.fail(name, f"verify finds {finding}")
        self.check_doors(name)
        ghosts = self.cut_root() if self.fat != "32" else []
        for line in self.fsck()[1].splitlines():
            if not FSCK_HARMLESS.match(line):
                self.fail(name, f"fsck.fat finds '{line}'")
        self.put([(self.volume + offset, data) for offset, data in ghosts])
        return files == new

    def boot_code(self):
        """What a BIOS starts: a boot sector without the volume's parameters, which are the files' concern."""
        with open(self.image, "rb") as image:
            sector = image.read(440)
        return sector[:3] + sector[90:]

    def check_doors(self, name):
        """Each stage 1 names stages that are whole."""
        with open(self.image, "rb") as image:
            for door in self.doors:
                image.seek(door + 424)
                first, _, count, overlay = struct.unpack("<QIHH", image.read(16))
                image.seek(first * SECTOR)
                stages = image.read((count + overlay) * SECTOR)
                if not stages_whole(stages):
                    self.fail(name, f"stage 1 at {door} names no whole stages")

    def check_sound(self, name):
        for finding in self.verify(self.image):
            self.fail(name, f"verify finds {finding}")
        code, text = self.fsck()
        if code != 0:
            self.fail(name, f"fsck.fat finds {text}")

    def check_again(self, name, update, new):
        """The same update once more, on what was left of the first."""
        subprocess.run(["cp", "--sparse=always", self.image, self.again], check=True)
        subprocess.run([self.imgtool, "update", "-q", self.again, *update], check=True)
        other = Judge.__new__(Judge)
        other.__dict__ = dict(self.__dict__, image=self.again, volume_file=self.scratch.with_suffix(".again"))
        other.open()
        other.failures = 0
        other.check_sound(f"{name}, then again")
        if other.files() != new:
            other.fail(name, "the second update has other files")
        self.failures += other.failures


def age_loader(image, scenario):
    """A loader of another version. "door": as an update leaves it that was stopped before the backup boot sector, which
    names the stages of the version before."""
    disk = Disk(image)
    disk.flip(disk.stages + 600)
    disk.repair_stages()
    if scenario == "door":
        reserved = disk.get(14, 2)
        second = (reserved - disk.stages_size // SECTOR) // 8 * 8
        disk.write(second * SECTOR, disk.bytes[disk.stages : disk.stages + disk.stages_size])
        disk.put(424, 8, second)
        disk.stages = second * SECTOR
        disk.flip(disk.stages + 600)
        disk.flip(disk.stages + 700)
        disk.repair_stages()
    disk.save()


def main():
    parser = argparse.ArgumentParser()
    for option in ("--imgtool", "--kernels", "--write-log"):
        parser.add_argument(option, required=True)
    parser.add_argument("--samples", type=int, default=6)
    parser.add_argument("scenario")
    parser.add_argument("table")
    parser.add_argument("fat")
    arguments = parser.parse_args()
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # thousands of small writes and flushes
    with tempfile.TemporaryDirectory(prefix="stagecoach-update-", dir=memory) as name:
        directory = Path(name)
        scenario = Scenario(arguments.scenario, Path(arguments.kernels), directory)
        judge = Judge(arguments, directory)
        form = ["--format", "fat"] if arguments.table == "none" else ["--table", arguments.table]
        subprocess.run([arguments.imgtool, "build-image", "-q", "-o", judge.image, *form, "--fat",
                        arguments.fat, "--size", SIZES[arguments.fat, arguments.scenario == "cd"], *scenario.build],
                       check=True)  # fmt: skip
        if arguments.scenario in LOADER:
            age_loader(judge.image, arguments.scenario)
        judge.open()
        if arguments.scenario != "door":
            judge.check_sound("before")
        judge.check_doors("before")
        old = judge.files()
        command = [arguments.imgtool, "update", "-q", judge.image, *scenario.update]
        phases = cuts.record(arguments.write_log, judge.image, command)
        states = list(cuts.all_cuts(phases, arguments.samples))
        after = judge.image.read_bytes()
        finished = states[-1][1]
        judge.image.write_bytes(judge.fresh)
        judge.put(finished)
        if judge.image.read_bytes() != after:
            judge.fail("finished", "the notes do not lead to the image: a write was missed")
        judge.check_sound("finished")
        if arguments.scenario in LOADER:
            judge.loader, before = judge.boot_code(), judge.fresh[424:438]
            if judge.loader[424 - 87 : 438 - 87] == before:
                judge.fail("finished", "stage 1 is still the old one")
        new = judge.files()
        if new == old:
            judge.fail("finished", "nothing has changed")
        judge.take_back(finished)
        switched = 0
        for number, (state, sectors) in enumerate(states):
            judge.put(sectors)
            switched += judge.check_cut(state, old, new)
            if number % 11 == 3 or "before write 0" in state:
                judge.check_again(state, scenario.update, new)
            judge.take_back(sectors)
        if not 0 < switched < len(states):
            judge.fail("all", "the cuts are on one side of the switch only")
    print(f"{len(phases)} phases, {len(states)} states, {switched} of them new, {judge.failures} failures")
    return 1 if judge.failures else 0


if __name__ == "__main__":
    sys.exit(main())
