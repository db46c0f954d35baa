#!/usr/bin/env python3
"""verify finds each single damage: verify_corpus.py --imgtool PROGRAM --kernels DIRECTORY gpt|mbr

Builds a fresh image, which verify, fsck.fat and sgdisk call sound; then damages one structure after another (mutations.py):
verify must say exit code 5 and name the structure first, and where a damage is marked so, the other programs see it too.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import mutations
from disk import Disk


class Corpus:
    def __init__(self, arguments, directory):
        self.imgtool = arguments.imgtool
        self.image = directory / "disk.img"
        self.scratch = directory / "volume"
        (directory / "rd").write_bytes(bytes(range(256)) * 40)
        self.build(Path(arguments.kernels) / "conformance-pie.elf", arguments.table, directory / "rd")
        self.disk = Disk(self.image)
        self.failures = 0

    def build(self, kernel, table, ramdisk):
        subprocess.run([self.imgtool, "build-image", "-q", "-o", self.image, "--table", table, "--fat",
                        "32" if table == "gpt" else "16", "--ramdisk", ramdisk, "--cmdline", "quiet", kernel],
                       check=True)  # fmt: skip

    def verify(self):
        done = subprocess.run([self.imgtool, "verify", "--json", self.image], capture_output=True, text=True,
                              check=False, timeout=60)  # fmt: skip
        return done.returncode, json.loads(done.stdout or "null"), done.stderr

    def fail(self, name, text):
        self.failures += 1
        print(f"{name}: {text}")

    def check_fresh(self):
        code, report, said = self.verify()
        if code != 0 or not report["sound"]:
            self.fail("fresh", f"exit code {code}, {report}, {said}")
        for program, (sound, text) in [("fsck.fat", self.disk.fsck(self.scratch))] + (
            [("sgdisk", self.disk.sgdisk())] if self.disk.gpt else []
        ):
            if not sound:
                self.fail("fresh", f"{program} says {text}")

    def check(self, name, damage, structure, *judges):
        self.disk.reset()
        damage(self.disk)
        if self.disk.is_fresh():
            self.fail(name, "changed nothing")
        self.disk.save()
        code, report, said = self.verify()
        if code != 5 or not report["findings"]:
            self.fail(name, f"exit code {code}, {report}, {said}")
        elif report["findings"][0]["structure"] != structure:
            self.fail(name, f"the first finding is {report['findings'][0]}, not of {structure}")
        if "fsck" in judges and self.disk.fsck(self.scratch)[0]:
            self.fail(name, "fsck.fat finds nothing: not the damage that was meant")
        if "sgdisk" in judges and self.disk.sgdisk()[0]:
            self.fail(name, "sgdisk finds nothing: not the damage that was meant")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("table", choices=["gpt", "mbr"])
    arguments = parser.parse_args()
    damages = mutations.BOTH_TABLES + (mutations.GPT + mutations.FAT32 if arguments.table == "gpt" else mutations.MBR)
    with tempfile.TemporaryDirectory(prefix="stagecoach-verify-") as name:
        corpus = Corpus(arguments, Path(name))
        corpus.check_fresh()
        for damage in damages:
            corpus.check(*damage)
    print(f"{len(damages)} damages, {corpus.failures} failures")
    return 1 if corpus.failures else 0


if __name__ == "__main__":
    sys.exit(main())
