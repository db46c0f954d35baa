#!/usr/bin/env python3
"""imgtool and the loader give the same verdict on kernels that are not as they should be.

verdicts.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] FIRMWARE-EXTENT
verdicts.py list          prints the tests with their labels

The kernel is put into an image behind imgtool's back and booted. Refused: the loader must end in BOOT-ERR with the number
that imgtool names. Accepted: it must get as far as starting the kernel, which may crash then. Extent: "some", single
bytes changed, a sample that is always the same; "every", a few changes of every byte of the ELF header, the program
headers, the notes and the dynamic section (all 255 of each are judged on the host, by unit/elf_samples), or of the Multiboot
header; "refused", the kernels that tests/kernels/README.md wants refused. Changed bytes are met by machines that wait in
front of the loader (paused.py), as many as there are processors; refused kernels by machines that boot from power on.
"""

import os
import random
import re
import struct
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import damage
import machine
import paused

KERNELS = ("smoke", "conformance-pie", "multiboot2", "multiboot1")
CHANGES = (0x01, 0x80, 0xFF)  # what is flipped in every byte
SAMPLES = {"bios": 100, "uefi": 40}
USUAL = {"bios": KERNELS, "uefi": KERNELS[:2]}  # a machine for each takes its time to come up under UEFI
PT_DYNAMIC, PT_NOTE = 2, 4
EHDR_SIZE, PHDR_SIZE = 64, 56
EHDR32_SIZE, PHDR32_SIZE = 52, 32
MULTIBOOT_MAGIC, MULTIBOOT2_MAGIC = 0x1BADB002, 0xE85250D6
ACCEPTED = "accepted"
# How much memory the machine will have, and where, imgtool does not know; nor that it has no screen.
MACHINES_OWN = re.compile(r"BOOT-ERR (601|606) |demands a screen")


def multiboot_header_bytes(kernel):
    """Of the ELF32 file's headers and the Multiboot header."""
    table, count = struct.unpack_from("<I", kernel, 28)[0], struct.unpack_from("<H", kernel, 44)[0]
    offsets = set(range(EHDR32_SIZE)) | set(range(table, table + count * PHDR32_SIZE))
    for at in range(0, 32768, 4):
        magic, _, length = struct.unpack_from("<III", kernel, at)
        if magic in (MULTIBOOT_MAGIC, MULTIBOOT2_MAGIC):
            return sorted(offsets | set(range(at, at + (48 if magic == MULTIBOOT_MAGIC else length))))
    raise ValueError("no Multiboot header")


def header_bytes(kernel):
    """Offsets of the bytes that describe the kernel."""
    if kernel[4] == 1:
        return multiboot_header_bytes(kernel)
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


class Imgtool:
    """What imgtool says of kernels."""

    def __init__(self, imgtool, directory):
        self.imgtool = imgtool
        self.directory = directory

    def verdict(self, kernel):
        path, image = self.directory / "changed.elf", self.directory / "changed.img"
        path.write_bytes(kernel)
        done = subprocess.run([self.imgtool, "build-image", "--quiet", "--force", "-o", image, path], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=machine.TIME_LIMIT)  # fmt: skip
        refusal = re.search(r"\(error (\d+)\)", done.stdout)
        if done.returncode == 0:
            return ACCEPTED, done.stdout
        return (refusal[1] if done.returncode == 3 and refusal else f"exit code {done.returncode}"), done.stdout


class Bench:
    """Boots kernels inside an image from power on."""

    def __init__(self, imgtool, kernel, directory):
        self.imgtool = imgtool
        self.directory = directory
        self.image = damage.Image(directory / "refused.img", kernel, None)
        machine.build_image(imgtool, kernel, self.image.path)

    def verdict(self, firmware, kernel):
        self.image.put(paused.KERNEL_PATH, kernel)
        return self.boot(firmware, self.image.path)

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


