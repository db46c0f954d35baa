#!/usr/bin/env python3
"""Every command that writes a file, where there is no room: exit code 4, one line that says so, and nothing under the final name.
    no_space.py --imgtool PROGRAM --kernels DIRECTORY
Room ends at a limit of the process (ulimit -f) and, where a tmpfs may be mounted, at the end of a file system. Exit code 77: a part was left out, all others passed."""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from image_judge import ENVIRONMENT, MIB, Judge  # noqa: E402

IO_ERROR, SKIPPED = 4, 77


def read(path):
    with open(path, "rb") as file:
        return file.read()


class NoSpace(Judge):
    left_out = ()  # what this machine does not allow

    def prepare(self):
        os.mkdir(self.path("out"))
        self.ramdisk = self.path("ramdisk")
        with open(self.ramdisk, "wb") as file:
            file.write(os.urandom(3 * MIB))  # nothing compresses it
        self.image = self.build("--ramdisk", self.ramdisk, "--fat", "16", "--size", "20M")

    def commands(self):
        """What writes a new file in out/."""
        for command in ("build-image", "build-iso", "build-direct"):
            yield [command, self.kernel, "-o", self.path("out/new"), "--ramdisk", self.ramdisk]
        yield ["build-netboot", self.kernel, "-o", self.path("out/new"), "--ramdisk", self.ramdisk]
        yield ["build-image", self.kernel, "-o", self.path("out/new"), "--ramdisk", self.ramdisk, "--compress", "zstd"]
        for ending in ("gz", "zst"):
            yield ["convert", self.image, self.path(f"out/new.{ending}")]
        if not shutil.which("qemu-img"):
            self.left_out = (*self.left_out, "qemu-img is missing: apt-get install --no-install-recommends qemu-utils")
        else:
            for ending in ("qcow2", "vhd", "vmdk", "vdi"):
                yield ["convert", self.image, self.path(f"out/new.{ending}")]

    def refused(self, words, left, **how):
        done = subprocess.run([self.imgtool, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              env=ENVIRONMENT | {"TMPDIR": self.work}, **how)  # fmt: skip
        assert done.returncode == IO_ERROR, (words, done)
        assert done.stderr.count("imgtool: error: ") == 1, (words, done.stderr)
        assert self.path("out/") in done.stderr or "temporary file" in done.stderr, f"does not say where: {done.stderr}"
        assert sorted(os.listdir(self.path("out"))) == left, (words, os.listdir(self.path("out")))

    def limited(self):
        def limit(size=2 * MIB):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        for words in self.commands():
            self.refused(words, [], preexec_fn=limit)
            if words[0] == "build-netboot":
                continue  # no image is where its directory would be
            old = self.path("out/" + os.path.basename(words[words.index("-o") + 1] if "-o" in words else words[2]))
            shutil.copy(self.image, old)
            self.refused([*words, "--force"], [os.path.basename(old)], preexec_fn=limit)
            assert read(old) == read(self.image), (words, "the old file was touched")
            os.unlink(old)
        image = shutil.copy(self.image, self.path("out/disk.img"))
        self.update(image, preexec_fn=lambda: limit(4 * MIB))  # behind the tables, before free clusters
        os.unlink(image)

    def update(self, image, **how):
        """In place: what is there stays as it was, and is sound."""
        self.refused(["update", image, "--file", f"{self.ramdisk}:/another"], ["disk.img"], **how)
        subprocess.run([self.imgtool, "verify", image], check=True, stdout=subprocess.DEVNULL)
        listed = subprocess.run([self.imgtool, "ls", image], check=True, capture_output=True, text=True).stdout
        assert "another" not in listed and "ramdisk" in listed, listed

    def full(self):
        """A file system of 2 MiB; for update, one into which the sparse image fits but no further file."""
        out = self.path("out")
        if not self.mount("2m"):
            self.left_out = (*self.left_out, "a tmpfs can't be mounted here: only the limit was tested")
            return
        try:
            for words in self.commands():
                self.refused(words, [])
        finally:
            subprocess.run(["umount", out], check=True)
        assert self.mount("5m")
        try:
            image = self.path("out/disk.img")
            subprocess.run(["cp", "--sparse=always", self.image, image], check=True)
            self.update(image)
        finally:
            subprocess.run(["umount", out], check=True)

    def mount(self, size):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path("out")], check=False,
                              stderr=subprocess.DEVNULL).returncode == 0  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stagecoach-space-") as work:
        judge = NoSpace(arguments.imgtool, os.path.join(arguments.kernels, "smoke.elf"), None, work)
        judge.prepare()
        judge.limited()
        judge.full()
    for reason in sorted(set(judge.left_out)):
        print(f"SKIP: {reason}")
    return SKIPPED if judge.left_out else 0


if __name__ == "__main__":
    sys.exit(main())
