#!/usr/bin/env python3
"""Boots the UEFI loader on a firmware with a fault.

    run.py QUIRK --chaos CHAOS.EFI --loader BOOTX64.EFI --kernel KERNEL.ELF     exit code 0 if it went as it should
    run.py --list                                                              the quirks
"""
import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
PATIENCE_SECONDS = 120
SUCCESS = 33
BOOTS = None
RAMDISK_SIZE = 3 << 20
LARGE_RAMDISK_SIZE = 5 << 20  # is read past the file system

# name: (faults of chaos.efi, BOOTS or the code of the BOOT-ERR line, what the log must say, more for QEMU)
QUIRKS = {
    "none": ("", BOOTS, r"video \d+x\d+", []),
    "exit-refused": ("exit-refused", BOOTS, "", []),
    "exit-refused-for-ever": ("exit-refused-for-ever", 105, "refused 8 times", []),
    "descriptor-64": ("descriptor-64", BOOTS, "", []),
    "map-many": ("map-many", BOOTS, "", []),
    "map-grows": ("map-grows", BOOTS, "", []),
    "map-all": ("map-many map-grows descriptor-64 exit-refused claims-busy", BOOTS, "", []),
    "claims-busy": ("claims-busy", BOOTS, "", []),
    "claims-refused": ("claims-refused", 601, "", []),
    "read-large": ("read-large", BOOTS, "", []),
    "read-short": ("read-short", BOOTS, "", []),
    "read-fails": ("read-fails", 201, "EFI_DEVICE_ERROR", []),
    "read-ends": ("read-ends", 210, "ends at offset 0", []),
    "disk-fails": ("disk-fails", BOOTS, "a large read of the disk fails", []),
    "no-gop": ("no-gop", BOOTS, "no display with a linear framebuffer", []),
    "framebuffer-small": ("framebuffer-small", BOOTS, r"the framebuffer at 0x\w+ has 4096", []),
    "framebuffer-zero": ("framebuffer-zero", BOOTS, "the framebuffer at 0 has", []),
    "pitch-lies": ("pitch-lies", BOOTS, "pitch 5120", []),
    "edid": ("edid", BOOTS, "video 1024x768", []),
    "blt-only": ("", BOOTS, "no display with a linear framebuffer", ["-vga", "none", "-device", "virtio-gpu-pci"]),
    "no-console": ("no-console", BOOTS, "", []),
    "no-console-failing": ("no-console read-fails", 201, "", []),
    "text-fails": ("text-fails read-fails", BOOTS, "BOOT-ERR 201", []),  # chaos.efi ends it when all consoles are asked
    "no-device": ("no-device", 106, "which device", []),
    "no-volume": ("no-volume", 106, "neither a file system nor PXE", []),
    "acpi-1": ("acpi-1", BOOTS, "", []),
    "load-options": ("load-options", BOOTS, "", []),
    "watchdog": ("watchdog", BOOTS, "", []),
    "high-image": ("high", BOOTS, "image above 4 GiB", ["-m", "6G"]),
}


def payload(size):
    """Bytes that the conformance kernel knows: they end with the FNV-1a hash of those before."""
    body = bytes((i * 7 + (i >> 9)) & 0xFF for i in range(size - 8))
    digest = 0xCBF29CE484222325
    for byte in body:
        digest = (digest ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return body + struct.pack("<Q", digest)


def make_volume(folder, options, faults):
    size = LARGE_RAMDISK_SIZE if faults == "disk-fails" else RAMDISK_SIZE
    boot = os.path.join(folder, "EFI", "BOOT")
    os.makedirs(boot)
    shutil.copy(options.chaos, os.path.join(boot, "BOOTX64.EFI"))
    shutil.copy(options.loader, os.path.join(boot, "LOADER.EFI"))
    shutil.copy(options.kernel, os.path.join(folder, "kernel.elf"))
    with open(os.path.join(folder, "chaos.txt"), "w", encoding="ascii") as file:
        file.write(faults)
    with open(os.path.join(folder, "ramdisk.bin"), "wb") as file:
        file.write(payload(size))
    with open(os.path.join(folder, "stagecoach.conf"), "w", encoding="ascii") as file:
        file.write(f"ramdisk /ramdisk.bin\ncmdline ramdisk={size}\nlog-level debug\n")


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            return file.read().replace("\r", "")
    except FileNotFoundError:
        return ""


def run(folder, more, until):
    """Until QEMU ends or the serial line has what matches `until`; the exit code (None: it went on running) and the text."""
    serial = os.path.join(folder, "serial")
    variables = shutil.copy(VARS, os.path.join(folder, "vars"))
    command = ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-m", "256", "-display", "none", "-monitor", "none",
               "-no-reboot", "-net", "none", "-serial", "file:" + serial,
               "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
               "-drive", "if=pflash,format=raw,readonly=on,file=" + CODE,
               "-drive", "if=pflash,format=raw,file=" + variables,
               "-drive", f"file=fat:rw:{folder}/esp,format=raw,if=none,id=disk", "-device", "ide-hd,drive=disk,bus=ide.0"]
    with subprocess.Popen(command + more, stdin=subprocess.DEVNULL) as machine:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while machine.poll() is None and time.monotonic() < deadline:
            if until and re.search(until, read(serial)):
                break
            time.sleep(0.1)
        code = machine.poll()
        machine.kill()
    return code, read(serial)


def verdict(code, text, wanted, pattern):
    refusal = re.search(r"BOOT-ERR (\d+) ", text)
    if "CHAOS VIOLATION" in text:
        return "the loader did what it must not"
    if wanted is BOOTS and code != SUCCESS:
        return f"exit code {code} instead of {SUCCESS}"
    if wanted is not BOOTS and (refusal is None or int(refusal[1]) != wanted):
        return f"BOOT-ERR {wanted} was to come"
    if not re.search(pattern, text):
        return f"the log doesn't say: {pattern}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("quirk", nargs="?", choices=QUIRKS)
    parser.add_argument("--list", action="store_true")
    for name in ("--chaos", "--loader", "--kernel"):
        parser.add_argument(name)
    options = parser.parse_args()
    if options.list:
        print(" ".join(QUIRKS))
        return 0
    if shutil.which("qemu-system-x86_64") is None or not os.path.exists(CODE):
        print("skipped: qemu-system-x86_64 or OVMF is missing")
        return 77
    faults, wanted, pattern, more = QUIRKS[options.quirk]
    with tempfile.TemporaryDirectory() as folder:
        make_volume(os.path.join(folder, "esp"), options, faults)
        code, text = run(folder, more, None if wanted is BOOTS else r"BOOT-ERR .*\n")
    problem = verdict(code, text, wanted, pattern)
    if problem:
        print(f"{text}\nFAILED: {problem}")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
