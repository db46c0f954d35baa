"""Boots that must fail, each with the code of docs/errors.md that says why.

A failure is an image, spoiled after it was built, or a machine that can't do what the kernel needs. Whatever it is, the
loader writes one BOOT-ERR line to COM1 and to port E9 and then stands still.
"""

import sys
from dataclasses import dataclass, field
from typing import Callable

import damage

CONFIG = "stagecoach.conf"
KERNEL = "kernel.elf"
BOTH = ("bios", "uefi")
BIOS = ("bios",)
UEFI = ("uefi",)

PT_LOAD, PT_DYNAMIC, PT_TLS = 1, 2, 7


def nothing(image):
    del image


@dataclass
class Failure:
    name: str
    code: str  # what follows BOOT-ERR
    firmwares: tuple = BOTH
    kernel: str = "conformance"  # what the image is built with
    spoil: Callable = nothing
    build: list = field(default_factory=list)  # further options of build-image
    ramdisk: int = 0  # bytes
    machine: list = field(default_factory=list)  # options of run
    unreadable: Callable = None  # byte offset of a sector that can't be read
    resets: bool = False  # instead of standing still
    said: str = ""  # further text of the line


def config(text):
    return lambda image: image.put(CONFIG, text if isinstance(text, bytes) else text.encode())


def kernel_bytes(change):
    """Spoils the kernel inside the image."""

    def spoil(image):
        image.put(KERNEL, change(image.kernel.read_bytes()))

    return spoil


def other_kernel(name):
    return lambda image: image.put(KERNEL, image.kernel.with_name(name + ".elf").read_bytes())


def header(offset, data):
    return kernel_bytes(damage.patch((offset, data)))


def segment(kind, *changes):
    return kernel_bytes(damage.patch_segment(kind, *changes))


def quad(value):
    return value.to_bytes(8, "little")


MACHINE = [
    Failure("cpu-486", "101", BIOS, machine=["--cpu", "486"]),
    Failure("cpu-pentium", "101", BIOS, machine=["--cpu", "pentium"]),
    Failure("cpu-qemu32", "101", BIOS, machine=["--cpu", "qemu32"]),
    Failure("memory-for-stack", "601", BIOS, kernel="conformance-big-stack", machine=["--memory", "16M"]),
    Failure("memory-for-ramdisk", "601", ramdisk=96 << 20, machine=["--memory", "80M"]),
]

DISK = [
    Failure("read-stages", "R", BIOS, unreadable=lambda image: 2048 * 512),
    # The display is the first that needs the overlay.
    Failure("read-overlay", "201", BIOS, unreadable=damage.overlay, said="second part"),
    Failure("read-kernel", "201", BIOS, unreadable=lambda image: image.find(b"\x7fELF\x02\x01\x01")),
    # Far away from the directories, which OVMF reads with what is near them; and not on AHCI, whose driver in Debian 12's
    # OVMF calls a read that failed a success.
    Failure("read-ramdisk", "201", ramdisk=1 << 20, machine=["--disk", "virtio"],
            unreadable=lambda image: image.find_ramdisk() + (1 << 19)),
    Failure("gpt", "203", BIOS, spoil=damage.spoil_both_gpts),
    Failure("mbr-status", "204", BIOS, build=["--table", "mbr"], spoil=damage.change_mbr_entry(0, b"\x55")),
    Failure("mbr-range", "204", BIOS, build=["--table", "mbr"], spoil=damage.change_mbr_entry(12, b"\xff\xff\xff\x7f")),
    Failure("no-boot-partition", "205", BIOS, build=["--table", "mbr"], spoil=damage.change_mbr_entry(4, b"\x00")),
    Failure("bpb", "206", BIOS, spoil=damage.spoil_bpb, said="write the whole image to the disk again"),
    Failure("cluster-chain", "207", BIOS, spoil=damage.cut_chain),
    Failure("no-kernel", "208", spoil=lambda image: image.delete(KERNEL), said="check the paths in /stagecoach.conf"),
    Failure("kernel-is-directory", "209", spoil=config("kernel /EFI\n")),
    Failure("stages", "213", BIOS, spoil=damage.spoil_stages),
    Failure("overlay", "213", BIOS, spoil=damage.spoil_overlay, said="second part is damaged"),
]

