#!/usr/bin/env python3
"""Images of build-iso, judged by xorriso, isoinfo, bsdtar, 7z, sgdisk, sfdisk and fsck.fat.
    iso.py --imgtool PROGRAM --kernels DIRECTORY CASE
    iso.py list                                         prints "label case" lines for CMake"""

import argparse
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

sys.dont_write_bytecode = True
from disk import Disk  # noqa: E402
from image_judge import ENVIRONMENT, MIB, Judge  # noqa: E402

BLOCK = 2048
BIOS_BOOT = uuid.UUID("21686148-6449-6e6f-744e-656564454649").bytes_le
NAMES = ["/etc/init.conf", "/etc/Mixed Case.Txt", "/a+b,c.x", "/a=b,c.x", "/a-b.c.d", "/noext", "/deep/er/and/deeper/file.bin",
         "/\u00e4\u00f6\u00fc \u4f60\u597d \U0001f600.txt", "/" + "n" * 98 + ".text", "/longname-one.txt", "/longname-two.txt"]


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Discs(Judge):
    def build_iso(self, *options, output="cd.iso", expect=0):
        image = self.path(output)
        done = subprocess.run([self.imgtool, "build-iso", "-q", self.kernel, "-o", image, *options], text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT)  # fmt: skip
        assert done.returncode == expect, f"exit code {done.returncode}, not {expect}: {done.stdout}"
        return image if expect == 0 else done.stdout

    def xorriso(self, image, *words):
        return subprocess.run(["xorriso", "-indev", image, *words], check=False, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT).stdout  # fmt: skip

    def catalog(self, image):
        """platform -> (sectors to load, block) of the boot catalog, as xorriso reads it."""
        said = self.xorriso(image, "-report_el_torito", "plain")
        found = re.findall(r"El Torito boot img : +\d+ +(\w+) +y +none +0x0000 +0x00 +(\d+) +(\d+)", said)
        return {platform: (int(sectors), int(block)) for platform, sectors, block in found}

    def partition(self, image):
        """First sector and number of sectors of the FAT volume."""
        data = read(image)
        if data[512:520] == b"EFI PART":
            entries = [struct.unpack_from("<16s16sQQ", data, 1024 + 128 * i) for i in range(4)]
            first, last = next(entry for entry in entries if entry[0] != BIOS_BOOT)[2:]
            return first, last + 1 - first
        return struct.unpack_from("<II", data, 454)

    def check(self, image, sources, platforms=("BIOS", "UEFI")):
        catalog, (first, count) = self.catalog(image), self.partition(image)
        assert set(catalog) == set(platforms), catalog
        assert catalog["BIOS"][0] == 4
        if "UEFI" in platforms:
            assert catalog["UEFI"] == (count if count <= 65535 else 0, first // 4), (catalog, first, count)
        self.check_disk(image)
        self.check_files(image, sources)
        assert os.path.getsize(image) % BLOCK == 0
        said = self.xorriso(image, "-toc")
        assert f"{os.path.getsize(image) // BLOCK} data blocks" in said, said

    def check_disk(self, image):
        if read(image)[512:520] == b"EFI PART":
            assert "No problems found" in self.run("sgdisk", "-v", image)
        assert "No errors detected" in self.run("sfdisk", "--verify", image)
        first, count = self.partition(image)
        volume = self.path("volume")
        with open(volume, "wb") as file:
            file.write(read(image)[first * 512:(first + count) * 512])
        self.run("fsck.fat", "-n", volume)
        os.unlink(volume)

    def check_files(self, image, sources):
        """Every reader finds just these files, with these bytes."""
        tree = self.path("tree")
        subprocess.run(["rm", "-rf", tree], check=True)
        os.mkdir(tree)
        self.run("bsdtar", "-x", "-f", image, "-C", tree)
        found = {"/" + os.path.relpath(os.path.join(folder, name), tree): os.path.join(folder, name)
                 for folder, _, files in os.walk(tree) for name in files}  # fmt: skip
        assert set(found) == set(sources), (set(found) ^ set(sources), image)
        for path, source in sources.items():
            if source is not None:
                assert read(found[path]) == read(source), path
        listed = self.run("isoinfo", "-J", "-f", "-i", image, text=False)
        assert len(listed.splitlines()) == len(self.run("isoinfo", "-f", "-i", image).splitlines()), "the trees differ"
        sevenzip = self.run("7z", "l", "-ba", "-slt", image)
        items = re.findall(r"^Path = (.*)\nFolder = (.)", sevenzip, re.MULTILINE)
        paths = {"/" + path for path, folder in items if folder == "-" and not path.startswith("[BOOT]")}
        assert paths == set(sources), paths ^ set(sources)
        self.check_plain(image, len(items) - sum(path.startswith("[BOOT]") for path, _ in items))

    def check_plain(self, image, files):
        """The names that need no Joliet: allowed characters, no two the same, sorted as they must be."""
        listed = self.run("isoinfo", "-f", "-i", image).splitlines()
        assert len(set(listed)) == files, "two names are the same"
        for path in listed:
            assert re.fullmatch(r"(/[A-Z0-9_]{1,8})*/[A-Z0-9_]{1,8}(\.[A-Z0-9_]{0,3};1)?", path), path
        kernel = next(path for path in listed if path.startswith("/KERNEL"))
        assert self.run("isoinfo", "-x", kernel, "-i", image, text=False) == read(self.kernel)

    def ours(self, uefi=True):
        files = {"/kernel.elf": self.kernel, "/stagecoach.conf": None}
        if uefi:
            files["/EFI/BOOT/BOOTX64.EFI"] = None
        return files

    def options(self, names):
        sources = {name: self.file(f"source/{i}", 3000 + i) for i, name in enumerate(names)}
        return sources, [word for name, source in sources.items() for word in ("--file", f"{source}:{name}")]

    # --- cases

    def forms(self):
        for table in ("gpt", "mbr"):
            for fat in ("12", "16"):
                image = self.build_iso("--table", table, "--fat", fat, "--cmdline", "x")
                self.check(image, self.ours())
            image = self.build_iso("--table", table, "--only", "bios", "--cmdline", "x")
            self.check(image, self.ours(uefi=False), ("BIOS",))
            image = self.build_iso("--table", table, "--only", "uefi", "--cmdline", "x")
            self.check(image, self.ours())
            assert b"BOOT-ERR U 1" in read(image)[21 * BLOCK:22 * BLOCK], "no sentence for a BIOS"
        image = self.build_iso("--fat", "32", "--size", "140M", "--partition", f"{self.file('extra', 5000)}:linux:root")
        assert os.path.getsize(image) == 140 * MIB
        self.check(image, self.ours())

    def names(self):
        sources, options = self.options(NAMES)
        empty = self.file("empty", 0)
        image = self.build_iso(*options, "--file", f"{empty}:/Empty File")
        self.check(image, self.ours() | sources | {"/Empty File": empty})
        image = self.build_iso("--file", f"{empty}:/semi;colon.d/a;b;1", "--file", f"{empty}:/semi_colon.txt")
        listed = self.run("isoinfo", "-J", "-f", "-i", image).splitlines()
        assert "/semi_colon.d/a_b_1;1" in listed and all(path.count(";") <= 1 for path in listed), listed
        self.sound(image)

    def many_files(self):
        """Directories of several blocks, and more of them than fit before 1 MiB."""
        sources, options = self.options([f"/many/file number {i}.txt" for i in range(300)])
        self.check(self.build_iso(*options), self.ours() | sources)
        one = self.file("one")
        sources = {f"/long/{'n' * 99}{i:04}": one for i in range(3800)}
        image = self.build_iso(*[word for name in sources for word in ("--file", f"{one}:{name}")])
        assert self.partition(image)[0] > 2 * 2048, "the directories are smaller than they should be"
        self.check(image, self.ours() | sources)

    def large(self):
        """Beyond what a sector count can say; FAT32 beyond 2 GiB; nothing stored twice, holes stay holes."""
        ramdisk = self.sparse("ramdisk", 40 * MIB, (0, 20 * MIB))
        image = self.build_iso("--ramdisk", ramdisk)
        assert self.catalog(image)["UEFI"][0] == 0 and self.partition(image)[1] > 65535
        self.check(image, self.ours() | {"/ramdisk": ramdisk})
        data = read(image)
        assert data.count(read(self.kernel)[:4096]) == 1 and data.count(b"here %15d" % (20 * MIB)) == 1
        assert os.stat(image).st_blocks * 512 < 2 * MIB
        ramdisk = self.sparse("ramdisk", 2500 * MIB, (2400 * MIB,))
        image = self.build_iso("--ramdisk", ramdisk)
        assert os.stat(image).st_blocks * 512 < 8 * MIB
        listed = self.run("isoinfo", "-J", "-l", "-i", image)
        assert re.search(rf"{2500 * MIB} .* ramdisk", listed), listed
        os.unlink(ramdisk)
        os.unlink(image)

    def reproducible(self):
        image = self.build_iso("--cmdline", "x")
        again = self.path("again.iso")
        subprocess.run([self.imgtool, "build-image", "--iso", "-q", self.kernel, "-o", again, "--cmdline", "x"], check=True)
        assert read(image) == read(again)
        self.build_iso("--cmdline", "x")  # over itself, without --force

    def refused(self):
        one, large = self.file("one"), self.path("large")
        with open(large, "wb") as file:
            file.truncate(9 << 40)
        for options, code, text in (
            (["--format", "fat"], 2, "no CD"),
            (["--size", str(20 * MIB + 512)], 2, "multiple of 2048"),
            (["--file", f"{one}:/{'x' * 104}"], 3, "at most 103 characters"),
            (["--file", f"{one}:{'/d' * 8}/x"], 3, "at most 8 levels"),
            (["--size", "5M"], 3, "--size"),
            (["--partition", f"{large}:linux:large"], 3, "8 TiB"),
            (["--file", f"{one}:/x;y", "--file", f"{one}:/x_y"], 3, "the same name"),
        ):
            said = self.build_iso(*options, output="none.iso", expect=code)
            assert text in said and not os.path.exists(self.path("none.iso")), said
        self.build_iso("--file", f"{one}:{'/d' * 7}/x", "--file", f"{one}:/{'x' * 103}")

    def say(self, command, *arguments, expect=0):
        done = subprocess.run([self.imgtool, command, "--json", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert done.returncode == expect, f"{command}: {done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def damage(self):
        """verify finds every damaged structure of the CD, and says which it is; inspect and diff see it."""
        sources, options = self.options(NAMES)
        image = self.build_iso(*options)
        self.sound(image)
        whole = read(image)
        size = self.area_size(whole)
        spots = [(name, 16 * BLOCK + block * BLOCK + at) for block, (name, places) in enumerate(STRUCTURES) for at in places]
        chance, told = random.Random(1), None
        spots += [("ISO directories", chance.randrange(22 * BLOCK, 16 * BLOCK + size)) for _ in range(40)]
        for name, at in spots:
            damaged = self.path("damaged.iso")
            with open(damaged, "wb") as file:
                file.write(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1:])
            findings = self.say("verify", damaged, expect=5)["findings"]
            assert any(f["structure"] == name and f["offset"] // BLOCK == at // BLOCK for f in findings), (name, at, findings)
            if name == told:
                continue
            told = name
            assert self.say("inspect", damaged)["cd"]["problem"]
            differences = self.say("diff", image, damaged, expect=1)["differences"]
            assert [d["what"].startswith(name) for d in differences] == [True], (name, differences)
        cut = self.path("cut.iso")
        with open(cut, "wb") as file:
            file.write(whole[:-BLOCK])
        structures = {finding["structure"] for finding in self.say("verify", cut, expect=5)["findings"]}
        assert "ISO primary descriptor" in structures, structures
        disk = self.path("disk.img")
        subprocess.run([self.imgtool, "build-image", "-q", self.kernel, "-o", disk], check=True)
        assert "cd" not in self.say("inspect", disk)

    def area_size(self, whole):
        """Up to the end of the last directory."""
        end = max(at for at in range(16 * BLOCK, 512 * BLOCK) if whole[at])
        return end // BLOCK * BLOCK + BLOCK - 16 * BLOCK

    def sound(self, image):
        assert self.say("verify", image)["sound"]
        report = self.say("inspect", image)["cd"]
        assert "problem" not in report and report["volume_name"] == "STAGECOACH" and report["joliet"], report
        found = {entry["platform"]: (entry["sectors"], entry["block"]) for entry in report["boot_catalog"]}
        assert found == self.catalog(image), (found, self.catalog(image))
        assert all(entry["bootable"] for entry in report["boot_catalog"])

    def update(self):
        """The CD's directories follow the files, in one piece or in several."""
        big, other, odd = self.file("big", 3 * MIB), self.file("other", 3 * MIB + 5), self.file("odd", 5 * MIB + 777)
        for table in ("gpt", "mbr"):
            image = self.build_iso("--table", table, "--file", f"{big}:/big", "--file", f"{other}:/dir/other")
            before = read(image)
            self.say("update", image, "--remove", "/big", "--cmdline", "other words")
            sources = self.ours() | {"/dir/other": other}
            self.check_updated(image, sources)
            self.say("update", image, "--file", f"{odd}:/a/new/place/Odd name.bin")
            sources["/a/new/place/Odd name.bin"] = odd
            self.check_updated(image, sources)
            records = self.run("isoinfo", "-l", "-i", image).count("ODDNAM")
            assert records > 1, "the file is in one piece: this tests nothing"
            after = read(image)
            with open(image, "r+b") as file:  # as if it had been stopped before the directories
                file.seek(16 * BLOCK)
                file.write(before[16 * BLOCK:self.area_size(before) + 16 * BLOCK])
            assert any(f["structure"] == "ISO directories" for f in self.say("verify", image, expect=5)["findings"])
            self.say("update", image, "--file", f"{odd}:/a/new/place/Odd name.bin")
            assert read(image) == after
            self.say("update", image, "--loader")
            assert read(image) == after

    def loader(self):
        """Both doors of a BIOS get the new stages, which never take the place of any that a door still names."""
        door = slice(21 * BLOCK + 424, 21 * BLOCK + 440)
        for table in ("gpt", "mbr"):
            image = Path(self.build_iso("--table", table))
            self.age_stages(image)
            old = Disk(image)
            report = self.say("update", image, "--loader")
            assert report["bios_loader"] == "replaced", report
            new = Disk(image)
            assert new.stages != old.stages and new.bytes[door] == new.bytes[424:440] != old.bytes[424:440]
            self.check_updated(image, self.ours())
            assert self.say("update", image, "--loader")["bytes_written"] == 0
            # As if it had been stopped between the doors, by an imgtool whose loader is a third one.
            new.write(0, old.bytes[:512])
            new.save()
            assert [f["structure"] for f in self.say("verify", image, expect=5)["findings"]] == ["CD's stage 1"]
            new = Disk(image)
            new.stages = struct.unpack_from("<Q", new.bytes, door.start)[0] * 512
            new.flip(new.stages + 700)
            new.repair_stages()
            new.save()
            self.say("update", image, "--loader")
            last = read(image)
            for stages in (old.stages, new.stages):
                assert last[stages:stages + old.stages_size] == new.bytes[stages:stages + old.stages_size], (table, stages)
            self.check_updated(image, self.ours())

    def age_stages(self, image):
        disk = Disk(image)
        disk.flip(disk.stages + 600)
        disk.repair_stages()
        disk.save()

    def check_updated(self, image, sources):
        self.sound(image)
        self.check_files(image, sources)
        self.check_disk(image)


# What verify calls the blocks from 16 on, and bytes of each that matter.
STRUCTURES = [
    ("ISO primary descriptor", (0, 1, 5, 6, 40, 80, 87, 128, 132, 140, 151, 156, 158, 166, 181, 883)),
    ("El Torito boot record", (0, 1, 6, 7, 29, 71, 74)),
    ("ISO Joliet descriptor", (0, 1, 41, 80, 88, 90, 140, 158, 881)),
    ("ISO descriptors' end", (0, 1, 6)),
    ("El Torito boot catalog", (0, 1, 4, 28, 29, 30, 31, 32, 33, 34, 38, 39, 40, 43, 64, 65, 66, 96, 97, 102, 104, 107, 128, 2047)),
    ("CD's stage 1", (0, 50, 300, 423, 424, 432, 436, 438, 600)),
]

CASES = {"damage": "default", "update": "default", "loader": "default", "forms": "default", "names": "default", "reproducible": "default", "refused": "default", "many_files": "full", "large": "full"}


def main():
    if sys.argv[1:2] == ["list"]:
        for name, label in CASES.items():
            print(label, name)
        return 0
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("case", choices=CASES)
    arguments = parser.parse_args()
    for tool in ("xorriso", "isoinfo", "bsdtar", "7z", "sgdisk", "sfdisk", "fsck.fat"):
        if shutil.which(tool, path=ENVIRONMENT["PATH"]) is None:
            print(f"SKIP: {tool} is missing")
            return 77
    with tempfile.TemporaryDirectory(prefix="stagecoach-iso-") as work:
        discs = Discs(arguments.imgtool, os.path.join(arguments.kernels, "smoke.elf"), None, work)
        getattr(discs, arguments.case)()
    return 0


if __name__ == "__main__":
    sys.exit(main())
