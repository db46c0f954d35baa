#!/usr/bin/env python3
"""write and devices, on loop devices: write.py --imgtool PROGRAM --kernels DIRECTORY gpt|mbr

A disk full of other bytes is written; sgdisk, fsck.fat and mtools judge what is on it, and cmp each byte that counts. What must
be refused is refused before a byte is written, and a stop in the middle leaves a disk that does not boot.
"""

import argparse
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from disk import Disk

SKIPPED = 77
MIB = 1 << 20


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIPPED)


class Loop:
    """A loop device over a file, for as long as the block lasts."""

    def __init__(self, path, *words):
        done = subprocess.run(["losetup", "-f", "--show", *words, path], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            skip(f"a loop device: {done.stderr}")
        self.path = done.stdout.strip()

    def __enter__(self):
        return self.path

    def __exit__(self, *unused):
        subprocess.run(["losetup", "-d", self.path], check=True)


class Case:
    def __init__(self, arguments, directory):
        self.imgtool, self.table, self.failures = arguments.imgtool, arguments.table, 0
        self.left_out = None  # why
        self.image, self.stick = directory / "disk.img", directory / "stick"
        kernel = Path(arguments.kernels) / "conformance-pie.elf"
        holes = directory / "holes"  # a file with zeroes that an image has no blocks for
        with open(holes, "wb") as file:
            file.truncate(2 * MIB)
            file.seek(MIB)
            file.write(b"data")
        subprocess.run([self.imgtool, "build-image", "-q", "-o", self.image, "--table", self.table, "--file",
                        f"{holes}:/holes", kernel], check=True)  # fmt: skip
        self.holes = holes.read_bytes()
        self.size = self.image.stat().st_size

    def check(self, name, condition, text=""):
        if not condition:
            self.failures += 1
            print(f"{name}: {text}")

    def fill(self, size):
        self.stick.write_bytes(b"\xa7" * size)

    def write(self, device, *words, **more):
        return subprocess.run([self.imgtool, "write", self.image, device, *words], capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL, **more)  # fmt: skip

    def writes(self, size):
        name = f"disk of {size} bytes"
        self.fill(size)
        with Loop(self.stick) as device:
            done = self.write(device, "--yes", "--expect-size", str(size), "--not-removable", "--json")
            self.check(name, done.returncode == 0, done.stderr)
            report = json.loads(done.stdout or "{}")
            self.check(name, report.get("device_size") == size and report["bytes_written"] < size, f"reports {report}")
        done = subprocess.run([self.imgtool, "verify", self.stick], capture_output=True, text=True, check=False)
        self.check(name, done.returncode == 0 or self.table == "mbr" and size != self.size, done.stdout)
        disk = Disk(self.stick)
        image = Disk(self.image)
        sound, text = disk.fsck(self.stick.with_suffix(".volume"))
        self.check(name, sound, f"fsck.fat says {text}")
        if disk.gpt:
            sound, text = disk.sgdisk()
            self.check(name, sound, f"sgdisk says {text}")
            self.check(name, disk.get(512 + 32, 8) == size // 512 - 1, "the backup GPT is not in the last sector")
        start, end = image.volume, image.data  # boot sectors and tables: zeroes count
        self.check(name, disk.bytes[start:end] == image.bytes[start:end], "the tables differ")
        self.check(name, disk.bytes[image.stages : image.stages + image.stages_size] ==
                   image.bytes[image.stages : image.stages + image.stages_size], "the stages differ")  # fmt: skip
        volume = f"{self.stick}@@{disk.volume}"
        holes = subprocess.run(["mtype", "-i", volume, "::/holes"], capture_output=True, check=True,
                               env=dict(os.environ, MTOOLS_SKIP_CHECK="1")).stdout  # fmt: skip
        self.check(name, holes == self.holes, "zeroes of a file were not written")
        self.check(name, b"\xa7" * 4096 in disk.bytes or size == self.size, "free clusters were written for nothing")

    def refuses(self, name, code, wanted, device, *words):
        before = self.stick.read_bytes()
        done = self.write(device, *words)
        self.check(name, done.returncode == code and wanted in done.stderr, f"exit code {done.returncode}: {done.stderr}")
        self.check(name, self.stick.read_bytes() == before, "something was written")

    def refuses_all(self):
        size = self.size + 4 * MIB
        sure = ["--yes", "--expect-size", str(size), "--not-removable"]
        self.fill(size)
        with Loop(self.stick) as device:
            self.refuses("not removable", 6, "--not-removable", device, *sure[:3])
            self.refuses("not asked", 6, "--expect-size", device, "--not-removable")
            self.refuses("--yes alone", 6, "--expect-size", device, "--not-removable", "--yes")
            self.refuses("size", 6, "--expect-size", device, "--yes", "--expect-size", "1G", "--not-removable")
            self.refuses("serial", 6, "--expect-serial", device, "--yes", "--expect-serial", "X", "--not-removable")
            with open(os.open(device, os.O_RDWR | os.O_EXCL), "rb"):
                self.refuses("in use", 6, "in use", device, *sure)
        self.refuses("a file", 6, "not a block device", self.stick, *sure)
        with Loop(self.stick, "-r") as device:
            self.refuses("read-only", 6, "read-only", device, *sure)
        self.fill(self.size - 512)
        with Loop(self.stick) as device:
            self.refuses("too small", 6, "larger disk", device, "--yes", "--expect-size", str(self.size - 512),
                         "--not-removable")  # fmt: skip
        with Loop(self.image) as device:
            self.refuses("itself", 6, "itself", device, "--yes", "--expect-size", str(self.size), "--not-removable")
        self.refuses_mounted()

    def refuses_mounted(self):
        self.fill(self.size)
        subprocess.run(["/sbin/mkfs.ext4", "-q", "-F", self.stick], check=True, capture_output=True)
        where = self.stick.with_suffix(".mounted")
        where.mkdir()
        with Loop(self.stick) as device:
            if subprocess.run(["mount", "-t", "ext4", device, where], capture_output=True, check=False).returncode != 0:
                self.left_out = "a file system can't be mounted here"
                return
            try:
                done = self.write(device, "--yes", "--expect-size", str(self.size), "--not-removable")
                self.check("mounted", done.returncode == 6 and "is mounted on" in done.stderr,
                           f"exit code {done.returncode}: {done.stderr}")  # fmt: skip
                update = subprocess.run([self.imgtool, "update", device, "--cmdline", "x"], capture_output=True, text=True,
                                        check=False)  # fmt: skip
                self.check("mounted", update.returncode == 6, f"update ends with {update.returncode}: {update.stderr}")
            finally:
                subprocess.run(["umount", where], check=True)

    def asks(self):
        """On a terminal: the name has to be typed (a loop device has no model)."""
        self.fill(self.size)
        with Loop(self.stick) as device:
            for typed, code in (("yes\n", 6), (os.path.basename(device) + "\n", 0)):
                master, slave = pty.openpty()
                with subprocess.Popen([self.imgtool, "write", self.image, device, "--not-removable"], stdin=slave,
                                      stdout=subprocess.DEVNULL, stderr=slave) as program:  # fmt: skip
                    os.close(slave)
                    said = b""
                    while b"> " not in said:
                        said += os.read(master, 4096)
                    os.write(master, typed.encode())
                    try:
                        while os.read(master, 4096):
                            pass
                    except OSError:  # the program has closed the other end
                        pass
                    result = program.wait()
                os.close(master)
                self.check("asked", result == code, f"'{typed.strip()}' ends with {result}")
                if code != 0:
                    self.check("asked", self.stick.read_bytes()[:512] == b"\xa7" * 512, "something was written")

    def stops(self):
        """SIGINT while it writes: what was on the disk does not boot, and what comes is not there yet."""
        self.fill(self.size)
        notes = self.stick.with_suffix(".strace")
        with Loop(self.stick) as device:
            done = subprocess.run(["strace", "-qq", "-o", notes, "-e", "trace=pwrite64", "-e",
                                   "inject=pwrite64:signal=SIGINT:when=2", self.imgtool, "write", self.image, device, "--yes",
                                   "--expect-size", str(self.size), "--not-removable"], capture_output=True, text=True,
                                  check=False, stdin=subprocess.DEVNULL)  # fmt: skip
        self.check("stopped", done.returncode in (-signal.SIGINT, 128 + signal.SIGINT), f"ends with {done.returncode}")
        self.check("stopped", "does not boot" in done.stderr, f"says {done.stderr}")
        self.check("stopped", self.stick.read_bytes()[:4096] == bytes(4096), "the first sectors are not zeroes")

    def lists(self):
        self.fill(MIB)
        with Loop(self.stick) as device:
            done = subprocess.run([self.imgtool, "devices", "--json"], capture_output=True, text=True, check=True)
            found = [entry for entry in json.loads(done.stdout)["devices"] if entry["path"] == device]
            self.check("devices", len(found) == 1 and found[0]["size"] == MIB, f"{device} is {found}")
            self.check("devices", found and not found[0]["removable"], f"{device} is {found}")
            plain = subprocess.run([self.imgtool, "devices"], capture_output=True, text=True, check=True).stdout
            self.check("devices", device not in plain.split(), "offers a disk that is not removable")
            plain = subprocess.run([self.imgtool, "devices", "--all"], capture_output=True, text=True, check=True).stdout
            self.check("devices", device in plain.split(), "--all leaves a disk out")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("table", choices=["gpt", "mbr"])
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        skip("needs root for loop devices")
    for program in ("losetup", "mkfs.ext4", "strace"):
        if shutil.which(program) is None:
            skip(f"{program} is missing")
    with tempfile.TemporaryDirectory(prefix="stagecoach-write-") as name:
        case = Case(arguments, Path(name))
        case.writes(case.size)
        case.writes(case.size + 5 * MIB + 512)
        if arguments.table == "gpt":
            case.refuses_all()
            case.asks()
            case.stops()
            case.lists()
    if case.left_out and not case.failures:
        skip(case.left_out)
    return 1 if case.failures else 0


if __name__ == "__main__":
    sys.exit(main())
