#!/usr/bin/env python3
"""Updated and written images boot:
    update.py --imgtool PROGRAM --kernels DIRECTORY --write-log LIBRARY [--keep DIRECTORY] bios|uefi disk|volume|cd-gpt|cd-mbr

A kernel, its ramdisk and command line, and the loader are replaced (and last, the old image of a disk is written to a larger
one); the image is booted as it is then, and as it would be if the update had been stopped between two of its phases. A CD
is booted from a CD drive and as a disk. When the update is complete, nothing of the old loader is left: it is overwritten.
The kernels check themselves, and what they are given.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import machine

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "image"))
import cuts  # noqa: E402
from disk import Disk  # noqa: E402


DOORS = (0, 21 * 2048)  # the sector, and the CD's block, that a BIOS loads
FORMS = {"disk": [], "volume": ["--format", "fat"], "cd-gpt": ["--iso"], "cd-mbr": ["--iso", "--table", "mbr"]}
DRIVES = {"disk": [[]], "volume": [[]], "cd-gpt": [["--disk", "cdrom"], []], "cd-mbr": [["--disk", "cdrom"], []]}
PHASES = {"disk": 5, "volume": 6, "cd-gpt": 6, "cd-mbr": 6}


def age_loader(image):
    """Makes the loaders other versions: a letter of a message of each, in the part of the BIOS loader that is not packed."""
    disk = Disk(image)
    start, size = disk.stages, disk.stages_size
    message = disk.bytes.index(b"this CPU", start, start + size)
    disk.put(message, 1, ord("T"))
    disk.repair_stages()
    disk.put(disk.bytes.index(b"BOOT-ERR", disk.find_content("BOOTX64 EFI", boot_directory(disk))), 1, ord("b"))
    disk.save()


def boot_directory(disk):
    return disk.find_content("BOOT       ", disk.find_content("EFI        "))


def overwrite_old_loader(image, fresh):
    """Where nothing of the new image lies, or it would not boot."""
    now, before = Disk(image), fresh
    assert now.stages != before.stages, "the stages were not replaced"
    now.write(before.stages, b"\x5a" * before.stages_size)
    old = before.find_content("BOOTX64 EFI", boot_directory(before))
    assert now.find_content("BOOTX64 EFI", boot_directory(now)) != old, "BOOTX64.EFI was not replaced"
    now.write(old, b"\x5a" * before.cluster_size)
    now.save()


def write(image, fresh, sectors):
    image.write_bytes(fresh)
    with open(image, "r+b") as file:
        for offset, data in sectors:
            file.seek(offset)
            file.write(data)


def states_between(phases):
    """The states between phases, and those between the sectors that name the BIOS loader."""
    for name, sectors in cuts.all_cuts(phases, 0):
        done = phases[int(name.split(",")[0].split()[1])] if name != "finished" else []
        switch = len(done) > 1 and all(offset in DOORS for offset, _ in done)
        if name == "finished" or "before write 0" in name or switch:
            yield name, sectors


def written(imgtool, image, directory, fresh):
    """The image written to a larger disk, a loop device: a state like the others. None without root."""
    if os.geteuid() != 0:
        print("SKIP: writing to a loop device needs root")
        return []
    stick = directory / "stick"
    stick.write_bytes(b"\xa7" * (len(fresh) + (3 << 20)))
    image.write_bytes(fresh)
    device = subprocess.run(["losetup", "-f", "--show", stick], check=True, capture_output=True, text=True).stdout.strip()
    try:
        subprocess.run([imgtool, "write", image, device, "--yes", "--expect-size", str(stick.stat().st_size),
                        "--not-removable"], check=True, stdin=subprocess.DEVNULL)  # fmt: skip
    finally:
        subprocess.run(["losetup", "-d", device], check=True)
    return [("written", [(0, stick.read_bytes())])]


def main():
    parser = argparse.ArgumentParser()
    for option in ("--imgtool", "--kernels", "--write-log"):
        parser.add_argument(option, required=True)
    parser.add_argument("--keep")
    parser.add_argument("firmware", choices=["bios", "uefi"])
    parser.add_argument("medium", choices=PHASES)
    arguments = parser.parse_args()
    kernels, failures = Path(arguments.kernels), 0
    name = f"update-{arguments.medium}-{arguments.firmware}"
    with tempfile.TemporaryDirectory(prefix="stagecoach-update-") as work:
        directory = Path(work)
        image = directory / "disk.img"
        old, new = (machine.write_payload(directory, size, seed) for size, seed in ((300001, 7), (70000, 8)))
        machine.build_image(arguments.imgtool, kernels / "conformance-pie.elf", image, "--ramdisk", old, "--cmdline",
                            machine.command_line("old"), *FORMS[arguments.medium])  # fmt: skip
        age_loader(image)
        fresh = Disk(image)
        phases = cuts.record(arguments.write_log, image,
                             [arguments.imgtool, "update", image, "--kernel", kernels / "conformance-high.elf", "--ramdisk",
                              new, "--cmdline", machine.command_line("new"), "--loader"])  # fmt: skip
        subprocess.run([arguments.imgtool, "verify", image], check=True, stdout=subprocess.DEVNULL)
        states = list(states_between(phases))
        if arguments.firmware == "uefi":
            states = states[-2:]
        if arguments.medium == "disk":
            states += written(arguments.imgtool, image, directory, fresh.fresh)
        for state, sectors in states:
            write(image, fresh.fresh, sectors)
            if state == "finished":
                overwrite_old_loader(image, fresh)
            for drive in DRIVES[arguments.medium]:
                outcome = machine.run_qemu(arguments.imgtool, image, directory, "--firmware", arguments.firmware, *drive)
                if outcome.code != 0 or "BOOT-BAD" in outcome.output:
                    failures += 1
                    print(f"{state} {drive}: {outcome.describe()}")
                    machine.keep_screen(directory, arguments.keep, name)
    print(f"{len(phases)} phases, {len(states)} states, {failures} failures")
    return 1 if failures or len(phases) != PHASES[arguments.medium] else 0


if __name__ == "__main__":
    machine.clean_up_when_terminated()
    sys.exit(main())
