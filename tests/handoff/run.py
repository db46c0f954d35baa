#!/usr/bin/env python3
"""Boots the handoff test in QEMU.

    run.py PROGRAM CASE     one case; exit code 0 if it went as it should
    run.py --list           the cases
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

# name: (CPU, words for the program)
REGISTERS = {
    "registers": ("qemu64", ""),
    "registers-max": ("max", ""),
    "registers-skylake": ("Skylake-Client", ""),
    "registers-without-nx": ("qemu64,-nx", ""),
    "registers-without-1g-pages": ("max,-pdpe1gb", ""),
    "registers-la57": ("max,+la57", "la57"),
    "address-of-switch-code": ("max", "collide"),
    "address-of-switch-code-la57": ("max,+la57", "la57 collide"),
    "address-of-blob": ("max", "low"),
    "address-of-blob-la57": ("max,+la57", "la57 low"),
}

# name: what follows BOOT-ERR 903 kernel
FAULTS = {
    "write": r"page fault \(#PF\): write to 0x1000, which is not mapped, vector 14, error code 0x2, at RIP 0xf\w+, RSP 0x\w+",
    "text": r"page fault \(#PF\): write to 0xffffffff801\w+, which is protected, vector 14, error code 0x3, ",
    "execute": r"page fault \(#PF\): jump to 0xffff900000000000, which is protected, vector 14, error code 0x11, ",
    "opcode": r"invalid opcode \(#UD\), vector 6, error code 0, ",
    "stack": r"page fault \(#PF\): write to 0x1ff8, .*, RSP 0x2000: ",
    "general": r"general protection fault \(#GP\), vector 13, error code 0, ",
    "selector": r"general protection fault \(#GP\), vector 13, error code 0x1230, ",
    "divide": r"divide error \(#DE\), vector 0, error code 0, ",
    "interrupt": r"interrupt, vector 255, error code 0, ",
    "double": r"double fault \(#DF\), vector 8, error code 0, ",
    "screen": r"invalid opcode \(#UD\), vector 6, ",
}
REGISTER_LINES = re.compile(r"(R\w\w? +[0-9a-f]{16}  ?.*\n){5}CR2 +[0-9a-f]{16}  CR3 +0000000001100000\n$")
PIXELS_PHYS, PIXELS_SIZE = 0x2000000, 640 * 480 * 4
PATIENCE_SECONDS = 60


def qemu_command(program, cpu, words, folder):
    return ["qemu-system-x86_64", "-accel", "tcg", "-M", "q35", "-m", "64", "-cpu", cpu, "-display", "none",
            "-monitor", "none", "-no-reboot", "-kernel", program, "-append", words,
            "-serial", f"file:{folder}/serial", "-debugcon", f"file:{folder}/debugcon",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-qmp", f"unix:{folder}/qmp,server=on,wait=off"]


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def run_registers(program, cpu, words, folder):
    process = subprocess.run(qemu_command(program, cpu, words, folder), stdin=subprocess.DEVNULL,
                             timeout=PATIENCE_SECONDS, check=False)
    text = read(f"{folder}/debugcon")
    if process.returncode == 33 and text == "PASS\n":
        return None
    return f"QEMU's exit code {process.returncode}, expected 33; the kernel says:\n{text}"


class Monitor:
    """QEMU's machine protocol, as far as it is needed to look at a halted guest."""

    def __init__(self, path, process):
        self.socket = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self.file = self.socket.makefile("rw", encoding="utf-8")
        self.file.readline()
        self.call("qmp_capabilities")

    def call(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer or "error" in answer:
                return answer.get("return")

    def close(self):
        self.file.close()
        self.socket.close()


def wait_for_halt(monitor, process):
    """True when the CPU stands still with interrupts off."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        registers = monitor.call("human-monitor-command", **{"command-line": "info registers"})
        flags = re.search(r"RFL=([0-9a-f]+)", registers)
        if "HLT=1" in registers and not int(flags.group(1), 16) & 0x200:
            return True
        time.sleep(0.05)
    return False


def count_pixels(monitor, folder):
    monitor.call("pmemsave", val=PIXELS_PHYS, size=PIXELS_SIZE, filename=f"{folder}/pixels")
    with open(f"{folder}/pixels", "rb") as file:
        pixels = file.read()
    return sum(1 for i in range(0, len(pixels), 4) if pixels[i:i + 3] != b"\0\0\0")


def judge_report(text, serial, expected, pixels, screen):
    if not re.match(rf"BOOT-ERR 903 kernel {expected}", text) or "\n" not in text:
        return f"not the expected line, {expected!r}"
    if not REGISTER_LINES.search(text.split("\n", 1)[1]):
        return "no list of registers"
    if serial.replace("\r\n", "\n") != text:
        return f"COM1 says something else:\n{serial}"
    if (pixels > 5000) != screen:
        return f"{pixels} pixels are lit"
    return None


def run_fault(program, name, expected, folder):
    process = subprocess.Popen(qemu_command(program, "max", f"fault={name}", folder), stdin=subprocess.DEVNULL)
    try:
        monitor = Monitor(f"{folder}/qmp", process)
        halted = wait_for_halt(monitor, process)
        text = read(f"{folder}/debugcon")
        if not halted:
            return f"the CPU does not halt; port E9 says:\n{text}"
        pixels = count_pixels(monitor, folder)
        monitor.close()
        problem = judge_report(text, read(f"{folder}/serial"), expected, pixels, name != "screen")
        return problem and f"{problem}\nport E9 says:\n{text}"
    finally:
        process.kill()
        process.wait()


def main():
    if sys.argv[1:] == ["--list"]:
        print(*REGISTERS, *(f"fault-{name}" for name in FAULTS))
        return 0
    program, case = sys.argv[1:]
    if shutil.which("qemu-system-x86_64") is None:
        print("skipped: qemu-system-x86_64 is missing (package qemu-system-x86)")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        if case in REGISTERS:
            problem = run_registers(program, *REGISTERS[case], folder)
        else:
            name = case.removeprefix("fault-")
            problem = run_fault(program, name, FAULTS[name], folder)
    if problem:
        print(f"{os.path.basename(program)} {case}: {problem}")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
