#!/usr/bin/env python3
"""What the other CPUs do while a kernel runs on the first: nothing. QEMU itself says so, not the kernel.

parked.py list                                                          prints "label case" lines for CMake
parked.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE   one case, FIRMWARE-KERNEL

They must be halted, under tables that are not the kernel's. The CPUs have no MWAIT, by which firmware may wait without a
halt.
"""

import re
import subprocess
from pathlib import Path

import machine
import monitor

CPUS = 4
CASES = ("bios-api-16", "bios-conformance", "uefi-api-16")


def boot(arguments, firmware, kernel, directory):
    """Returns QEMU, a machine without an exit port, and where its port E9 and its monitor are."""
    image, control, e9 = directory / "disk.img", directory / "control", directory / "e9"
    options = ["--cmdline", machine.command_line(f"firmware={firmware} modules=0")] if kernel == "conformance" else []
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / f"{kernel}.elf", image, *options)
    words = [machine.need("qemu-system-x86_64", "qemu-system-x86"), "-accel", "tcg", "-M", "q35", "-m", "512", "-smp", str(CPUS),
             "-cpu", "qemu64", "-display", "none", "-nic", "none", "-serial", "null", "-debugcon", f"file:{e9}",
             "-qmp", f"unix:{control},server=on,wait=off", "-drive", f"file={image},format=raw"]  # fmt: skip
    if firmware == "uefi":
        words += machine.ovmf()
    return subprocess.Popen(words, stdin=subprocess.DEVNULL), e9, control


def cpus(client):
    """Of each CPU: whether it is halted, and its CR3."""
    text = client.execute("human-monitor-command", **{"command-line": "info registers -a"})
    return [(halted == "1", int(cr3, 16)) for halted, cr3 in re.findall(r"HLT=(\d).*?CR3=([0-9a-f]+)", text, re.DOTALL)]


def judge(arguments, directory):
    firmware, kernel = arguments.case.split("-", 1)
    process, e9, control = boot(arguments, firmware, kernel, directory)
    try:
        monitor.wait_for(lambda: "BOOT-OK" in machine.text_of(e9) or "BOOT-BAD" in machine.text_of(e9), "the kernel's verdict")
        first, *others = cpus(monitor.Monitor(control))
    finally:
        process.kill()
        process.wait()
    if "BOOT-OK" not in machine.text_of(e9):
        return machine.text_of(e9)
    if len(others) != CPUS - 1:
        return f"{len(others) + 1} CPUs"
    wrong = [f"CPU {number} is {'halted' if halted else 'running'}, CR3 {cr3:#x}; the kernel's is {first[1]:#x}"
             for number, (halted, cr3) in enumerate(others, 1) if not halted or cr3 == first[1]]  # fmt: skip
    return "\n".join(wrong)


if __name__ == "__main__":
    machine.run_cases([("default", case) for case in CASES], judge)
