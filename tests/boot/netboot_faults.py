#!/usr/bin/env python3
"""Boots from a TFTP server that loses, repeats, lies, refuses or falls silent (network_peer.py).

netboot_faults.py list                                              prints "label name" lines for CMake
netboot_faults.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] FIRMWARE/NAME  boots one
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import machine
from network_peer import Fault, Peer

RAMDISK_SIZE = 60000
KERNEL, RAMDISK, CONFIG = "dir/kernel.elf", "dir/ramdisk", "dir/stagecoach.conf"
ALL = (KERNEL, RAMDISK, CONFIG)
BOOT_PROGRAMS = {"bios": "stagecoach.0", "uefi": "BOOTX64.EFI"}


def every(**how):
    return {name: Fault(**how) for name in ALL}


@dataclass
class Case:
    faults: dict = field(default_factory=dict)
    code: str = ""  # of BOOT-ERR; none: the kernel must run
    said: str = ""
    empty: str = ""  # a file without content
    ramdisk_size: int = RAMDISK_SIZE
    boot_file: str = "dir/{}"  # as the DHCP answer has it


# Faults are of the files that the loader itself fetches. The boot program comes without: iPXE's TFTP is not ours to test.
CASES = {
    "no-options": Case(every(no_options=True)),
    "no-tsize": Case(every(no_tsize=True)),
    "doubled": Case(every(copies=2)),
    "lossy": Case(every(lose=7)),
    "no-config": Case({CONFIG: Fault(refuse=(1, "File not found"))}),
    "many-blocks": Case({RAMDISK: Fault(no_options=True)}, ramdisk_size=33 << 20),  # more than 65536 of 512 bytes
    "url": Case(boot_file="tftp://10.9.8.1/dir/{}"),
    "missing": Case({KERNEL: Fault(refuse=(1, "File not found"))}, "208", f"10.9.8.1: {KERNEL}"),
    "missing-ramdisk": Case({RAMDISK: Fault(refuse=(1, "File not found"))}, "701", f"10.9.8.1: {RAMDISK}"),
    "refused": Case({KERNEL: Fault(refuse=(2, "Access violation"))}, "802", "'Access violation'"),
    "refused-config": Case({CONFIG: Fault(refuse=(2, "no"))}, "802", CONFIG),
    "unknown-error": Case({KERNEL: Fault(refuse=(0, "out of order"))}, "801", "error 0 'out of order'"),
    "size-too-small": Case({KERNEL: Fault(size_off_by=-1)}, "801", "more than the"),
    "size-too-big": Case({RAMDISK: Fault(size_off_by=1)}, "801", f"{RAMDISK_SIZE} of the {RAMDISK_SIZE + 1} bytes"),
    "fails-midway": Case({RAMDISK: Fault(fail_at=(9, 3, "disk full"))}, "801", "error 3 'disk full'"),
    "silent": Case({RAMDISK: Fault(silent_at=5)}, "803", f"10.9.8.1: {RAMDISK}"),
    "empty-kernel": Case(code="702", empty=KERNEL),
    "empty-ramdisk": Case(code="702", empty=RAMDISK),
}  # fmt: skip
IPXE_ALONE = {"url"}  # EDK2 asks the server for a file of that name
BIOS_DEFAULT = {"no-tsize", "doubled", "url", "missing", "refused", "silent"}
UEFI_DEFAULT = {"doubled", "refused"}


def rows():
    for name in CASES:
        for firmware in BOOT_PROGRAMS:
            if name in IPXE_ALONE and firmware != "bios":
                continue
            usual = name in (BIOS_DEFAULT if firmware == "bios" else UEFI_DEFAULT)
            yield "default" if usual else "full", f"{firmware}/{name}"


def files_of(directory):
    return {f"dir/{path.relative_to(directory)}": path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def boot(arguments, firmware, case, directory):
    ramdisk = machine.write_payload(directory, case.ramdisk_size, 1)
    words = "source=network" + ("" if case.faults.get(CONFIG, Fault()).refuse else f" ramdisk={case.ramdisk_size}")
    target = directory / "net"
    machine.build_netboot(arguments.imgtool, Path(arguments.kernels) / "conformance.elf", target, "--ramdisk", ramdisk,
                          "--cmdline", machine.command_line(words))  # fmt: skip
    files = files_of(target)
    if case.empty:
        files[case.empty] = b""
    blank = directory / "blank.img"  # imgtool wants a disk, the firmware goes on to the network card
    blank.write_bytes(bytes(1 << 20))
    with Peer(str(directory / "peer"), str(directory / "qemu"), case.boot_file.format(BOOT_PROGRAMS[firmware]), files, case.faults) as peer:
        outcome = machine.run_qemu(arguments.imgtool, blank, directory, "--firmware", firmware, "--",
                                   *peer.qemu_options("virtio-net-pci"))  # fmt: skip
    return outcome, peer


def kernel_problem(outcome, requests):
    if "BOOT-ERR" in outcome.e9 or outcome.code != 0:
        return f"exit code {outcome.code}"
    if requests.count(KERNEL) > 3:  # the size, perhaps by counting, and the file once; a request may be lost
        return f"the kernel was asked for {requests.count(KERNEL)} times"
    return None if "BOOT-OK" in outcome.e9 else "port E9 has no BOOT-OK"


def error_problem(case, outcome):
    lines = re.findall(r"BOOT-ERR [^\r\n]*", outcome.e9)
    if len(lines) != 1 or lines[0].split()[1] != case.code:
        return f"not one line BOOT-ERR {case.code}"
    return None if case.said in lines[0] else f"the line does not say '{case.said}'"


def judge(arguments, directory):
    firmware, name = arguments.case.split("/")
    case = CASES[name]
    outcome, peer = boot(arguments, firmware, case, directory)
    wrong = error_problem(case, outcome) if case.code else kernel_problem(outcome, peer.requests)
    return wrong and f"{wrong}\n{outcome.describe()}{peer.describe()}"


if __name__ == "__main__":
    machine.run_cases(rows(), judge)
