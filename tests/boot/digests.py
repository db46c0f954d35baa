#!/usr/bin/env python3
"""One image file on four firmwares, and the same content started directly, one digest: digests.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

digests.py list prints the cases with their labels. The digest that the conformance kernel prints covers all that must not
depend on the door: headers, segments and their rights, command line, ramdisk, modules.
"""

import hashlib
import re
import subprocess
from pathlib import Path

import machine

CASES = {"gpt": "conformance-pie", "mbr": "conformance-high"}


def run_imgtool(arguments, image, directory, *options):
    return machine.run_qemu(arguments.imgtool, image, directory, "--machine", "pc", "--disk", "ide", *options)


FIRMWARES = {
    "SeaBIOS": lambda *bench: run_imgtool(*bench, "--firmware", "bios"),
    "OVMF": lambda *bench: run_imgtool(*bench, "--firmware", "uefi"),
    "Bochs": lambda arguments, image, directory: machine.run_bochs(image, directory, "corei7_haswell_4770"),
    "U-Boot": lambda *bench: run_imgtool(*bench, "--", "-bios", machine.need(machine.UBOOT_ROM, "u-boot-qemu")),
}


def start_directly(arguments, directory, options):
    """The same kernel and files, as a file for VMMs: by PVH on a microVM."""
    file = directory / "os.elf"
    subprocess.run([arguments.imgtool, "build-direct", "--quiet", "--pvh", "-o", file, *options], check=True,
                   stdin=subprocess.DEVNULL)  # fmt: skip
    return machine.run_qemu(arguments.imgtool, file, directory, "--direct")


def digest_of(outcome):
    found = re.search(r"^BOOT-OK (\w+)\r?$", outcome.e9, re.MULTILINE)
    return found[1] if found and "BOOT-ERR" not in outcome.e9 else None


def judge(arguments, directory):
    image = directory / "disk.img"
    ramdisk, module = (machine.write_payload(directory, size, size) for size in (300001, 4097))
    kernel = Path(arguments.kernels) / f"{CASES[arguments.case]}.elf"
    content = ["--ramdisk", ramdisk, "--module", f"{module}:one:first module", "--cmdline",
               machine.command_line("ramdisk=300001 modules=1")]  # fmt: skip
    machine.build_image(arguments.imgtool, kernel, image, "--table", arguments.case, *content)
    before = hashlib.sha256(image.read_bytes()).digest()
    digests = {}
    for name, boot in FIRMWARES.items():
        outcome = boot(arguments, image, directory)
        digests[name] = digest_of(outcome)
        if digests[name] is None:
            return f"{outcome.describe()}{name}: port E9 has no BOOT-OK with a digest"
        if hashlib.sha256(image.read_bytes()).digest() != before:
            return f"{name}: the image was changed"
    digests["directly"] = digest_of(start_directly(arguments, directory, [kernel, *content]))
    return None if len(set(digests.values())) == 1 else f"different digests: {digests}"


if __name__ == "__main__":
    machine.run_cases([("default", name) for name in CASES], judge)
