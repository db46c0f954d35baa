#!/usr/bin/env python3
"""inspect and diff tell the truth: inspect.py --imgtool PROGRAM --kernels DIRECTORY gpt|mbr

What they say of fresh and of damaged images is compared with hashlib and with the image taken apart by disk.py.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from disk import SECTOR, Disk


class Session:
    def __init__(self, arguments, directory):
        self.imgtool = arguments.imgtool
        self.table = arguments.table
        self.kernels = Path(arguments.kernels)
        self.directory = directory
        self.failures = 0

    def expect(self, name, found, wanted):
        if found != wanted:
            self.failures += 1
            print(f"{name}: {found!r}, not {wanted!r}")

    def run(self, *words):
        return subprocess.run([self.imgtool, *words], capture_output=True, check=False, timeout=60)

    def build(self, name, kernel, *options):
        image = self.directory / name
        self.run("build-image", "-q", "-o", image, "--table", self.table, *options, self.kernels / kernel)
        return image

    def inspect(self, image):
        done = self.run("inspect", "--json", image)
        self.expect("exit code of inspect", done.returncode, 0)
        self.expect("inspect as text", self.run("inspect", image).returncode, 0)
        return json.loads(done.stdout)

    def check_inspect(self):
        image = self.build("a.img", "conformance-fixed.elf", "--cmdline", "one two")
        report, disk = self.inspect(image), Disk(image)
        kernel = (self.kernels / "conformance-fixed.elf").read_bytes()
        self.expect("table", report["table"], self.table)
        self.expect("volume", report["volume"]["offset"], disk.volume)
        esp = next(part for part in report["partitions"] if part["type"] == "EFI system")
        self.expect("EFI system partition", (esp["first_sector"] * SECTOR, esp["last_sector"] + 1),
                    (disk.volume, (disk.volume + disk.volume_size) // SECTOR))  # fmt: skip
        hashes = {file["path"]: file.get("sha256") for file in report["volume"]["files"]}
        self.expect("hash of the kernel", hashes["/kernel.elf"], hashlib.sha256(kernel).hexdigest())
        self.expect("free clusters", report["volume"]["free_clusters"], disk.get(disk.volume + SECTOR + 488, 4))
        self.expect("command line", report["configuration"]["command_line"], "one two")
        self.expect("wish", report["kernel"]["wishes"]["kernel_stack"], "0xffffa00000000000")
        version = self.run("--version").stdout.decode().split()[-1]
        self.expect("loaders", [report[name].get("loader_version") for name in ("bios", "uefi")], [version, version])
        self.expect("firmware", (report["bios"]["boots"], report["uefi"]["boots"]), (True, True))
        disk.put(disk.stages + 24, 4, disk.get(disk.stages + 32, 4))  # where it stood before there was an overlay
        disk.put(disk.stages + 20, 4, 2)
        disk.save()
        self.expect("loader of the format before", self.inspect(image)["bios"].get("loader_version"), version)

    def bzimage(self, pointer, text):
        """Just enough of one, by Documentation/arch/x86/boot.rst; kernel_version says where the text stands, less 0x200."""
        code, setup_sectors = 8192, 2
        image = bytearray(512 * (setup_sectors + 1) + code)
        for offset, size, value in ((0x1F1, 1, setup_sectors), (0x1F4, 4, code // 16), (0x1FE, 2, 0xAA55), (0x200, 2, 0x6AEB),
                                    (0x202, 4, 0x53726448), (0x206, 2, 0x20F), (0x20E, 2, pointer), (0x211, 1, 1),
                                    (0x22C, 4, 0x7FFFFFFF), (0x230, 4, 2 << 20), (0x234, 1, 1), (0x236, 2, 3), (0x238, 4, 100),
                                    (0x258, 8, 16 << 20), (0x260, 4, 1 << 20)):  # fmt: skip
            image[offset:offset + size] = value.to_bytes(size, "little")
        image[0x200 + pointer:0x200 + pointer + len(text)] = text
        path = self.directory / "bzImage"
        path.write_bytes(image)
        return path

    def check_linux_version(self):
        text = b"6.1.0-13-amd64 (builder@host) #1 SMP"
        cases = [("text", 0xA0, text + b"\0", text.decode()), ("last byte", 0x3FF, b"7", "7"), ("none", 0, b"", None),
                 ("behind the setup code", 0x400, text, None), ("behind the file", 0xFFFF, b"", None),
                 ("no text", 0xA0, b"\x1b[2J", None), ("cut", 0xA0, b"6.1\x1b[2J", "6.1"),
                 ("no end", 0x100, b"x" * 0x300, "x" * 255)]  # fmt: skip
        for name, pointer, bytes_of, wanted in cases:
            image = self.build("linux.img", self.bzimage(pointer, bytes_of))
            self.expect(f"Linux version, {name}", self.inspect(image)["kernel"].get("version"), wanted)
            said = self.run("inspect", image).stdout.decode()
            self.expect(f"the same as text, {name}", f"\n  version                {wanted}\n" in said, wanted is not None)

    def check_unreadable(self):
        """A regular file of which only a place far inside can be read."""
        done = self.run("inspect", "/proc/self/mem")
        self.expect("unreadable", (done.returncode, b"can't be read at byte 512: Input/output error" in done.stderr), (4, True))

    def check_damages(self):
        image = self.build("damaged.img", "smoke.elf")
        disk = Disk(image)
        for offset, firmware in [(510, "bios"), (0x60, "bios"), (disk.stages + 900, "bios"), (disk.volume + 510, "uefi")]:
            disk.reset()
            disk.flip(offset)
            disk.save()
            self.expect(f"byte {offset} changed", self.inspect(image)[firmware]["boots"], False)

    def diff(self, one, other):
        done = self.run("diff", "--json", one, other)
        report = json.loads(done.stdout)
        self.expect("exit code of diff", done.returncode, 0 if report["same"] else 1)
        self.expect("diff as text", self.run("diff", one, other).returncode, done.returncode)
        return [difference["what"] for difference in report["differences"]]

    def check_diff(self):
        one = self.build("one.img", "smoke.elf", "--cmdline", "x")
        same = self.build("same.img", "smoke.elf", "--cmdline", "x")
        self.expect("the same image twice", self.diff(one, same), [])
        other = self.build("other.img", "smoke.elf", "--cmdline", "y")
        self.expect("another command line", "/stagecoach.conf" in self.diff(one, other), True)
        self.expect("the same kernel", "/kernel.elf" in self.diff(one, other), False)
        disk = Disk(same)
        for offset, what in [
            (0x60, "MBR boot code"),
            (disk.stages + 900, "BIOS stages"),
            (disk.find_content("KERNEL  ELF") + 70, "/kernel.elf"),
            (disk.volume + disk.volume_size - 1, "other bytes"),
        ]:
            disk.reset()
            disk.flip(offset)
            disk.save()
            self.expect(f"byte {offset} changed", self.diff(one, same), [what])
        self.expect("not an image", self.run("diff", one, "/nonexistent").returncode, 4)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("table", choices=["gpt", "mbr"])
    with tempfile.TemporaryDirectory(prefix="stagecoach-inspect-") as name:
        session = Session(parser.parse_args(), Path(name))
        session.check_inspect()
        session.check_linux_version()
        session.check_unreadable()
        session.check_damages()
        session.check_diff()
    print(f"{session.failures} failures")
    return 1 if session.failures else 0


if __name__ == "__main__":
    sys.exit(main())
