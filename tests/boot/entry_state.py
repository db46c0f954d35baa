#!/usr/bin/env python3
"""Garbage in all that a starter need not set: entry_state.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] ENTRY

QEMU is stopped before the first instruction of a directly started file; its gdbstub fills general registers, ESP, flags and the
bits of CR0 and CR4 that Multiboot and PVH leave open with noise. The kernel must find the same machine all the same.
`entry_state.py list` prints the entries with their labels.
"""

import os
import random
import struct
import subprocess
from pathlib import Path

import gdb_remote
import machine

ROUNDS = 6
ENTRIES = ("multiboot1", "pvh")
GENERAL = ("rcx", "rdx", "rsi", "rdi", "rbp", "rsp")
# Undefined at entry: carry, parity, adjust, zero, sign, direction, overflow, I/O privilege, nested task, alignment check, ID.
FLAGS = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 11 | 3 << 12 | 1 << 14 | 1 << 18 | 1 << 21
CR0 = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 16 | 1 << 18  # MP EM TS NE WP AM
CR4 = 0x1FF | 3 << 9 | 1 << 11 | 1 << 12 | 1 << 16 | 1 << 18 | 3 << 20  # all that need no long mode to be set
PHYS32_ENTRY = b"\x04\0\0\0\x08\0\0\0\x12\0\0\0Xen\0"


def entry_address(file, entry):
    data = file.read_bytes()
    if entry == "multiboot1":
        return struct.unpack_from("<Q", data, 24)[0]
    return struct.unpack_from("<Q", data, data.index(PHYS32_ENTRY) + len(PHYS32_ENTRY))[0]


def spoil(stub, noise, entry):
    spoilt = (*GENERAL, *(() if entry == "multiboot1" else ("rax",)))
    for name in spoilt:
        stub.write(name, noise.getrandbits(32))
    stub.write("eflags", stub.read("eflags") & ~FLAGS | noise.getrandbits(32) & FLAGS)
    stub.write("cr0", stub.read("cr0") & ~CR0 | noise.getrandbits(32) & CR0)
    stub.write("cr4", noise.getrandbits(32) & CR4)
    for name in spoilt:
        assert stub.read(name) < 1 << 32


def boot(arguments, file, directory, prepare, entry, *more):
    """Runs to the file's first instruction, has prepare() change what is found there, and runs on; returns what is wrong."""
    control, log = directory / "gdb", directory / "e9.log"
    control.unlink(missing_ok=True)
    command = [arguments.imgtool, "run", "--direct", file, "--cpu", "max", "--timeout", str(machine.TIME_LIMIT), "--e9-log", log,
               "--", "-S", "-gdb", f"unix:{control},server=on,wait=off", *more]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env=os.environ | {"IMGTOOL_ACCEL": "tcg", "TMPDIR": str(directory)})  # fmt: skip
    try:
        stub = gdb_remote.Stub(control)
        stub.run_to(entry_address(file, entry))
        assert stub.read("rip") == entry_address(file, entry), hex(stub.read("rip"))
        prepare(stub)
        stub.run_on()
        said = process.communicate(timeout=machine.TIME_LIMIT)[1]
    finally:
        process.kill()
        process.wait()
    text = machine.text_of(log)
    return None if process.returncode == 0 and "BOOT-OK" in text else f"{text}\n{said.decode()}\nexit code {process.returncode}"


def judge(arguments, directory):
    machine.need("qemu-system-x86_64", "qemu-system-x86")
    file = directory / "os.elf"
    subprocess.run([arguments.imgtool, "build-direct", "--quiet", "-o", file, Path(arguments.kernels) / "conformance.elf",
                    *(["--pvh"] if arguments.case == "pvh" else [])], check=True)  # fmt: skip
    for seed in range(ROUNDS):
        noise = random.Random(seed)
        wrong = boot(arguments, file, directory, lambda stub, noise=noise: spoil(stub, noise, arguments.case), arguments.case)
        if wrong:
            return f"seed {seed}: {wrong}"
    return None


if __name__ == "__main__":
    machine.run_cases([("default", entry) for entry in ENTRIES], judge)
