#!/usr/bin/env python3
"""Directories that imgtool build-netboot makes, taken apart by this script: netboot.py --imgtool PROGRAM --kernels DIRECTORY"""

import argparse
import os
import resource
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from disk import stages_whole

NETBOOT_CODE = 512
MAGIC = b"STGCSTGS"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
UNSAFE, REJECTED, IO_ERROR = 6, 3, 4


class Judge:
    def __init__(self, imgtool, kernel, work):
        self.imgtool, self.kernel, self.work = imgtool, kernel, work

    def file(self, name, data):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def build(self, *options, output="out/net", expect=0, command="build-netboot", **how):
        (self.work / "out").mkdir(exist_ok=True)
        target = self.work / output
        done = subprocess.run([self.imgtool, command, self.kernel, "-o", target, *options], text=True, env=ENVIRONMENT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **how)
        assert done.returncode == expect, f"exit code {done.returncode}, not {expect}: {done.stdout}"
        left = [entry for entry in os.listdir(target.parent) if entry.startswith(".imgtool-")]
        assert not left, f"left behind: {left}"
        if expect != 0:
            assert done.stdout.startswith("imgtool: error: ") and done.stdout.count("\n") == 1, done.stdout
            return done.stdout
        return target


def tree(directory):
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def check_boot_program(data):
    stages = data[NETBOOT_CODE:]
    magic, image_id = struct.unpack_from("<8sI", stages)
    assert magic == MAGIC and len(stages) % 512 == 0 and image_id != 0 and stages_whole(stages)
    return image_id


def case_content(judge):
    ramdisk, module, extra = (judge.file(name, name.encode() * 999) for name in ("ramdisk.bin", "module.bin", "extra"))
    net = judge.build("--ramdisk", ramdisk, "--module", f"{module}:one:a b", "--file", f"{extra}:/etc/init.conf",
                      "--cmdline", "hello")  # fmt: skip
    files = tree(net)
    assert sorted(files) == sorted(["kernel.elf", "BOOTX64.EFI", "stagecoach.conf", "stagecoach.0", "ramdisk", "modules/one",
                                    "etc/init.conf", "dnsmasq.conf"]), sorted(files)  # fmt: skip
    assert files["kernel.elf"] == Path(judge.kernel).read_bytes()
    assert files["ramdisk"] == ramdisk.read_bytes() and files["modules/one"] == module.read_bytes()
    assert files["etc/init.conf"] == extra.read_bytes()
    assert files["stagecoach.conf"] == b"kernel /kernel.elf\nramdisk /ramdisk\ncmdline hello\nmodule /modules/one one a b\n"
    check_boot_program(files["stagecoach.0"])
    assert f'tftp-root="{net}"' in files["dnsmasq.conf"].decode()
    for path in net.rglob("*"):  # TFTP servers run as somebody else
        assert path.stat().st_mode & 0o444 == 0o444 and (path.is_file() or path.stat().st_mode & 0o111 == 0o111), path


def case_same_loader_as_disks(judge):
    net = judge.build()
    image = judge.build(output="disk.img", command="build-image").read_bytes()
    at = image.index(MAGIC)
    program = (net / "stagecoach.0").read_bytes()
    assert image[at + 12 : at + len(program) - NETBOOT_CODE] == program[NETBOOT_CODE + 12 :]  # all but the id
    assert (net / "BOOTX64.EFI").read_bytes() in image


def case_reproducible(judge):
    first = tree(judge.build())
    again = tree(judge.build())
    assert first == again
    other = tree(judge.build("--seed", "x"))
    assert [name for name in first if first[name] != other[name]] == ["stagecoach.0"]
    assert check_boot_program(first["stagecoach.0"]) != check_boot_program(other["stagecoach.0"])


def case_replacing(judge):
    net = judge.build()
    judge.build("--cmdline", "new")
    assert b"new" in (net / "stagecoach.conf").read_bytes()
    mine = judge.file("out/net/mine", b"precious")
    assert str(mine) in judge.build(expect=UNSAFE)
    assert mine.read_bytes() == b"precious"
    judge.build("--force")
    assert not mine.exists()
    assert sorted(os.listdir(judge.work / "out")) == ["net"]


def case_others_are_safe(judge):
    for name in ("out/foreign/file", "out/foreign2/stagecoach.0"):
        theirs = judge.file(name, b"theirs" * 200)
        before = tree(theirs.parent)
        judge.build("--force", output=theirs.parent.relative_to(judge.work), expect=UNSAFE)
        assert tree(theirs.parent) == before
    judge.file("out/plain", b"")
    judge.build("--force", output="out/plain", expect=UNSAFE)
    (judge.work / "elsewhere").mkdir()
    (judge.work / "out/link").symlink_to(judge.work / "elsewhere")
    judge.build("--force", output="out/link", expect=UNSAFE)
    (judge.work / "out/empty").mkdir()
    judge.build(output="out/empty")
    inside = judge.build(output="out/again")
    joined = [word for path in (judge.file("ram", b"r"), inside / "BOOTX64.EFI") for word in ("--ramdisk", path)]
    assert "is an input" in judge.build(*joined, "--force", output="out/again", expect=UNSAFE)
    judge.kernel = inside / "kernel.elf"
    assert "is an input" in judge.build("--force", output="out/again", expect=UNSAFE)


def case_refusals(judge):
    config = judge.file("config", b"kernel /Kernel.ELF\nramdisk /data/RAM\n")
    ramdisk = judge.file("ramdisk.bin", b"x")
    said = judge.build("--config", config, "--file", f"{ramdisk}:/data/ram", expect=REJECTED)
    assert "upper from lower case" in said, said
    empty = judge.file("empty", b"")
    assert "empty" in judge.build("--ramdisk", empty, expect=REJECTED)
    judge.build("--ramdisk", judge.work / "none", expect=IO_ERROR)
    judge.build("--file", f"{ramdisk}:/stagecoach.0", expect=REJECTED)
    judge.build("--file", f"{ramdisk}:/../up", expect=REJECTED)
    judge.kernel = judge.file("text", b"no kernel")
    judge.build(expect=REJECTED)
    assert not (judge.work / "out/net").exists()


def case_no_room(judge):
    ramdisk = judge.file("ramdisk.bin", b"r" * (3 << 20))
    judge.build("--ramdisk", ramdisk, expect=IO_ERROR,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)))  # fmt: skip
    assert not (judge.work / "out/net").exists()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    arguments = parser.parse_args()
    kernel = Path(arguments.kernels).resolve() / "smoke.elf"
    for name, case in list(globals().items()):
        if name.startswith("case_"):
            with tempfile.TemporaryDirectory(prefix="netboot-") as work:
                print(name, flush=True)
                case(Judge(os.path.abspath(arguments.imgtool), kernel, Path(work).resolve()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
