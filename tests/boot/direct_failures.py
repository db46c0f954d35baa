#!/usr/bin/env python3
"""Direct starts that must fail: direct_failures.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

Each says BOOT-ERR with its code on COM1, on port E9 and on the text screen, and stands still. `direct_failures.py list` prints
the cases with their labels.
"""

import subprocess
from pathlib import Path

import machine
import monitor
import relocation
import screen


class Bench:
    def __init__(self, arguments, directory):
        self.arguments, self.directory = arguments, directory
        self.kernel = Path(arguments.kernels) / "smoke.elf"

    def file(self, *options):
        path = self.directory / "os.elf"
        subprocess.run([self.arguments.imgtool, "build-direct", "--quiet", "-o", path, *options], check=True,
                       stdin=subprocess.DEVNULL)  # fmt: skip
        return path

    def archive(self):
        (self.directory / "kernel").write_bytes(self.kernel.read_bytes())
        machine.need("cpio", "cpio")
        archive = self.directory / "archive"
        with open(archive, "wb") as out:
            subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=self.directory, input=b"kernel\n", stdout=out, check=True)
        return archive


def no_64_bit(bench):
    return bench.file(bench.kernel), ["-cpu", "qemu32"]


def old_cpu(bench):
    return bench.file(bench.kernel), ["-cpu", "486"]


def misplaced(bench):
    file = bench.file(bench.kernel)
    relocation.move(file, 2048)
    return file, []


def no_kernel(bench):
    return bench.file(), []


def two_kernels(bench):
    return bench.file(), ["-initrd", f"{bench.kernel} kernel,{bench.kernel} kernel"]


def no_elf(bench):
    text = bench.directory / "text"
    text.write_text("no kernel at all, but long enough for an ELF header, were it one: sixty-four bytes\n")
    return bench.file(), ["-initrd", f"{text} kernel"]


def control_character(bench):
    return bench.file(bench.kernel), ["-append", "one\nlog-level trace"]


def cut_archive(bench):
    archive = bench.archive()
    archive.write_bytes(archive.read_bytes()[:4096])
    return bench.file(), ["-initrd", str(archive)]


def damaged_inside(bench):
    file = bench.file(bench.kernel)
    data = bytearray(file.read_bytes())
    data[relocation.loader_size(data) + 4] ^= 1  # the magic number of the archive
    file.write_bytes(data)
    return file, []


def bad_configuration(bench):
    config = bench.directory / "config"
    config.write_text("kernel /kernel.elf\nvideo big\n")
    return bench.file(), ["-initrd", f"{config} config,{bench.kernel} kernel"]


def no_module(bench):
    config = bench.directory / "config"
    config.write_text("module /none none\n")
    return bench.file(), ["-initrd", f"{config} config,{bench.kernel} kernel"]


def too_little_memory(bench):
    return bench.file(Path(bench.arguments.kernels) / "conformance-big-stack.elf"), ["-m", "16"]


# Name: how the machine is made, the line's beginning, a part of its text
CASES = {
    "no-64-bit": (no_64_bit, "BOOT-ERR 101 direct", "64-bit"),
    "old-cpu": (old_cpu, "BOOT-ERR 101 direct", "64-bit"),
    "misplaced": (misplaced, "BOOT-ERR 110 direct", "4 KiB"),
    "no-kernel": (no_kernel, "BOOT-ERR 208 direct", "called 'kernel'"),
    "two-kernels": (two_kernels, "BOOT-ERR 110 direct", "two modules"),
    "no-elf": (no_elf, "BOOT-ERR 402 direct", ""),
    "control-character": (control_character, "BOOT-ERR 110 direct", "control character"),
    "cut-archive": (cut_archive, "BOOT-ERR 214 direct", "no end"),
    "damaged-inside": (damaged_inside, "BOOT-ERR 214 direct", "newc"),
    "bad-configuration": (bad_configuration, "BOOT-ERR 302 direct", "/stagecoach.conf:2:"),
    "no-module": (no_module, "BOOT-ERR 701 direct", "/none"),
    "too-little-memory": (too_little_memory, "BOOT-ERR 601 direct", "MiB"),
}


def judge(arguments, directory):
    make, line, part = CASES[arguments.case]
    file, options = make(Bench(arguments, directory))
    control, serial, e9 = directory / "control", directory / "serial.log", directory / "e9.log"
    qemu = machine.need("qemu-system-x86_64", "qemu-system-x86")
    command = [qemu, "-accel", "tcg", "-M", "q35", "-m", "256", "-display", "none", "-nic", "none", "-serial", f"file:{serial}",
               "-debugcon", f"file:{e9}", "-qmp", f"unix:{control},server=on,wait=off", "-kernel", file, *options]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        for log in (serial, e9):
            monitor.wait_for(lambda log=log: line in machine.text_of(log), f"'{line}' in {log.name}")
        client = monitor.Monitor(control)
        monitor.wait_for(lambda: line in screen.text_on_screen(client, directory), f"'{line}' on the screen")
        monitor.wait_for(lambda: part in machine.text_of(serial), f"'{part}' in {machine.text_of(serial)}")
    finally:
        process.kill()
        process.wait()
    assert "BOOT-OK" not in machine.text_of(serial), "the kernel ran"
    assert machine.text_of(serial).count("BOOT-ERR") == 1, machine.text_of(serial)


if __name__ == "__main__":
    machine.run_cases([("default", name) for name in CASES], judge)