CD = ["--disk", "cdrom"]
# What stops a firmware from finding the loader on a CD, a damaged boot catalog, is not the loader's to say.
DISC = [
    Failure("cd-read-stages", "R", BIOS, build=["--iso"], machine=CD, unreadable=lambda image: 2048 * 512),
    Failure("cd-read-overlay", "201", BIOS, build=["--iso"], machine=CD,
            unreadable=lambda image: damage.overlay(image) + 8192, said="second part"),
    Failure("cd-read-kernel", "201", BIOS, build=["--iso"], machine=CD,
            unreadable=lambda image: image.find(b"\x7fELF\x02\x01\x01")),
    Failure("cd-stages", "213", BIOS, build=["--iso"], machine=CD, spoil=damage.spoil_stages),
    Failure("cd-overlay", "213", BIOS, build=["--iso"], machine=CD, spoil=damage.spoil_overlay, said="second part is damaged"),
    Failure("cd-cut-in-stages", "R", BIOS, build=["--iso"], machine=CD, spoil=damage.truncate(2048 * 512 + 20480)),
    Failure("cd-cut-in-volume", "201", BIOS, build=["--iso"], machine=CD, spoil=damage.truncate(4096 * 512 + 2048)),
    Failure("cd-cut-in-ramdisk", "201", BIOS, ramdisk=4 << 20, build=["--iso"], machine=CD,
            spoil=lambda image: damage.truncate(image.find_ramdisk() + (2 << 20))(image)),
    # Not on AHCI: see read-ramdisk.
    Failure("cd-read-ramdisk", "201", ramdisk=1 << 20, build=["--iso"], machine=["--disk", "scsi-cdrom"],
            unreadable=lambda image: image.find_ramdisk() + (1 << 19)),
    Failure("cd-gpt", "203", BIOS, build=["--iso"], machine=CD, spoil=damage.spoil_both_gpts),
    Failure("cd-no-boot-partition", "205", BIOS, build=["--iso", "--table", "mbr"], machine=CD,
            spoil=damage.change_mbr_entry(4, b"\x00")),
    Failure("cd-no-kernel", "208", build=["--iso"], machine=CD, spoil=lambda image: image.delete(KERNEL)),
]

CONFIGURATION = [
    Failure("config-syntax", "301", spoil=config("kernel\n"), said="/stagecoach.conf:1"),
    Failure("config-value", "302", spoil=config("# first\nvideo 12x\n"), said="/stagecoach.conf:2"),
    Failure("config-size", "303", spoil=config("# filler\n" * 10000)),
    Failure("config-utf16", "304", spoil=config("kernel /kernel.elf\n".encode("utf-16"))),
    Failure("config-duplicate", "305", spoil=config("cmdline a\ncmdline b\n")),
    Failure("config-modules", "306", spoil=config("module /kernel.elf\n" * 65)),
    Failure("config-reboot", "208", spoil=config("kernel /none\nreboot-on-error 0\n"), resets=True),
]

