#!/usr/bin/env python3
"""README's table "How can I start it?", line by line: start_table.py README IMGTOOL KERNEL [ROW]

Each line's commands are executed as they stand there, for a kernel that reports success. `start_table.py README list` prints the
numbers of the lines. Exit code 77: something that is needed is not installed.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
import damage  # noqa: E402
import efi_variables  # noqa: E402
import linux  # noqa: E402
import machine  # noqa: E402
import starters  # noqa: E402

SUCCESS = 33  # of isa-debug-exit
QEMU_MORE = ["-accel", "tcg", "-display", "none", "-no-reboot", "-nic", "none", "-serial", "stdio", "-monitor", "none", "-device",
             "isa-debug-exit,iobase=0xf4,iosize=4"]  # fmt: skip


def table(readme):
    """Pairs of a door and its commands."""
    part = readme.read_text().split("## How can I start it?", 1)[1].split("\n## ", 1)[0]
    lines = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", part, re.MULTILINE)[1:]
    return [(door, re.findall(r"`([^`]+)`", commands)) for door, commands in lines]


class Runner:
    def __init__(self, imgtool, directory):
        self.imgtool, self.directory = imgtool, directory
        self.environment = os.environ | {"PATH": f"{imgtool.parent}:{os.environ['PATH']}", "IMGTOOL_ACCEL": "tcg", "TMPDIR": str(directory)}

    def shell(self, words, expected, *more):
        machine.need(words[0] if words[0] != "imgtool" else "qemu-system-x86_64", "qemu-system-x86")
        done = subprocess.run([*words, *more], cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True, timeout=machine.TIME_LIMIT, check=False)  # fmt: skip
        assert done.returncode == expected, (words, done.returncode, done.stdout)
        return done.stdout

    def started(self, outcome):
        assert outcome.code == 0, outcome.describe()
        return outcome.output

    def loader(self, command):
        """A command of another boot loader, which finds the file on its own disk."""
        job = starters.Job(self.imgtool, self.directory, self.directory / "os.elf")
        if command == "multiboot2 /os.elf":
            return self.started(starters.grub("bios", 2)(job))
        if command == "multiboot /os.elf":
            return self.started(starters.grub("uefi", 1)(job))
        assert command == "APPEND /os.elf", command
        return self.started(starters.isolinux(job))

    def uefi_shell(self, command):
        """A command of UEFI's shell, which has the disk's volume as FS0."""
        image, variables = damage.Image(self.directory / "kernel.img", None, None), self.directory / "variables"
        image.put("startup.nsh", f"{command}\r\n".encode())
        efi_variables.write(variables, efi_variables.path_to_shell())
        said = self.shell(["qemu-system-x86_64", "-drive", f"file={image.path},format=raw"], SUCCESS, *QEMU_MORE,
                          *machine.ovmf(variables))  # fmt: skip
        assert "load options go before" in said, said
        return said

    def run(self, command):
        if command.startswith("FS0:"):
            return self.uefi_shell(command)
        words = shlex.split(command)
        if words[:2] == ["imgtool", "run"]:
            return self.shell(words, 0, "--timeout", str(machine.TIME_LIMIT))
        if words[0] == "imgtool":
            return self.shell(words, 0)
        if words[0] == "qemu-system-x86_64":
            return self.shell(words, SUCCESS, *QEMU_MORE)
        if command == "KERNEL mboot.c32":
            return None  # the next command says of which file
        return self.loader(command)


def main():
    readme = Path(sys.argv[1]).resolve()
    if sys.argv[2] == "list":
        print("\n".join(str(number) for number in range(len(table(readme)))))
        return
    imgtool, kernel = Path(sys.argv[2]).resolve(), sys.argv[3]
    door, commands = table(readme)[int(sys.argv[4])]
    assert commands, door
    machine.clean_up_when_terminated()
    with tempfile.TemporaryDirectory(prefix="stagecoach-start-") as name:
        runner = Runner(imgtool, Path(name))
        shutil.copy(kernel, runner.directory / "kernel.elf")
        for command in ("imgtool build-image kernel.elf", "imgtool build-direct kernel.elf -o os.elf"):
            runner.run(command)
        done = "BOOT-OK"
        if any("vmlinuz" in command for command in commands):
            linux.provide(runner.directory, Path(kernel).parent)
            done = "INIT ends"
        if any("app.efi" in command for command in commands):
            shutil.copy(Path(kernel).with_name("program.efi"), runner.directory / "app.efi")
            done = "PROGRAM options="
        outputs = [runner.run(command) for command in commands]
        assert done in outputs[-1], (door, outputs)


if __name__ == "__main__":
    main()
