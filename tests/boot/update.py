#!/usr/bin/env python3
"""Updated and written images boot: update.py --imgtool PROGRAM --kernels DIRECTORY --write-log LIBRARY [--keep DIRECTORY] bios|uefi

A kernel, its ramdisk and command line, and the loader are replaced (and last, the old image is written to a larger disk); the image is booted as it is then, and as it would be if the
update had been stopped between two of its phases. The kernels check themselves, and what they are given.
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


def age_loader(image):
    """Makes the BIOS loader another version: a letter of a message in the part that is not packed."""
    disk = Disk(image)
    start, size = disk.stages, disk.stages_size
    message = disk.bytes.index(b"this CPU", start, start + size)
    disk.put(message, 1, ord("T"))
    disk.repair_stages()
    disk.save()


def write(image, fresh, sectors):
    image.write_bytes(fresh)
    with open(image, "r+b") as file:
        for offset, data in sectors:
            file.seek(offset)
            file.write(data)


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
    arguments = parser.parse_args()
    kernels, failures = Path(arguments.kernels), 0
    with tempfile.TemporaryDirectory(prefix="stagecoach-update-") as name:
        directory = Path(name)
        image = directory / "disk.img"
        old, new = (machine.write_payload(directory, size, seed) for size, seed in ((300001, 7), (70000, 8)))
        machine.build_image(arguments.imgtool, kernels / "conformance-pie.elf", image, "--ramdisk", old, "--cmdline",
                            machine.command_line("old"))  # fmt: skip
        age_loader(image)
        fresh = image.read_bytes()
        phases = cuts.record(arguments.write_log, image,
                             [arguments.imgtool, "update", image, "--kernel", kernels / "conformance-high.elf", "--ramdisk",
                              new, "--cmdline", machine.command_line("new"), "--loader"])  # fmt: skip
        states = [(name, sectors) for name, sectors in cuts.all_cuts(phases, 0)
                  if name == "finished" or "before write 0" in name]  # fmt: skip
        if arguments.firmware == "uefi":
            states = states[-2:]
        states += written(arguments.imgtool, image, directory, fresh)
        for name, sectors in states:
            write(image, fresh, sectors)
            outcome = machine.run_qemu(arguments.imgtool, image, directory, "--firmware", arguments.firmware)
            if outcome.code != 0 or "BOOT-BAD" in outcome.output:
                failures += 1
                print(f"{name}: {outcome.describe()}")
                machine.keep_screen(directory, arguments.keep, f"update-{arguments.firmware}")
    print(f"{len(phases)} phases, {len(states)} boots, {failures} failures")
    return 1 if failures or len(phases) != 5 else 0


if __name__ == "__main__":
    machine.clean_up_when_terminated()
    sys.exit(main())
