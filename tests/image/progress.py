#!/usr/bin/env python3
"""The progress bar of every command that can take long: progress.py --imgtool PROGRAM --kernels DIRECTORY --clock LIBRARY

The preloaded clock makes two seconds pass whenever it is looked at, or none: so a bar has to appear, or must not, whatever
the machine. What is looked at is what a pseudo-terminal gets.
"""

import argparse
import os
import pty
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from write import Loop, skip

DIFFERENT, IO_ERROR = 1, 4
BAR = re.compile(rb"\r([a-zA-Z ]+) \[([#.]{30})\] +(\d+)%  \d+\.\d MiB/s  (\d+:\d\d left)?\x1b\[K")
CLEARED = b"\r\x1b[K"
RAMDISK_SIZE = 20 << 20


class Bench:
    def __init__(self, arguments, directory):
        self.imgtool, self.clock, self.directory = arguments.imgtool, arguments.clock, directory
        self.kernel = Path(arguments.kernels) / "smoke.elf"
        self.ramdisk = directory / "ramdisk"
        half = RAMDISK_SIZE // 2  # one can be compressed, the other keeps the compressor busy
        self.ramdisk.write_bytes(os.urandom(half) + bytes(range(256)) * (half >> 8))

    def environment(self, step, **more):
        options = [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]
        return os.environ | {"LD_PRELOAD": self.clock, "FAKE_CLOCK_STEP": str(step), "TERM": "xterm",
                             "ASAN_OPTIONS": ":".join(option for option in options if option)} | more  # fmt: skip

    def on_terminal(self, words, step, preexec_fn=None, **more):
        """Exit code, stdout, and what the terminal got, which is stderr."""
        master, slave = pty.openpty()
        got = []

        def read():
            try:
                while data := os.read(master, 65536):
                    got.append(data)
            except OSError:
                pass  # the other end is closed

        reader = threading.Thread(target=read)
        reader.start()
        done = subprocess.run([self.imgtool, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave,
                              check=False, timeout=300, env=self.environment(step, **more), preexec_fn=preexec_fn)  # fmt: skip
        os.close(slave)
        reader.join()
        os.close(master)
        return done.returncode, done.stdout, b"".join(got)

    def run(self, *words):
        return subprocess.run([self.imgtool, *map(str, words)], check=True, capture_output=True)

    def shows(self, kinds, *words, code=0):
        """A bar for each kind of work, cleared in the end; none on a command that takes no time, or without a terminal."""
        name = words[0]
        result, stdout, terminal = self.on_terminal(words, 2000)
        assert result == code, (words, result, terminal)
        seen = {match.group(1).decode() for match in BAR.finditer(terminal)}
        assert set(kinds) <= seen, f"{name}: bars for {seen}, not for {set(kinds)}: {terminal[:2000]}"
        for _, bar, percent, _ in BAR.findall(terminal):
            assert int(percent) <= 100 and abs(bar.count(b"#") - int(percent) * 0.3) <= 1, (bar, percent)
        assert terminal.endswith(CLEARED), f"{name}: something is left on the terminal: {terminal[-200:]}"
        assert BAR.sub(b"", terminal).replace(CLEARED, b"") == b"", f"{name}: more than bars: {terminal[:2000]}"
        assert b"\x1b" not in stdout or name == "cat", f"{name}: bars on stdout"
        for reason, step, more in (("in no time", 0, {}), ("on a dumb terminal", 2000, {"TERM": "dumb"})):
            result, again, terminal = self.on_terminal(words, step, **more)
            assert (result, terminal) == (code, b""), f"{name} {reason}: {terminal[:2000]}"
            assert again == stdout, f"{name} {reason}: another output"
        done = subprocess.run([self.imgtool, *map(str, words)], capture_output=True, check=False, env=self.environment(2000))
        assert (done.returncode, done.stderr) == (code, b""), f"{name} without a terminal: {done.stderr[:2000]}"
        return stdout


def builds(bench):
    image, packed = bench.directory / "disk.img", bench.directory / "packed.img"
    base = [bench.kernel, "--ramdisk", bench.ramdisk]
    bench.shows({"writing"}, "build-image", *base, "-o", image)
    bench.shows({"compressing", "writing"}, "build-image", *base, "--compress", "lz4:1", "-o", packed)
    bench.shows({"writing"}, "build-direct", *base, "-o", bench.directory / "direct.elf")
    bench.shows({"writing"}, "build-netboot", *base, "-o", bench.directory / "netboot")
    for command in ("build-image", "build-direct", "build-netboot"):
        result, _, terminal = bench.on_terminal([command, "--quiet", *base, "-o", bench.directory / f"quiet-{command}"], 2000)
        assert (result, terminal) == (0, b""), terminal


def reads(bench):
    image, packed = bench.directory / "disk.img", bench.directory / "packed.img"
    assert bench.shows({"copying"}, "cat", image, "/ramdisk") == bench.ramdisk.read_bytes()
    bench.shows({"reading files", "reading the FAT"}, "inspect", image)
    bench.shows({"reading the FAT", "comparing the FATs", "looking for lost clusters"}, "verify", image)
    bench.shows({"decompressing"}, "verify", packed)
    copy = bench.directory / "copy.img"
    shutil.copyfile(image, copy)
    bench.shows({"reading files", "comparing"}, "diff", image, copy)
    bench.shows({"reading files"}, "diff", image, packed, code=DIFFERENT)


def converts(bench):
    image = bench.directory / "disk.img"
    for ending in ("gz", "zst"):
        bench.shows({"compressing"}, "convert", "-f", image, bench.directory / f"disk.{ending}")
    bench.shows({"reading"}, "convert", "-f", image, "--bmap", bench.directory / "disk.bmap")
    result, _, terminal = bench.on_terminal(["convert", "-qf", image, bench.directory / "disk.gz"], 2000)
    assert (result, terminal) == (0, b""), terminal


def converts_disks(bench):
    """The last check but one, since it may be left out; main() says so in the end."""
    for ending in ("qcow2", "vhd"):
        bench.shows({"converting", "comparing"}, "convert", "-f", bench.directory / "disk.img", bench.directory / f"disk.{ending}")


def updates(bench):
    image = bench.directory / "disk.img"
    new = bench.directory / "new"
    words = ["update", image, "--file", f"{new}:/new"]
    for step, bars in ((2000, True), (0, False)):
        new.write_bytes(os.urandom(3 << 20))
        result, _, terminal = bench.on_terminal(words, step)
        assert result == 0 and bool(BAR.search(terminal)) == bars, terminal
        assert BAR.sub(b"", terminal).replace(CLEARED, b"") == b"" and (not bars or terminal.endswith(CLEARED)), terminal


def writes(bench):
    """On a loop device, where that is allowed; the last check, since it may skip."""
    image, stick = bench.directory / "disk.img", bench.directory / "stick"
    size = image.stat().st_size
    with open(stick, "wb") as file:
        file.truncate(size)
    with Loop(stick) as device:
        bench.shows({"writing", "reading back"}, "write", image, device, "--yes", "--expect-size", size, "--not-removable")


def messages_stand_alone(bench):
    """What goes wrong in the middle of a job is said on a line of its own."""
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, resource.RLIM_INFINITY))  # noqa: E731
    words = ["convert", "-f", bench.directory / "disk.img", bench.directory / "disk.zst"]
    result, _, terminal = bench.on_terminal(words, 2000, preexec_fn=limit, NO_COLOR="1")
    assert result == IO_ERROR and BAR.search(terminal), (result, terminal)
    assert CLEARED + b"imgtool: error: " in terminal and terminal.endswith(b"\r\n"), terminal[-300:]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--clock", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(arguments, Path(directory))
        disks = (converts_disks,) if shutil.which("qemu-img") else ()
        for check in (builds, reads, converts, updates, messages_stand_alone, *disks, writes):
            check(bench)
    if not disks:
        skip("qemu-img is missing: apt-get install --no-install-recommends qemu-utils")


if __name__ == "__main__":
    sys.exit(main())
