#!/usr/bin/env python3
"""imgtool and the loader give the same verdict on kernels that are not as they should be.

verdicts.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] FIRMWARE-EXTENT
verdicts.py list          prints the tests with their labels

The kernel is put into an image behind imgtool's back and booted. Refused: the loader must end in BOOT-ERR with the number
that imgtool names. Accepted: it must get as far as starting the kernel, which may crash then. Extent: "some", single
bytes changed, a sample that is always the same; "every", a few changes of every byte of the ELF header, the program
headers, the notes and the dynamic section (all 255 of each are judged on the host, by unit/elf_samples); "refused", the
kernels that tests/kernels/README.md wants refused.
"""

import argparse
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import damage
import machine

KERNEL_PATH = "kernel.elf"
KERNELS = ("smoke", "conformance-pie")
CHANGES = (0x01, 0x80, 0xFF)  # what is flipped in every byte
SAMPLES = {"bios": 60, "uefi": 12}
PT_DYNAMIC, PT_NOTE = 2, 4
EHDR_SIZE, PHDR_SIZE = 64, 56
ACCEPTED = "accepted"
OUT_OF_MEMORY = "601"


def header_bytes(kernel):
    """Offsets of the bytes that describe the kernel."""
    table, count = struct.unpack_from("<Q", kernel, 32)[0], struct.unpack_from("<H", kernel, 56)[0]
    offsets = set(range(EHDR_SIZE)) | set(range(table, table + count * PHDR_SIZE))
    for at in range(table, table + count * PHDR_SIZE, PHDR_SIZE):
        kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", kernel, at)
        if kind in (PT_NOTE, PT_DYNAMIC):
            offsets |= set(range(offset, offset + size))
    return sorted(offsets)


def every_change(kernels):
    """Yields (kernel's name, offset, bits to flip)."""
    for name, content in kernels.items():
        for offset in header_bytes(content):
            for change in CHANGES:
                yield name, offset, change


def some_changes(kernels, count):
    chance = random.Random(2)
    names = list(kernels)
    for index in range(count):
        name = names[index % len(names)]
        yield name, chance.choice(header_bytes(kernels[name])), chance.randrange(1, 256)


class Bench:
    """For each kernel an image, and where in it the kernel lies."""

    def __init__(self, arguments, directory):
        self.imgtool = arguments.imgtool
        self.directory = directory
        self.kernel_directory = Path(arguments.kernels)
        self.kernels, self.images, self.starts = {}, {}, {}
        for name in KERNELS:
            path = self.kernel_directory / f"{name}.elf"
            image = damage.Image(directory / f"{name}.img", path, None)
            machine.build_image(self.imgtool, path, image.path)
            self.kernels[name] = path.read_bytes()
            self.images[name] = image
            self.starts[name] = image.find(self.kernels[name])

    def verdict_of_imgtool(self, kernel):
        path, image = self.directory / "changed.elf", self.directory / "changed.img"
        path.write_bytes(kernel)
        done = subprocess.run([self.imgtool, "build-image", "--quiet", "--force", "-o", image, path], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=machine.TIME_LIMIT)  # fmt: skip
        refusal = re.search(r"\(error (\d+)\)", done.stdout)
        if done.returncode == 0:
            return ACCEPTED, done.stdout
        return (refusal[1] if done.returncode == 3 and refusal else f"exit code {done.returncode}"), done.stdout

    def verdict_on_change(self, firmware, name, offset, byte):
        image, at = self.images[name], self.starts[name] + offset
        image.write(at, bytes([byte]))
        try:
            return self.boot(firmware, image.path)
        finally:
            image.write(at, self.kernels[name][offset : offset + 1])

    def verdict_on_kernel(self, firmware, kernel):
        image = self.images[KERNELS[0]]
        image.put(KERNEL_PATH, kernel)
        return self.boot(firmware, image.path)

    def boot(self, firmware, image):
        log = self.directory / "e9.log"
        log.unlink(missing_ok=True)
        environment = os.environ | {"IMGTOOL_ACCEL": "tcg", "TMPDIR": str(self.directory)}
        process = subprocess.Popen([self.imgtool, "run", image, "--firmware", firmware, "--timeout",
                                    str(machine.TIME_LIMIT), "--e9-log", log], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)  # fmt: skip
        try:
            while True:
                ended = process.poll() is not None
                verdict = loader_verdict(machine.text_of(log))
                if verdict or ended:
                    return verdict or "silence", machine.text_of(log)
                time.sleep(0.05)
        finally:
            process.terminate()
            process.wait()


def loader_verdict(text):
    """What port E9 says, or None if it says nothing yet."""
    if "starting the kernel" in text:
        return ACCEPTED
    refusal = re.search(r"BOOT-ERR (\d+) [^\n]*\n", text)
    return refusal[1] if refusal else None


def judge_change(bench, firmware, name, offset, change):
    """Returns whether both agree; prints what they said if not."""
    kernel = bytearray(bench.kernels[name])
    kernel[offset] ^= change
    wanted, said = bench.verdict_of_imgtool(kernel)
    found, log = bench.verdict_on_change(firmware, name, offset, kernel[offset])
    # imgtool does not know how much memory the machine will have.
    if found == wanted or (wanted == ACCEPTED and found == OUT_OF_MEMORY):
        return True
    print(f"{name}.elf, byte {offset} is {kernel[offset]:#04x}: imgtool: {wanted}, {firmware}: {found}\n{said}{log}")
    return False


def refused_kernels(directory):
    """Yields (name, BOOT-ERR's number) from the table of outcomes."""
    text = (Path(__file__).resolve().parent.parent / "kernels/README.md").read_text()
    for name, number in re.findall(r"^\| `([\w-]+)` \| BOOT-ERR (\d+) \|", text, re.MULTILINE):
        yield directory / f"{name}.elf", number


def judge_refused(bench, firmware, path, number):
    """Returns whether both refuse the kernel as they should; prints what they said if not."""
    kernel = path.read_bytes()
    wanted, said = bench.verdict_of_imgtool(kernel)
    found, log = bench.verdict_on_kernel(firmware, kernel)
    if wanted == found == number:
        return True
    print(f"{path.name}: should be {number}, imgtool: {wanted}, {firmware}: {found}\n{said}{log}")
    return False


def verdicts(bench, firmware, extent):
    if extent == "refused":
        return [judge_refused(bench, firmware, *kernel) for kernel in refused_kernels(bench.kernel_directory)]
    changes = every_change(bench.kernels) if extent == "every" else some_changes(bench.kernels, SAMPLES[firmware])
    return [judge_change(bench, firmware, *change) for change in changes]


def main():
    if sys.argv[1:] == ["list"]:
        for firmware in SAMPLES:
            print(f"default {firmware}-some\ndefault {firmware}-refused\nfull {firmware}-every")
        return 0
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--keep")
    parser.add_argument("test")
    arguments = parser.parse_args()
    firmware, extent = arguments.test.split("-")
    machine.clean_up_when_terminated()
    machine.need("qemu-system-x86_64", "qemu-system-x86")
    with tempfile.TemporaryDirectory(prefix="stagecoach-verdicts-") as directory:
        agreed = verdicts(Bench(arguments, Path(directory)), firmware, extent)
    print(f"{len(agreed)} kernels, {agreed.count(False)} wrong verdicts")
    return 0 if agreed and all(agreed) else 1


if __name__ == "__main__":
    sys.exit(main())
