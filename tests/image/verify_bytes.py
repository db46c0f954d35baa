#!/usr/bin/env python3
"""verify finds each single wrong byte: verify_bytes.py --imgtool PROGRAM --kernels DIRECTORY [--step N] gpt|mbr|iso

Byte after byte (with --step, each N-th) of all that a boot reads before the kernel runs is changed, and verify must end with 5.
The few bytes that mean nothing to any firmware, or of which nothing tells what they should be, are listed with the reason.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from disk import SECTOR, Disk

CHANGE = 0x41  # not only the case of a letter, nor only a flag
WORKERS = 2
BLOCK = 2048


def rows(*ranges):
    return {at for start, end in ranges for at in range(start, end)}


FIRMWARE_GAP = rows((3, 0x5A))  # of stage 1: firmware may have written there
DISK_SIGNATURE = rows((440, 446))  # any number
BEHIND_GPT_HEADER = rows((92, SECTOR))  # reserved; no firmware looks
BOOT_SECTOR_FREE = rows((3, 11), (24, 28), (36, 38), (39, 510))  # names, geometry, code; FAT32 has a copy to tell
FSINFO_FREE = rows((4, 484), (492, 496), (496, 508))  # reserved, and a hint
ENTRY_FREE = rows((12, 20), (22, 26))  # a directory entry's dates, flags for the case of its name
DOTS_FREE = rows((11, 20), (22, 26), (28, 32))
LONG_FREE = rows((26, 28))  # of an entry of a long name: a cluster that nobody reads


class Regions:
    """(name, offset, bytes that must be found)."""

    def __init__(self, disk, iso):
        self.disk, self.list = disk, []
        size = len(disk.bytes)
        self.add("MBR", 0, rows((0, SECTOR)) - FIRMWARE_GAP - DISK_SIGNATURE)
        if disk.gpt:
            for name, header in (("primary", SECTOR), ("backup", size - SECTOR)):
                self.add(f"{name} GPT header", header, rows((0, SECTOR)) - BEHIND_GPT_HEADER)
                self.add(f"{name} GPT entries", disk.get(header + 72, 8) * SECTOR, rows((0, 128 * 128)), 16)
        self.add("stages", disk.stages, rows((0, disk.stages_size)), 128)
        self.add("FAT boot sector", disk.volume, rows((0, SECTOR)) - (set() if disk.wide else BOOT_SECTOR_FREE))
        if disk.wide:
            self.add("FSInfo", disk.volume + SECTOR, rows((0, SECTOR)) - FSINFO_FREE)
            self.add("second boot sector", disk.volume + 6 * SECTOR, rows((0, SECTOR)))
        self.add("tables", disk.table, rows((0, 2 * disk.table_size)), disk.table_size // 256)
        self.directories()
        if iso:
            self.add("CD", 16 * BLOCK, rows((0, 6 * BLOCK)) - rows((5 * BLOCK + SECTOR, 6 * BLOCK)), 8)

    def add(self, name, offset, places, more_step=1):
        """Of big ones only some bytes, at places that have nothing to do with the structure's own steps."""
        self.list.append((name, offset, sorted(places)[:: more_step | 1]))

    def directories(self):
        disk = self.disk
        efi = disk.find_content("EFI        ")
        boot = disk.find_content("BOOT       ", efi)
        for name, start in (("/EFI", efi), ("/EFI/BOOT", boot)):
            self.add(f"{name} dots", start, rows((0, 11), (26, 28), (32, 43), (58, 60)) | (rows((20, 22), (52, 54)) if disk.wide else set()))
        for name, short, directory in (("/EFI", "EFI        ", None), ("/EFI/BOOT", "BOOT       ", efi)):
            self.entry(name, disk.find(short, directory), rows((28, 32)))  # a directory has no size; DOS wants 0
        self.entry("loader", disk.find("BOOTX64 EFI", boot), set())
        config = disk.find("STAGEC~1CON")
        self.entry("configuration", config, set())
        for part in (1, 2):
            long_part = rows((0, 32)) - LONG_FREE if part == 1 else rows((0, 6), (11, 14))  # "nf" ends the name
            self.add(f"configuration's long name, part {part}", config - 32 * part, long_part)

    def entry(self, name, offset, free):
        wide = set() if self.disk.wide else rows((20, 22))
        self.add(f"entry of {name}", offset, rows((0, 11), (20, 22), (26, 32)) - free - wide - ENTRY_FREE)


def changed(imgtool, image, work):
    """Of the places in `work`, those that verify does not find."""
    number, places = work
    copy = image.with_suffix(f".{number}")
    subprocess.run(["cp", "--sparse=always", image, copy], check=True)
    missed = []
    with open(copy, "r+b", buffering=0) as file:
        for name, at in places:
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ CHANGE]))
            done = subprocess.run([imgtool, "verify", copy], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, check=False, timeout=60)  # fmt: skip
            if done.returncode != 5:
                missed.append(f"byte {at} ({name}): exit code {done.returncode} {done.stderr.decode()}")
            file.seek(at)
            file.write(byte)
    return missed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("kind", choices=["gpt", "mbr", "iso"])
    arguments = parser.parse_args()
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="stagecoach-bytes-", dir=shared) as name:
        image = Path(name) / "disk.img"
        kernel = Path(name) / "kernel.elf"
        shutil.copyfile(Path(arguments.kernels) / "smoke.elf", kernel)
        options = {"gpt": [], "mbr": ["--table", "mbr", "--fat", "16"], "iso": ["--iso"]}[arguments.kind]
        subprocess.run([arguments.imgtool, "build-image", "-q", "-o", image, kernel, "--cmdline", "some words", *options], check=True)
        assert subprocess.run([arguments.imgtool, "verify", image], stdout=subprocess.DEVNULL, check=False).returncode == 0
        regions = Regions(Disk(image), arguments.kind == "iso").list
        places = [(region, offset + at) for region, offset, found in regions for at in found[:: arguments.step]]
        work = [(number, places[number::WORKERS]) for number in range(WORKERS)]
        with ThreadPoolExecutor(WORKERS) as workers:
            missed = sum(workers.map(lambda part: changed(arguments.imgtool, image, part), work), [])
    print(f"{len(regions)} structures, {len(places)} bytes changed, {len(missed)} not found", *missed, sep="\n")
    return 1 if missed or not places else 0


if __name__ == "__main__":
    sys.exit(main())
