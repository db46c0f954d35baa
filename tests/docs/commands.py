#!/usr/bin/env python3
"""The conventions that every command keeps: commands.py IMGTOOL SOURCE BUILD"""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import help_text

USAGE = 2
# What a new user looks for, and the command whose line in the overview has to say so.
WISHES = {
    "disk image": "build-image", "BIOS and UEFI": "build-image", "GRUB": "build-direct", "QEMU": "run", "many machines": "test",
    "refuses": "explain", "partitions": "inspect", "list the files": "ls", "print a file": "cat", "check": "verify", "differ": "diff",
    "new kernel": "update", "USB stick": "write", "can be written to": "devices", "virtual machine": "convert",
    "compressed": "convert", "install": "doctor", "completes": "completion",
}  # fmt: skip


def run(imgtool, *words):
    return subprocess.run([imgtool, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)


def check_command(imgtool, name, documents):
    """Help by both ways, with the examples first; the nearest option on a typo; a place in the documentation."""
    text = help_text.output(imgtool, "help", name)
    assert text == help_text.output(imgtool, name, "--help") == help_text.output(imgtool, name, "-h"), name
    lines = text.splitlines()
    assert lines[0].startswith(f"imgtool {name}: ") and lines[2] == "Examples:", lines[:3]
    assert lines[-1] != "Options:" and not [line for line in lines if line != line.rstrip()], lines
    examples = [line for line in lines[3 : lines.index("", 3)]]
    assert examples and all(re.match(rf"  (source <\()?imgtool {name}\b", line) for line in examples), examples
    done = run(imgtool, name, "--hepl")
    assert (done.returncode, done.stdout) == (USAGE, "") and "did you mean --help?" in done.stderr, done
    done = run(imgtool, name + "x")
    assert done.returncode == USAGE and f"did you mean '{name}'?" in done.stderr, done
    assert re.search(rf"^## (.*, )?{name}(,.*)?$", documents["imgtool.md"], re.MULTILINE), name
    names = {option[0] for option in help_text.options(imgtool, name)}
    if "json" in names:
        assert f"## imgtool-{name}\n" in documents["imgtool-json.md"], name


def on_terminal(imgtool, environment):
    """What stderr gets when it is a terminal."""
    master, slave = pty.openpty()
    subprocess.run([imgtool, "frobnicate"], stderr=slave, check=False, env=os.environ | environment, timeout=60)
    os.close(slave)
    text = os.read(master, 4096)
    os.close(master)
    return text


def check_colour(imgtool):
    assert b"\033[" in on_terminal(imgtool, {"NO_COLOR": ""})
    assert b"\033[" not in on_terminal(imgtool, {"NO_COLOR": "1"})
    assert "\033[" not in run(imgtool, "frobnicate").stderr


def main():
    imgtool, source = sys.argv[1], Path(sys.argv[2])
    documents = {name: (source / "docs" / name).read_text() for name in ("imgtool.md", "imgtool-json.md")}
    commands = help_text.commands(imgtool)
    assert len(commands) > 10, commands
    for wish, name in WISHES.items():
        assert wish in commands[name], f"'imgtool --help' does not say of {name}: {wish}"
    for name in commands:
        check_command(imgtool, name, documents)
    assert run(imgtool).returncode == USAGE and run(imgtool).stdout == ""
    assert re.fullmatch(r"imgtool \d+\.\d+\.\d+\n", help_text.output(imgtool, "--version"))
    with open("/dev/full", "wb") as full:
        assert subprocess.run([imgtool, "--help"], stdout=full, stderr=subprocess.DEVNULL, check=False).returncode == 4
    check_colour(imgtool)


if __name__ == "__main__":
    main()
