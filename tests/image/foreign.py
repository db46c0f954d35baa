#!/usr/bin/env python3
"""What imgtool reports, beside what other people's tools say of the same thing: foreign.py --imgtool PROGRAM --kernels DIRECTORY

inspect beside sfdisk, fsck.fat, mtools, sha256sum and readelf; diff beside cmp; explain beside readelf; devices beside lsblk;
verify beside sgdisk and fsck.fat; and images that are not imgtool's. Exit code 77: one of them is not installed.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import struct
import sys
import tempfile
import zlib
from pathlib import Path

from disk import Disk

SKIPPED = 77
SECTOR = 512
JUDGES = {"sfdisk": "fdisk", "fsck.fat": "dosfstools", "mdir": "mtools", "sgdisk": "gdisk", "readelf": "binutils", "cmp": "diffutils",
          "lsblk": "util-linux", "xorriso": "xorriso", "strace": "strace"}  # fmt: skip


class Bench:
    def __init__(self, arguments, directory):
        self.imgtool, self.directory = arguments.imgtool, directory
        self.kernel = Path(arguments.kernels) / "conformance-pie.elf"
        self.image = directory / "disk.img"
        deep = directory / "deep"
        deep.write_bytes(os.urandom(70000))
        self.build(self.image, "--file", f"{deep}:/a directory/A longer name.bin", "--ramdisk", deep)

    def build(self, image, *options):
        self.say("build-image", "-q", "-o", image, *options, self.kernel)

    def say(self, *words, codes=(0,)):
        done = subprocess.run([self.imgtool, *map(str, words)], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode in codes, done
        return done.stdout

    def report(self, *words, **more):
        return json.loads(self.say(*words, "--json", **more))


def judge(*words, codes=(0,), **more):
    done = subprocess.run(list(map(str, words)), capture_output=True, check=False, timeout=120,
                          env=os.environ | {"LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1"} | more)  # fmt: skip
    assert done.returncode in codes, done
    return done.stdout


def sfdisk(image):
    parts = json.loads(judge("sfdisk", "-J", image))["partitiontable"]["partitions"]
    return [(part["start"], part["start"] + part["size"] - 1, part["type"].lower(), part["uuid"].lower(), part["name"])
            for part in parts]  # fmt: skip


def inspect(bench):
    report = bench.report("inspect", bench.image)
    said = [(part["first_sector"], part["last_sector"], part["type_guid"], part["guid"], part["name"])
            for part in report["partitions"]]  # fmt: skip
    assert said == sfdisk(bench.image), said
    volume = report["volume"]
    copy = bench.directory / "volume"
    judge("dd", f"if={bench.image}", f"of={copy}", "bs=1M", "iflag=skip_bytes,count_bytes", f"skip={volume['offset']}",
          f"count={volume['size']}", "conv=sparse")  # fmt: skip
    text = judge("fsck.fat", "-nv", copy).decode()
    assert int(re.search(r"(\d+) bytes per cluster", text)[1]) == volume["cluster_size"], text
    used, clusters = map(int, re.search(r"(\d+)/(\d+) clusters", text).groups())
    assert (clusters, clusters - used) == (volume["clusters"], volume["free_clusters"]), (text, volume)
    assert f"FATs, {volume['fat_bits']} bit entries" in text, text
    names = judge("mdir", "-/", "-b", "-a", "-i", copy, "::/").decode().splitlines()
    assert {name.removeprefix("::").rstrip("/") for name in names} == {file["path"] for file in volume["files"]}, names
    for file in volume["files"]:
        if file["type"] == "file":
            content = judge("mtype", "-i", copy, "::" + file["path"])
            assert len(content) == file["size"], file
            done = subprocess.run(["sha256sum"], input=content, stdout=subprocess.PIPE, check=True)
            assert done.stdout.decode().split()[0] == file["sha256"], file
    header = judge("readelf", "-h", bench.kernel).decode()
    assert re.search(r"Entry point address: +(\S+)", header)[1] == report["kernel"]["entry"], header


def explain(bench):
    said = bench.report("explain", bench.kernel)["kernel"]["segments"]
    found = []
    for words in map(str.split, judge("readelf", "-lW", bench.kernel).decode().splitlines()):
        if words[:1] == ["LOAD"]:
            flags = "".join(words[6:-1])
            rights = "".join(letter if letter.upper().replace("X", "E") in flags else "-" for letter in "rwx")
            found.append((int(words[2], 16), int(words[5], 16), int(words[4], 16), int(words[1], 16), rights))
    assert found and found == [(int(one["address"], 16), one["memory_size"], one["file_size"], one["file_offset"], one["rights"])
                               for one in said], (found, said)  # fmt: skip


def diff(bench):
    """Two images differ for diff if and only if they do for cmp."""
    other = bench.directory / "other.img"
    shutil.copyfile(bench.image, other)
    assert bench.report("diff", bench.image, other)["same"] and not judge("cmp", "-l", bench.image, other)
    size = bench.image.stat().st_size
    for place in (3, 446, 510, SECTOR + 16, 2 * SECTOR + 1, 1 << 20, (1 << 20) + 5000, (2 << 20) + 3, size - 1, size - SECTOR - 1, size // 2):
        data = bytearray(bench.image.read_bytes())
        data[place] ^= 0x20
        other.write_bytes(data)
        report = bench.report("diff", bench.image, other, codes=(1,))
        (line,) = judge("cmp", "-l", bench.image, other, codes=(1,)).decode().splitlines()
        assert int(line.split()[0]) == place + 1 and not report["same"] and report["differences"], (place, report)


def tiny_gpt():
    """A disk of eight sectors whose GPT has four entries: smaller than the usual array alone."""
    entries, sectors = bytes(4 * 128), 8
    def header(own, other, array):
        fields = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, own, other, 3, sectors - 3, b"g" * 16, array, 4,
                             128, zlib.crc32(entries))  # fmt: skip
        return (fields[:16] + struct.pack("<I", zlib.crc32(fields)) + fields[20:]).ljust(SECTOR, b"\0")
    mbr = bytes(446) + struct.pack("<4B4BII", 0, 0, 2, 0, 0xEE, 255, 255, 255, 1, sectors - 1) + bytes(48) + b"\x55\xaa"
    return mbr + header(1, sectors - 1, 2) + entries + bytes(3 * SECTOR) + entries + header(sectors - 1, 1, sectors - 2)


def diff_of_others(bench):
    """What stands in another loader's boot code is no place of stages; a small disk has no usual table."""
    data, image, other = bench.image.read_bytes(), bench.directory / "foreign.img", bench.directory / "other.img"
    small = tiny_gpt()
    for content, place in ((b"\xfa\x31\xc0" * 146 + data[438:], 5), (small, 2 * SECTOR + 7), (small, 7 * SECTOR + 80)):
        image.write_bytes(content)
        assert bench.report("diff", image, image)["same"], place
        other.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert not bench.report("diff", image, other, codes=(1,))["same"], place
    image.write_bytes(small)
    assert bench.report("inspect", image)["table"] == "gpt"


