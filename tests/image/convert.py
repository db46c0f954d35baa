#!/usr/bin/env python3
"""imgtool convert, judged by qemu-img, gzip, zstd and bmaptool: convert.py --imgtool PROGRAM --kernels DIRECTORY [--big]

Exit code 77: a judge is not installed.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path

OK, USAGE, REJECTED, IO_ERROR, UNSAFE, MISSING = 0, 2, 3, 4, 6, 7
JUDGES = {"qemu-img": "qemu-utils", "gzip": "gzip", "zstd": "zstd", "bmaptool": "bmap-tools", "fsck.fat": "dosfstools"}
FORMATS = {"qcow2": "qcow2", "vhd": "vpc", "vmdk": "vmdk", "vdi": "vdi"}
BIG = (4 << 30) + (1 << 20)  # a sparse image, more than 32 bits can count


class Bench:
    def __init__(self, arguments, directory):
        self.imgtool = arguments.imgtool
        self.kernel = Path(arguments.kernels) / "conformance-pie.elf"
        self.directory = directory
        self.sanitized = b"__asan_init" in Path(arguments.imgtool).read_bytes()
        self.image = directory / "disk.img"
        self.imgtool_does("build-image", "-q", "-o", self.image, self.kernel)

    def run(self, *words, **more):
        return subprocess.run([self.imgtool, *map(str, words)], capture_output=True, check=False, timeout=600, **more)

    def imgtool_does(self, *words):
        done = self.run(*words)
        assert done.returncode == OK, done
        return done.stdout

    def convert(self, *words, code=OK, said="", **more):
        done = self.run("convert", *words, **more)
        assert done.returncode == code, done
        assert said in done.stderr.decode(), done
        left = [path.name for path in self.directory.iterdir() if path.name.startswith(".imgtool")]
        assert not left, f"left behind: {left}"
        return done

    def judge(self, *words):
        return subprocess.run(list(map(str, words)), check=True, capture_output=True, timeout=600).stdout


def disks(bench):
    size = bench.image.stat().st_size
    for ending, name in FORMATS.items():
        out = bench.directory / f"a:disk.{ending}"  # to qemu-img, what stands before a colon is a protocol
        report = json.loads(bench.convert(bench.image, out, "--json").stdout)
        assert (report["schema"], report["version"], report["format"]) == ("imgtool-convert", 1, ending), report
        assert report["output_size"] == out.stat().st_size, report
        info = json.loads(bench.judge("qemu-img", "info", "--output=json", f"file:{out}"))
        assert (info["format"], info["virtual-size"]) == (name, size), info
        bench.judge("qemu-img", "compare", "-f", "raw", "-F", name, bench.image, f"file:{out}")
        back = bench.directory / "back.img"
        bench.judge("qemu-img", "convert", "-f", name, "-O", "raw", f"file:{out}", back)
        assert back.read_bytes() == bench.image.read_bytes(), ending


def not_raw(bench):
    """What convert has made is no image for other commands: they say by which line it becomes one again."""
    work = bench.directory / "not raw"
    work.mkdir()
    for ending in [*FORMATS, "gz", "zst"]:
        out = work / f"one.{ending}"
        bench.convert(bench.image, out)
        for words in (["verify", out], ["inspect", out], ["ls", out], ["run", out], ["update", out, "--loader"],
                      ["diff", bench.image, out], ["convert", out, work / "two.gz"]):  # fmt: skip
            done = bench.run(*words)
            assert done.returncode == REJECTED and b"not a raw image" in done.stderr, (words, done)
        line = done.stderr.decode().split("this makes one: ")[1]
        subprocess.run(["sh", "-c", line], check=True, cwd=work, capture_output=True)
        (raw,) = [path for path in (work / "disk.img", work / "one") if path.exists()]
        assert raw.read_bytes() == bench.image.read_bytes(), ending
        raw.unlink()
    empty = work / "empty"
    empty.touch()
    done = bench.run("run", empty)
    assert done.returncode == REJECTED and b"is empty" in done.stderr, done
    shutil.rmtree(work)


def compressed(bench):
    for ending, program in (("gz", "gzip"), ("zst", "zstd")):
        out = bench.directory / f"disk.img.{ending}"
        bench.convert(bench.image, "--compress", ending)
        first = out.read_bytes()
        bench.judge(program, "-t", out)
        assert bench.judge(program, "-dc", out) == bench.image.read_bytes(), ending
        assert len(first) < bench.image.stat().st_blocks * 512, "it has not become smaller"
        copy = bench.directory / "copy.img"
        with open(copy, "wb") as file:  # without holes, by another name and at another time
            file.write(bench.image.read_bytes())
        bench.convert(copy, bench.directory / f"again.{ending}")
        assert (bench.directory / f"again.{ending}").read_bytes() == first, "not the same bytes"


def big(bench):
    """Holes are not read, and do not end what is counted in 32 bits; memory stays small."""
    image = bench.directory / "big.img"
    with open(image, "wb") as file:
        file.write(b"start")
        file.seek(BIG - 3)
        file.write(b"end")
    for ending, program in (("gz", "gzip"), ("zst", "zstd")):
        out = bench.directory / f"big.{ending}"
        limit = "" if bench.sanitized else "ulimit -v 400000; "  # a sanitizer maps terabytes
        words = ["sh", "-c", limit + 'exec "$@"', "sh", bench.imgtool, "convert", image, out]
        subprocess.run(list(map(str, words)), check=True, stdout=subprocess.DEVNULL, timeout=600)
        with subprocess.Popen([program, "-dc", out], stdout=subprocess.PIPE) as unpacked:
            subprocess.run(["cmp", image, "-"], stdin=unpacked.stdout, check=True, timeout=600)
        assert unpacked.returncode == 0


def ranges(path):
    """Block size, and the first and last block of each range with its checksum."""
    root = xml.etree.ElementTree.parse(path).getroot()
    assert root.get("version") == "2.0"
    found = []
    for element in root.find("BlockMap"):
        first, _, last = element.text.strip().partition("-")
        found.append((int(first), int(last or first), element.get("chksum")))
    return int(root.find("BlockSize").text), found, {e.tag: e.text.strip() for e in root if e.tag != "BlockMap"}


def apply_map(bench, image, path):
    """What a stick full of old data holds after the copy."""
    content = image.read_bytes()
    block_size, found, facts = ranges(path)
    target = bytearray(b"\xa5" * len(content))
    for first, last, checksum in found:
        piece = content[first * block_size : (last + 1) * block_size]
        assert hashlib.sha256(piece).hexdigest() == checksum
        target[first * block_size : first * block_size + len(piece)] = piece
    mapped = sum(last - first + 1 for first, last, _ in found)
    assert int(facts["MappedBlocksCount"]) == mapped and int(facts["ImageSize"]) == len(content), facts
    stick = bench.directory / "stick.img"
    stick.write_bytes(target)
    return stick, mapped, int(facts["BlocksCount"])


def bmap(bench):
    image = bench.directory / "roomy.img"
    bench.imgtool_does("build-image", "-q", "--size", "200M", "-o", image, bench.kernel)
    path, copy = bench.directory / "roomy.bmap", bench.directory / "copy.img"
    bench.convert(image, "--bmap", path, "--compress", "gz")
    for source in (image, bench.directory / "roomy.img.gz"):
        bench.judge("bmaptool", "copy", "--bmap", path, source, copy)
        assert copy.read_bytes() == image.read_bytes(), source
        copy.unlink()
    stick, mapped, blocks = apply_map(bench, image, path)
    assert mapped * 10 < blocks, f"{mapped} of {blocks} blocks for one small kernel"
    assert b"sound" in bench.imgtool_does("verify", stick)
    volume = int(re.search(rb'"offset": (\d+)', bench.imgtool_does("inspect", "--json", stick))[1])
    with open(stick, "rb") as file:
        file.seek(volume)
        (bench.directory / "volume").write_bytes(file.read())
    bench.judge("fsck.fat", "-n", bench.directory / "volume")
    damaged = bytearray(image.read_bytes())
    damaged[volume + 3] ^= 1
    image.write_bytes(damaged)
    done = subprocess.run(["bmaptool", "copy", "--bmap", path, image, copy], capture_output=True, check=False, timeout=600)
    assert done.returncode != 0 and b"checksum" in done.stderr.lower(), done


def bmap_of_anything(bench):
    """Without a volume that we know, nothing is left out; a last block that is not whole is one."""
    image, path = bench.directory / "other.img", bench.directory / "other.bmap"
    image.write_bytes(bytes(10000) + b"x")
    bench.convert(image, "--bmap", path)
    assert [found[:2] for found in ranges(path)[1]] == [(0, 2)]
    bench.judge("bmaptool", "copy", "--bmap", path, image, bench.directory / "copy")
    assert (bench.directory / "copy").read_bytes() == image.read_bytes()


def both_or_none(bench):
    """The output and its block map are two files, and come together, made of the same image."""
    out, path = bench.directory / "out.gz", bench.directory / "out.bmap"
    bench.convert(bench.image, out, "--bmap", bench.directory / "none" / "out.bmap", code=IO_ERROR, said="none")
    assert not out.exists()
    bench.convert(bench.image, bench.directory / "none" / "out.gz", "--bmap", path, code=IO_ERROR, said="none")
    assert not path.exists()
    link, folder = bench.directory / "link.gz", bench.directory / "folder"
    link.symlink_to("out.gz")  # of a file that is not there yet
    folder.symlink_to(".")
    for name in (f"{bench.directory}/./out.gz", link, folder / "out.gz"):
        bench.convert(bench.image, out, "--bmap", name, code=USAGE, said="can't be the output and the block map")
        assert not out.exists(), name
    bench.convert(bench.image, link, "--bmap", folder / "out.bmap")
    assert link.is_symlink() and out.exists() and path.exists()
    bench.convert(bench.image, out, "--force", "--bmap", link, code=USAGE, said="can't be the output and the block map")
    changing = bench.directory / "bin" / "qemu-img"
    changing.parent.mkdir()
    changing.write_text(f'#!/bin/sh\n{shutil.which("qemu-img")} "$@" && [ "$1" != compare ] || touch {bench.image}\n')
    changing.chmod(0o755)
    disk = bench.directory / "out.vhd"
    path.unlink()
    bench.convert(bench.image, disk, "--bmap", path, code=IO_ERROR, said="was changed",
                  env=os.environ | {"PATH": f"{changing.parent}:{os.environ['PATH']}"})  # fmt: skip
    assert not disk.exists() and not path.exists()
    # Something that no file can replace comes into the place of the second one: the first does not stay, or is as it was.
    changing.write_text(f'#!/bin/sh\n{shutil.which("qemu-img")} "$@" && mkdir -p {disk}/full\n')
    for before in (None, b"<?xml version=\"1.0\" ?>\n<bmap version=\"2.0\">\n"):
        if before is not None:
            path.write_bytes(before)
        bench.convert(bench.image, disk, "--force", "--bmap", path, code=IO_ERROR, said="can't be put in place",
                      env=os.environ | {"PATH": f"{changing.parent}:{os.environ['PATH']}"})  # fmt: skip
        assert disk.is_dir() and (path.read_bytes() if path.exists() else None) == before
        shutil.rmtree(disk)
    changing.unlink()
    bench.convert(bench.image, disk, "--force", "--bmap", path)
    assert disk.is_file() and b"BlockMap" in path.read_bytes()


def refusals(bench):
    out = bench.directory / "out.qcow2"
    bench.convert(bench.image, code=USAGE, said="--compress")
    bench.convert(bench.image, "disk.iso", code=USAGE, said=".qcow2")
    bench.convert(bench.image, "--compress", "xz", code=USAGE, said="gz or zst")
    bench.convert(bench.directory / "none.img", out, code=IO_ERROR)
    bench.convert(bench.directory, out, code=REJECTED)
    bench.convert(bench.image, bench.image.with_suffix(".gz"), "--bmap", bench.image, code=UNSAFE, said="is the input")
    out.write_text("mine")
    bench.convert(bench.image, out, code=UNSAFE, said="--force")
    assert out.read_text() == "mine"
    bench.convert(bench.image, out, "--force")
    out.unlink()
    odd = bench.directory / "odd.img"
    odd.write_bytes(bytes(1000))
    bench.convert(odd, out, code=REJECTED, said="512")
    bench.convert(bench.image, out, code=MISSING, said="qemu-utils", env={"PATH": "/none"})
    liar = bench.directory / "bin" / "qemu-img"
    liar.parent.mkdir()
    for step, code in (("convert", IO_ERROR), ("check", 5), ("compare", 5)):
        liar.write_text(f'#!/bin/sh\n[ "$1" != {step} ]\n')
        liar.chmod(0o755)
        bench.convert(bench.image, out, code=code, said="qemu-img", env=os.environ | {"PATH": str(liar.parent) + ":/bin"})
        assert not out.exists(), step


def interrupted(bench):
    """Nothing of it is left, not even the process that did the work."""
    slow = bench.directory / "bin" / "qemu-img"
    slow.parent.mkdir()
    slow.write_text('#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 1000\n')
    slow.chmod(0o755)
    pid = Path(f"{slow}.pid")
    process = subprocess.Popen([bench.imgtool, "convert", bench.image, bench.directory / "x.vdi"],
                               env=os.environ | {"PATH": f"{slow.parent}:/usr/bin:/bin"})  # fmt: skip
    while not (pid.exists() and pid.read_text().endswith("\n")):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == -signal.SIGINT
    assert not (bench.directory / "x.vdi").exists()
    assert not [path for path in bench.directory.iterdir() if path.name.startswith(".imgtool")]
    proc = Path(f"/proc/{pid.read_text().strip()}/stat")
    while proc.exists() and proc.read_text().rsplit(")", 1)[1].split()[0] != "Z":
        time.sleep(0.02)


CASES = (disks, not_raw, compressed, bmap, bmap_of_anything, both_or_none, refusals, interrupted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--big", action="store_true", help="only an image of more than 4 GiB")
    arguments = parser.parse_args()
    for program, package in JUDGES.items():
        if not shutil.which(program, path=os.environ["PATH"] + ":/sbin:/usr/sbin"):
            print(f"SKIP: {program} is missing: apt-get install --no-install-recommends {package}")
            sys.exit(77)
    for case in (big,) if arguments.big else CASES:
        print(case.__name__, flush=True)
        with tempfile.TemporaryDirectory(prefix="stagecoach-convert-") as directory:
            case(Bench(arguments, Path(directory)))


if __name__ == "__main__":
    main()