class Changes:
    """Judges single changed bytes, with a paused machine for each kernel."""

    def __init__(self, arguments, firmware, names, directory):
        directory.mkdir()
        self.firmware = firmware
        self.imgtool = Imgtool(arguments.imgtool, directory)
        self.machines = {}
        tests = Path(arguments.kernels).parent
        try:
            for name in names:
                own = directory / name
                own.mkdir()
                self.machines[name] = paused.PausedMachine(firmware, arguments.imgtool, Path(arguments.kernels) / f"{name}.elf",
                                                           tests / "boot/chaos-efi/CHAOS.EFI", own)  # fmt: skip
        except BaseException:
            self.close()
            raise

    def close(self):
        for each in self.machines.values():
            each.close()

    def judge(self, name, offset, change):
        """Returns whether both agree; prints what they said if not."""
        one = self.machines[name]
        kernel = bytearray(one.kernel)
        kernel[offset] ^= change
        wanted, said = self.imgtool.verdict(kernel)
        log = one.boot_with(offset, kernel[offset])
        found = loader_verdict(log) or "silence"
        if found == wanted or (wanted == ACCEPTED and MACHINES_OWN.search(log)):
            return True
        print(f"{name}.elf, byte {offset} is {kernel[offset]:#04x}: imgtool: {wanted}, {self.firmware}: {found}\n{said}{log}")
        return False

    def judge_all(self, changes):
        """First and last the kernels as they should be: nothing of them, and nothing of a change, is kept anywhere."""
        unchanged = [(name, 0, 0) for name in self.machines]
        return [self.judge(*change) for change in [*unchanged, *changes, *unchanged]]


def judge_changes(arguments, firmware, names, directory, changes):
    """Each processor takes every so-manieth change."""
    count = min(os.cpu_count() or 1, len(changes))
    with ExitStack() as stack, ThreadPoolExecutor(count) as pool:
        parts = []
        for i in range(count):
            parts.append(Changes(arguments, firmware, names, directory / str(i)))
            stack.callback(parts[-1].close)
        return sum(pool.map(lambda part, i: part.judge_all(changes[i::count]), parts, range(count)), [])


def refused_kernels(directory):
    """Yields (name, BOOT-ERR's number) from the table of outcomes."""
    text = (Path(__file__).resolve().parent.parent / "kernels/README.md").read_text()
    for name, number in re.findall(r"^\| `([\w-]+)` \| BOOT-ERR (\d+) \|", text, re.MULTILINE):
        yield directory / f"{name}.elf", number


def judge_refused(bench, imgtool, firmware, path, number):
    """Returns whether both refuse the kernel as they should; prints what they said if not."""
    kernel = path.read_bytes()
    wanted, said = imgtool.verdict(kernel)
    found, log = bench.verdict(firmware, kernel)
    if wanted == found == number:
        return True
    print(f"{path.name}: should be {number}, imgtool: {wanted}, {firmware}: {found}\n{said}{log}")
    return False


def judge_all_refused(arguments, firmware, directory):
    kernels = Path(arguments.kernels)
    bench = Bench(arguments.imgtool, kernels / f"{KERNELS[0]}.elf", directory)
    imgtool = Imgtool(arguments.imgtool, directory)
    return [judge_refused(bench, imgtool, firmware, *kernel) for kernel in refused_kernels(kernels)]


def verdicts(arguments, firmware, extent, directory):
    if extent == "refused":
        return judge_all_refused(arguments, firmware, directory)
    names = KERNELS if extent == "every" else USUAL[firmware]
    kernels = {name: (Path(arguments.kernels) / f"{name}.elf").read_bytes() for name in names}
    changes = every_change(kernels) if extent == "every" else some_changes(kernels, SAMPLES[firmware])
    return judge_changes(arguments, firmware, names, directory, list(changes))


def judge(arguments, directory):
    firmware, extent = arguments.case.split("-")
    machine.need("qemu-system-x86_64", "qemu-system-x86")
    agreed = verdicts(arguments, firmware, extent, directory)
    print(f"{len(agreed)} kernels")
    return None if agreed and all(agreed) else f"{agreed.count(False)} wrong verdicts"


if __name__ == "__main__":
    # A minute of boots from power on: what is refused alike is shown by one firmware, unless in the full run.
    usual = {"bios-some", "uefi-some", "bios-refused"}
    names = [f"{firmware}-{extent}" for firmware in SAMPLES for extent in ("some", "refused", "every")]
    machine.run_cases([("default" if name in usual else "full", name) for name in names], judge)
