#!/usr/bin/env python3
"""UEFI applications that build-image --efi-stub starts: efi_stub.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

Ours tells what it was given (tests/kernels/program.c); the others are Debian's, which nobody made for us: Memtest86+, Linux, and
systemd-boot, which reads its own files from our volume and starts Linux. `efi_stub.py list` prints the cases with their labels.
"""

import re
from pathlib import Path

import linux
import machine

MEMTEST = "/boot/memtest86+x64.efi"
SYSTEMD_BOOT = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
PROGRAM_PATH = r"\program.efi"
OPTIONS = 'one "two  three" €'


def boot(arguments, directory, application, build, run):
    image = directory / "disk.img"
    machine.build_image(arguments.imgtool, application, image, *build, "--efi-stub")  # whose value the application is
    return machine.run_qemu(arguments.imgtool, image, directory, *run)


def own(arguments, directory, *run):
    """Its load options, its path on the device that it came from, and the ramdisk."""
    program = Path(arguments.kernels) / "program.efi"
    ramdisk = directory / "ramdisk"
    ramdisk.write_bytes(bytes(range(251)) * 4001)
    outcome = boot(arguments, directory, program, ["--ramdisk", ramdisk, "--cmdline", OPTIONS],
                   run or ["--firmware", "uefi"])  # fmt: skip
    told = re.search(r"^PROGRAM options=\[(.*)\] path=\[(.*)\] file=(\w+) ramdisk=(\S+)\s*$", outcome.e9, re.MULTILINE)
    wanted = (OPTIONS.replace("€", "?"), PROGRAM_PATH, str(program.stat().st_size),
              f"{ramdisk.stat().st_size}:{linux.fnv1a(ramdisk.read_bytes()):08x}")  # fmt: skip
    if outcome.code != 0 or told is None or told.groups() != wanted:
        return f"the program was not told {wanted}\n{outcome.describe()}"
    return None


def own_by_uboot(arguments, directory):
    return own(arguments, directory, "--machine", "q35", "--disk", "ahci", "--", "-bios",
               machine.need(machine.UBOOT_ROM, "u-boot-qemu"))  # fmt: skip


def memtest(arguments, directory):
    """It shows its test on COM1 because its load options say so."""
    application = machine.need(MEMTEST, "memtest86+")
    outcome = boot(arguments, directory, application, ["--cmdline", "console=ttyS0,115200"],
                   ["--firmware", "uefi", "--memory", "64M", "--success-pattern", "Memtest86+"])  # fmt: skip
    return None if outcome.code == 0 else f"Memtest86+ does not show up\n{outcome.describe()}"


def started_linux(outcome, line):
    told = linux.told("CMDLINE", outcome.output)
    if outcome.code != 0 or "INIT ends" not in outcome.output or len(told) != 1 or not told[0].endswith(line):
        return f"Linux does not start with '{line}'\n{outcome.describe()}"
    return None


def linux_stub(arguments, directory):
    """Linux, which without --efi-stub a BIOS would start as well."""
    disks, sums = linux.ramdisks(arguments, directory, 0)
    line = f"console=ttyS0 {sums}"
    build = [word for disk in disks for word in ("--ramdisk", disk)]
    outcome = boot(arguments, directory, linux.kernel_file("cloud"), [*build, "--cmdline", line],
                   ["--firmware", "uefi", "--memory", "512M"])  # fmt: skip
    wrong = started_linux(outcome, line)
    if wrong is None and linux.FROM_LOADER not in outcome.output:
        return f"the ramdisk did not come by LoadFile2\n{outcome.describe()}"
    return wrong


def systemd_boot(arguments, directory):
    """It looks for its entries on the device that we say it came from, and puts the ramdisk's name before the options."""
    application = machine.need(SYSTEMD_BOOT, "systemd-boot-efi")
    disks, _ = linux.ramdisks(arguments, directory, 0)
    line = "console=ttyS0 quiet"
    entry, loader = directory / "entry.conf", directory / "loader.conf"
    loader.write_text("timeout 0\n")
    entry.write_text(f"title Linux\nlinux /linux/vmlinuz\ninitrd /linux/initrd\noptions {line}\n")
    files = {"/loader/loader.conf": loader, "/loader/entries/linux.conf": entry, "/linux/vmlinuz": linux.kernel_file("cloud"),
             "/linux/initrd": disks[0]}  # fmt: skip
    build = [word for path, source in files.items() for word in ("--file", f"{source}:{path}")]
    return started_linux(boot(arguments, directory, application, build, ["--firmware", "uefi", "--memory", "512M"]), line)


CASES = {
    "own": ("default", own),
    "own-uboot": ("full", own_by_uboot),
    "memtest": ("default", memtest),
    "linux": ("full", linux_stub),
    "systemd-boot": ("full", systemd_boot),
}

if __name__ == "__main__":
    machine.run_cases([(label, name) for name, (label, _) in CASES.items()],
                      lambda arguments, directory: CASES[arguments.case][1](arguments, directory))  # fmt: skip