ELF = [
    Failure("elf-truncated", "401", spoil=kernel_bytes(lambda kernel: kernel[:2000])),
    Failure("elf-magic", "402", spoil=header(0, b"\x7fELG")),
    Failure("elf-class", "403", spoil=header(4, b"\x01")),
    Failure("elf-machine", "404", spoil=header(18, b"\x03")),
    Failure("elf-type", "405", spoil=header(16, b"\x01")),
    Failure("elf-version", "406", spoil=header(20, b"\x02")),
    Failure("elf-headers", "407", spoil=header(54, b"\x37")),
    Failure("elf-no-segment", "408", spoil=header(56, b"\x00\x00")),
    Failure("elf-segment", "410", spoil=segment(PT_LOAD, (32, quad(1 << 40)))),
    Failure("elf-align", "411", spoil=segment(PT_LOAD, (48, quad(3)))),
    Failure("elf-address", "412", spoil=segment(PT_LOAD, (16, quad(0x00007FFFFFFFF000)), (40, quad(1 << 20)))),
    Failure("elf-wx", "414", spoil=other_kernel("wx-refused")),
    Failure("elf-entry", "415", spoil=header(24, quad(0x1234))),
    Failure("elf-dynamic", "417", kernel="conformance-pie", spoil=segment(PT_DYNAMIC, (32, quad(24)), (40, quad(24)))),
    Failure("elf-tls", "421", spoil=segment(PT_TLS, (48, quad(3)))),
    Failure("empty-kernel", "702", spoil=kernel_bytes(lambda kernel: b"")),
]

WISHES = [
    Failure("no-note", "501", spoil=other_kernel("refused-no-note")),
    Failure("window-misaligned", "504", spoil=other_kernel("refused-window-misaligned")),
    Failure("unknown-flag", "504", spoil=other_kernel("refused-unknown-flag")),
    Failure("stack-collision", "602", spoil=other_kernel("refused-stack-collision")),
    Failure("no-ramdisk", "701", spoil=config("ramdisk /none.img\n")),
    Failure("packed-damaged", "703", build=["--compress", "lz4"], spoil=damage.spoil_packed_kernel),
    Failure("no-decoder", "704", build=["--compress", "zstd"], spoil=lambda image: image.delete("stagecoach/zstd.elf")),
    Failure("no-module", "701", spoil=config("module /none.img\n")),
]


def fix_base(program):
    """A PE file that can only run where it can't: relocations stripped, as the header's characteristics say."""
    header = int.from_bytes(program[60:64], "little")
    return damage.patch((header + 22, b"\x2f\x02"))(program)


PROGRAMS = [
    Failure("program-needs-uefi", "111", BIOS, kernel="program.efi"),
    Failure("program-refused", "112", UEFI, kernel="program.efi", spoil=kernel_bytes(fix_base)),
    Failure("program-returns", "113", UEFI, kernel="program.efi", build=["--cmdline", "return"]),
]

# Kernels that do what is forbidden: their own announcement says which vector is due.
FAULTS = [
    Failure("fault-" + name, "903", kernel="fault-" + name)
    for name in ("guard", "null", "nx-stack", "nx-data", "rodata-write", "relro-write", "text-write", "undefined",
                 "divide", "stack-overflow", "noncanonical")
]  # fmt: skip

FAILURES = {failure.name: failure for failure in [*MACHINE, *DISK, *DISC, *CONFIGURATION, *ELF, *WISHES, *PROGRAMS, *FAULTS]}

QUICK = {"bios/no-kernel", "bios/elf-magic", "bios/fault-guard", "bios/cpu-qemu32", "bios/gpt"}
# UEFI boots are slow, and what the shared code refuses is refused alike: one of each kind, the others in the full run.
UEFI_DEFAULT = {"memory-for-ramdisk", "read-ramdisk", "no-kernel", "config-syntax", "config-reboot", "elf-magic", "no-note",
                "no-ramdisk", "fault-null", "fault-stack-overflow", "program-refused", "program-returns"}  # fmt: skip


def names():
    """Yields (label, name)."""
    for failure in FAILURES.values():
        for firmware in failure.firmwares:
            name = f"{firmware}/{failure.name}"
            usual = firmware == "bios" or failure.name in UEFI_DEFAULT
            yield "quick" if name in QUICK else "default" if usual else "full", name


def main():
    if sys.argv[1:] != ["list"]:
        sys.exit(__doc__)
    for label, name in names():
        print(label, name)


if __name__ == "__main__":
    main()
