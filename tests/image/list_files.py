#!/usr/bin/env python3
"""ls and cat agree with mtools: list_files.py --imgtool PROGRAM --kernels DIRECTORY"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from disk import Disk

FILES = {
    "/etc/deep/A rather long name.txt": b"text\n",
    "/etc/all bytes.bin": bytes(range(256)) * 5000,
    "/etc/empty": b"",
}


class Session:
    def __init__(self, arguments, directory):
        self.imgtool = arguments.imgtool
        self.image = directory / "disk.img"
        self.kernel = Path(arguments.kernels) / "conformance-pie.elf"
        self.failures = 0
        options = []
        for number, (path, content) in enumerate(FILES.items()):
            source = directory / f"source-{number}"
            source.write_bytes(content)
            options += ["--file", f"{source}:{path}"]
        self.run("build-image", "-q", "-o", self.image, *options, self.kernel)

    def run(self, *words):
        return subprocess.run([self.imgtool, *words], capture_output=True, check=False, timeout=60)

    def expect(self, name, found, wanted):
        if found != wanted:
            self.failures += 1
            print(f"{name}: {found!r}, not {wanted!r}")

    def mtools(self, *words):
        volume = Disk(self.image).volume
        program, *rest = words
        return subprocess.run([program, "-i", f"{self.image}@@{volume}", *rest], capture_output=True, check=True,
                              env=os.environ | {"LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1"}).stdout  # fmt: skip

    def check_lists(self):
        names = sorted(self.mtools("mdir", "-/", "-b", "-a", "::/").decode().replace("::", "").split("\n")[:-1])
        listed = self.run("ls", "-R", self.image).stdout.decode().split("\n")[:-1]
        self.expect("ls -R", sorted(name.rstrip("/") for name in listed), sorted(name.rstrip("/") for name in names))
        report = json.loads(self.run("ls", "-R", "--json", self.image).stdout)
        sizes = {entry["path"]: entry.get("size") for entry in report["entries"]}
        for path, content in FILES.items():
            self.expect(f"size of {path}", sizes.get(path), len(content))
        self.expect("ls of a directory", self.run("ls", self.image, "etc/deep/").stdout, b"A rather long name.txt\n")
        self.expect("ls of a file", self.run("ls", self.image, "/ETC/EMPTY").stdout, b"/ETC/EMPTY\n")

    def check_contents(self):
        for path, content in FILES.items():
            self.expect(f"cat {path}", self.run("cat", self.image, path).stdout == content, True)
        self.expect("cat kernel", self.run("cat", self.image, "/kernel.elf").stdout, self.kernel.read_bytes())
        copy = self.mtools("mtype", "::/EFI/BOOT/BOOTX64.EFI")
        self.expect("cat loader", self.run("cat", self.image, "efi/boot/bootx64.efi").stdout == copy, True)

    def check_refusals(self):
        for words, code in [
            (("cat", self.image, "/nothing"), 3),
            (("cat", self.image, "/etc"), 3),
            (("cat", self.image), 2),
            (("ls", self.image, "/", "x"), 2),
            (("ls", self.kernel), 3),
            (("ls", "/nonexistent"), 4),
        ]:
            done = self.run(*words)
            self.expect(f"exit code of {words}", done.returncode, code)
            self.expect(f"stdout of {words}", done.stdout, b"")
            self.expect(f"{words} says something", done.stderr.startswith(b"imgtool: "), True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    with tempfile.TemporaryDirectory(prefix="stagecoach-files-") as name:
        session = Session(parser.parse_args(), Path(name))
        session.check_lists()
        session.check_contents()
        session.check_refusals()
    print(f"{session.failures} failures")
    return 1 if session.failures else 0


if __name__ == "__main__":
    sys.exit(main())
