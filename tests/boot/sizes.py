#!/usr/bin/env python3
"""Boots the largest images and files: sizes.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

sizes.py list prints the cases with their labels. The kernel checks the ramdisk: size, content at every 4093rd byte, what
the rest of its last page holds. image/largest-file and image/largest-image judge such images on the host.
"""

from pathlib import Path

import machine

FILE_MAX = (4 << 30) - 1  # FAT's
LARGE_DISK = "100G"
LARGE_MEMORY = "10G"
TIME_LIMIT = 1800  # seconds: 4 GiB are read, and read again


# A case gives the options of build-image, what the kernel is told, the options of run.


def large_disk(directory):
    del directory
    return ["--size", LARGE_DISK], "no-ramdisk", []


def large_ramdisk(directory):
    ramdisk = machine.write_payload(directory, FILE_MAX, 1)
    memory = f"memory-backend-ram,id=ram,size={LARGE_MEMORY},reserve=off"
    return (["--ramdisk", ramdisk], f"ramdisk={FILE_MAX}",
            ["--memory", LARGE_MEMORY, "--", "-object", memory, "-machine", "memory-backend=ram"])  # fmt: skip


CASES = {"disk": ("default", large_disk), "ramdisk": ("full", large_ramdisk)}


def boot(arguments, directory):
    """Returns the outcome of the boot."""
    firmware, name = arguments.case.split("-")
    build, words, run = CASES[name][1](directory)
    image = directory / "disk.img"
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / "conformance.elf", image, *build, "--cmdline",
                        machine.command_line(f"firmware={firmware} table=gpt modules=0 {words}"))  # fmt: skip
    return machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware, "--disk", "virtio", *run,
                            time_limit=TIME_LIMIT)  # fmt: skip


def judge(arguments, directory):
    outcome = boot(arguments, directory)
    if outcome.code == 0 and "BOOT-OK" in outcome.output and "BOOT-ERR" not in outcome.output + outcome.e9:
        return None
    machine.keep_screen(directory, arguments.keep, "sizes/" + arguments.case)
    return outcome.describe()


if __name__ == "__main__":
    machine.run_cases(
        [(label, f"{firmware}-{name}") for name, (label, _) in CASES.items() for firmware in ("bios", "uefi")], judge)  # fmt: skip