def diff_unread(bench):
    """Bytes that can't be read are no difference, and no equality."""
    other = bench.directory / "other.img"
    shutil.copyfile(bench.image, other)
    quiet = os.environ | {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}  # it can't look beside strace
    for when in ("30", "200", "20+"):
        done = subprocess.run(["strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject=pread64:error=EIO:when={when}", bench.imgtool,
                               "diff", "--json", bench.image, other], env=quiet, capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 4 and done.stderr.count("imgtool: error: ") == 1, (when, done)
        assert not json.loads(done.stdout)["same"], (when, done)


def verify(bench):
    """What sgdisk or fsck.fat find wrong, verify finds as well; what all take for sound boots (tests/boot)."""
    assert bench.report("verify", bench.image)["sound"]
    assert Disk(bench.image).sgdisk()[0]
    broken = bench.directory / "broken.img"
    data = bytearray(bench.image.read_bytes())
    for offset in (SECTOR + 40, len(data) - SECTOR + 16, 2 * SECTOR + 32):
        changed = bytearray(data)
        changed[offset] ^= 1
        broken.write_bytes(changed)
        assert not Disk(broken).sgdisk()[0], offset
        assert not bench.report("verify", broken, codes=(5,))["sound"], offset


def images_of_others(bench):
    """What other people's tools make: inspect says what it is, verify ends with 5, nothing is called damaged that is not."""
    image = bench.directory / "cloud.img"
    with open(image, "wb") as file:
        file.truncate(200 << 20)
    judge("sgdisk", "-n", "14:2048:8191", "-t", "14:ef02", "-n", "15:8192:139263", "-t", "15:ef00", "-n", "1:139264:0",
          "-t", "1:8300", image)  # fmt: skip
    judge("mkfs.fat", "-F", "16", "--offset", "8192", image, "65536")
    report = bench.report("inspect", image)
    assert [part["number"] for part in report["partitions"]] == [1, 14, 15] and report["table"] == "gpt", report
    assert not report["bios"]["boots"] and "stage 1 is not there" in report["bios"]["problem"], report
    assert not report["uefi"]["boots"] and "BOOTX64.EFI is not there" in report["uefi"]["problem"], report
    assert report["volume"]["fat_bits"] == 16 and report["volume"]["files"] == [], report
    findings = {finding["structure"] for finding in bench.report("verify", image, codes=(5,))["findings"]}
    assert findings == {"stage 1", "/EFI/BOOT/BOOTX64.EFI", "kernel"}, findings
    with open(image, "r+b") as file:
        file.write(b"\xfa\x31\xc0" * 140)  # somebody's boot code
    assert "another loader" in bench.report("inspect", image)["bios"]["problem"]
    assert "another loader" in bench.say("verify", image, codes=(5,))


def disc_of_others(bench):
    tree, image = bench.directory / "tree", bench.directory / "disc.iso"
    tree.mkdir()
    (tree / "boot.bin").write_bytes(b"boot" * 512)
    (bench.directory / "mbr.bin").write_bytes(b"\xfa\x31\xc0" * 144)
    judge("xorriso", "-as", "mkisofs", "-V", "FOREIGN", "-o", image, "-b", "boot.bin", "-no-emul-boot", "-isohybrid-mbr",
          bench.directory / "mbr.bin", tree)  # fmt: skip
    disc = bench.report("inspect", image)
    assert disc["cd"]["volume_name"] == "FOREIGN" and "problem" not in disc["cd"], disc
    assert [(entry["platform"], entry["bootable"]) for entry in disc["cd"]["boot_catalog"]] == [("BIOS", True)], disc
    assert "another loader" in disc["bios"]["problem"], disc
    findings = {finding["structure"] for finding in bench.report("verify", image, codes=(5,))["findings"]}
    assert "CD's stage 1" not in findings and "stage 1" in findings, findings


def partitioners(bench):
    """Tools that write a table anew leave one that verify takes."""
    image = bench.directory / "rewritten.img"
    for words in (["sgdisk", "-e"], ["sgdisk", "-c", "2:other"], ["sfdisk", "--part-label", None, "1", "other"]):
        shutil.copyfile(bench.image, image)
        judge(*[word or image for word in words], *([] if None in words else [image]))
        done = bench.report("verify", image, codes=(0, 5))
        assert done["sound"], (words, done)
    mbr = bench.directory / "mbr.img"
    bench.build(mbr, "--table", "mbr")
    judge("sfdisk", "--part-type", mbr, "1", "c")
    judge("sfdisk", "--part-type", mbr, "1", "ef")
    assert bench.report("verify", mbr)["sound"]


def devices(bench):
    """Every disk that lsblk knows, with the size, and what it has to say beside."""
    seen = {disk["path"]: disk for disk in json.loads(judge("lsblk", "-dbJ", "-o", "PATH,SIZE,MODEL,RM,RO"))["blockdevices"]}
    said = {disk["path"]: disk for disk in bench.report("devices", "--all")["devices"]}
    assert set(said) <= set(seen), (said, seen)
    assert {path for path, disk in seen.items() if disk["size"] and re.match(r"/dev/([sv]d[a-z]+|nvme\d+n\d+)$", path)} <= set(said)
    for path, disk in said.items():
        wanted = seen[path]
        assert (disk["size"], disk["read_only"]) == (wanted["size"], wanted["ro"]), (disk, wanted)
        assert disk.get("model", "") == (wanted["model"] or "").strip(), (disk, wanted)
        assert disk["removable"] or not wanted["rm"], (disk, wanted)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    arguments = parser.parse_args()
    for program, package in JUDGES.items():
        if not shutil.which(program, path=os.environ["PATH"] + ":/sbin:/usr/sbin"):
            print(f"SKIP: {program} is missing: apt-get install --no-install-recommends {package}")
            return SKIPPED
    os.environ["PATH"] += ":/sbin:/usr/sbin"
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(arguments, Path(directory))
        for check in (inspect, explain, diff, diff_of_others, diff_unread, verify, images_of_others, disc_of_others, partitioners, devices):
            check(bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())
