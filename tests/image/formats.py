#!/usr/bin/env python3
"""Images of every form, taken apart byte by byte and judged by sgdisk, sfdisk, fsck.fat and mdir; what inspect, verify and diff
say of them.   formats.py --imgtool PROGRAM --kernels DIRECTORY"""

import argparse
import json
import os
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import uuid

sys.dont_write_bytecode = True
from image_judge import Judge  # noqa: E402

SECTOR = 512
LINUX = "0fc63daf-8483-4772-8e79-3d69d8477de4"
ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
DATA = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
BIOS_BOOT = "21686148-6449-6e6f-744e-656564454649"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def mbr_entries(image):
    """(status, type, first, count) of the four."""
    return [struct.unpack_from("<B3xB3xII", image, 446 + 16 * i) for i in range(4)]


def gpt_entries(image):
    """(type, guid, first, last, name) of those in use."""
    entries = []
    for i in range(128):
        kind, own, first, last, _, name = struct.unpack_from("<16s16sQQQ72s", image, 1024 + 128 * i)
        if any(kind):
            entries.append((str(uuid.UUID(bytes_le=kind)), own, first, last, name.decode("utf-16-le").rstrip("\0")))
    return entries


class Forms(Judge):
    def say(self, command, *arguments, expect=0):
        done = subprocess.run([self.imgtool, command, "--json", *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert done.returncode == expect, f"{command}: {done.returncode}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def sound(self, image, bios, uefi):
        report = self.say("verify", image)
        assert report["sound"], report
        report = self.say("inspect", image)
        assert (report["bios"]["boots"], report["uefi"]["boots"]) == (bios, uefi), (report["bios"], report["uefi"])
        for firmware, boots in (("bios", bios), ("uefi", uefi)):
            assert boots or "only" in report[firmware]["problem"], report[firmware]
        return report

    def volume_at(self, image, offset, size, uefi):
        copy = self.path("volume")
        with open(copy, "wb") as file:
            file.write(read(image)[offset:offset + size])
        self.run("fsck.fat", "-n", copy)
        listed = self.run("mdir", "-/", "-b", "-i", copy, "::/")
        assert "::/kernel.elf" in listed, listed
        assert ("BOOTX64.EFI" in listed) == uefi, listed
        assert self.run("mtype", "-i", copy, "::/kernel.elf", text=False) == read(self.kernel)

    def only_bios(self):
        for bits, kind in (("12", 0x01), ("16", 0x0E), ("32", 0x0C)):
            image = self.build("--only", "bios", "--fat", bits)
            entries = mbr_entries(read(image))
            assert entries[0][:2] == (0x80, kind) and [e[1] for e in entries[1:]] == [0, 0, 0], entries
            self.check_sfdisk(image)
            self.volume_at(image, entries[0][2] * SECTOR, entries[0][3] * SECTOR, False)
            assert self.sound(image, True, False)["table"] == "mbr"
        image = self.build("--only", "bios", "--table", "gpt")
        assert [entry[0] for entry in gpt_entries(read(image))] == [BIOS_BOOT, DATA]
        assert "No problems found" in self.run("sgdisk", "-v", image)
        assert self.sound(image, True, False)["table"] == "gpt"
        self.refused_after(image, 0, bytes(440), "stage 1")

    def only_uefi(self):
        image = self.build("--only", "uefi")
        (entry,) = gpt_entries(read(image))
        assert entry[0] == ESP and entry[2] == 2048, entry
        assert "No problems found" in self.run("sgdisk", "-v", image)
        self.volume_at(image, entry[2] * SECTOR, (entry[3] + 1 - entry[2]) * SECTOR, True)
        assert self.sound(image, False, True)["table"] == "gpt"
        bios = self.build("--only", "bios", output="bios.img")
        assert read(bios)[0x200:0x208] == b"STGCSTGS" and b"STGCSTGS" not in read(image), "the stages are there"
        self.build("--only", "uefi")  # it is known for one of ours: no --force
        image = self.build("--only", "uefi", "--table", "mbr")
        assert [entry[1] for entry in mbr_entries(read(image))] == [0xEF, 0, 0, 0]
        self.check_sfdisk(image)
        self.sound(image, False, True)

    def bare_volume(self):
        for bits in ("12", "16", "32"):
            for only, bios, uefi in ((None, True, True), ("bios", True, False), ("uefi", False, True)):
                options = ["--format", "fat", "--fat", bits] + (["--only", only] if only else [])
                image = self.build(*options, output="volume.img")
                self.build(*options, output="volume.img")  # over itself, without --force
                data = read(image)
                assert data[510:512] == b"\x55\xaa" and data[446:510] == bytes(64), "has a partition table"
                assert struct.unpack_from("<I", data, 28)[0] == 0, "hidden sectors"
                assert (b"STGCSTGS" in data[8 * SECTOR:9 * SECTOR]) == bios
                self.volume_at(image, 0, len(data), uefi)
                assert self.sound(image, bios, uefi)["table"] == "none"
        exact = self.build("--format", "fat", "--size", "40000K")
        assert os.path.getsize(exact) == 40000 << 10
        self.sound(exact, True, True)
        self.refused_after(exact, 8 * SECTOR + 5000, b"damaged", "stages")
        self.refused_after(exact, 424, struct.pack("<Q", 70000), "stage 1")  # among the files

    def partitions(self):
        odd, even = self.file("odd.bin", 100001), self.file("even.bin", 3 << 20)
        options = ["--partition", f"{odd}:linux:W\u00fcrzel \U0001f600", "--partition", f"{even}:{LINUX.upper()}:",
                   "--partition", f"{odd}:esp"]  # fmt: skip
        options += ["--fat", "16"]
        image = self.build(*options)
        data, entries = read(image), gpt_entries(read(image))
        assert [(e[0], e[4]) for e in entries[2:]] == [(LINUX, "W\u00fcrzel \U0001f600"), (LINUX, ""), (ESP, "")], entries
        assert len({entry[1] for entry in entries}) == 5, "GUIDs repeat"
        assert "No problems found" in self.run("sgdisk", "-v", image)
        self.check_bytes(data, [(e[2], e[3] + 1 - e[2]) for e in entries[2:]], [odd, even, odd])
        listed = json.loads(self.run("sfdisk", "--json", image))["partitiontable"]["partitions"]
        assert [p["size"] for p in listed][2:] == [196, 6144, 196], listed
        report = self.sound(image, True, True)
        assert [p["type"] for p in report["partitions"]] == ["BIOS boot", "EFI system", "linux", "linux", "EFI system"]
        assert read(self.build(*options, output="again.img")) == data, "not the same bytes"
        self.differ(image, entries[3][2] * SECTOR + 77, "partition 4")

        image = self.build("--table", "mbr", "--partition", f"{odd}:linux", "--partition", f"{even}:0x0b",
                           "--partition", f"{odd}:linux-swap")  # fmt: skip
        entries = mbr_entries(read(image))
        assert [entry[:2] for entry in entries] == [(0x80, 0xEF), (0, 0x83), (0, 0x0B), (0, 0x82)], entries
        self.check_sfdisk(image)
        self.check_bytes(read(image), [entry[2:] for entry in entries[1:]], [odd, even, odd])
        self.sound(image, True, True)
        image = self.build("--size", "64M", *options)
        assert os.path.getsize(image) == 64 << 20
        self.sound(image, True, True)
        many = [part for _ in range(126) for part in ("--partition", f"{odd}:linux-swap:x")]
        image = self.build("--fat", "12", *many)
        assert len(gpt_entries(read(image))) == 128 and "No problems found" in self.run("sgdisk", "-v", image)
        self.build(*many, "--partition", f"{odd}:linux:x", expect=2)

    def partitions_refused(self):
        odd, empty, volume = self.file("odd.bin", 5), self.file("empty", 0), self.path("volume.img")
        for word in (odd, f"{odd}:", f":{odd}", f"{odd}:unix:x", f"{odd}:0x83:x", f"{odd}:0fc63daf:x", f"{odd}:linux:{'n' * 37}",
                     f"{odd}:linux:a\tb", f"{odd}:{uuid.UUID(int=0)}:x"):
            self.build("--partition", word, expect=2)
        for word in (f"{odd}:linux:name", f"{odd}:0x00", f"{odd}:0xee", f"{odd}:0x05", f"{odd}:0x100", f"{odd}:0x", f"{odd}:bios-boot",
                     f"{odd}:{LINUX}"):
            self.build("--table", "mbr", "--partition", word, expect=2)
        self.build("--table", "mbr", *["--partition", f"{odd}:linux"] * 4, expect=2)
        assert "is empty" in self.build("--partition", f"{empty}:linux:x", expect=3)
        assert "No such file" in self.build("--partition", f"{odd}.none:linux:x", expect=4)
        assert "is the input" in self.build("--partition", f"{odd}:linux:x", "--force", output="odd.bin", expect=6)
        for options in (("--format", "fat", "--table", "gpt"), ("--format", "fat", "--partition", f"{odd}:linux"),
                        ("--format", "iso"), ("--only", "both"), ("--pmbr-slot", "5"), ("--pmbr-slot", "-1"),
                        ("--pmbr-active", "maybe"), ("--table", "mbr", "--pmbr-slot", "2"),
                        ("--format", "fat", "--pmbr-active", "on"), ("--only", "bios", "--pmbr-slot", "1")):
            self.build(*options, expect=2)
        self.build("--format", "fat", "--fat", "16", output="volume.img")
        said = self.build("--only", "bios", "--table", "gpt", "--partition", f"{volume}:esp:x", expect=5, output="none.img")
        assert "partition 3 for the boot volume" in said and not os.path.exists(self.path("none.img")), said

    def protective(self):
        for slot in (None, 1, 2, 3, 4):
            for active in (None, "on", "off"):
                options = (["--pmbr-slot", str(slot)] if slot else []) + (["--pmbr-active", active] if active else [])
                image = self.build("--fat", "12", *options)
                for i, (status, kind, first, count) in enumerate(mbr_entries(read(image))):
                    if i + 1 != (slot or 1):
                        assert kind == 0
                        continue
                    size = os.path.getsize(image) // SECTOR - 1
                    assert (status, kind, first, count) == (0 if active == "off" else 0x80, 0xEE, 1, size)
                assert "No problems found" in self.run("sgdisk", "-v", image)
                self.sound(image, True, True)

    # --- helpers

    def check_sfdisk(self, image):
        said = self.run("sfdisk", "--verify", image)
        assert "No errors detected" in said, said

    def check_bytes(self, data, extents, sources):
        for (first, count), source in zip(extents, sources, strict=True):
            bytes_of = read(source)
            assert count == -(-len(bytes_of) // SECTOR) and first % 2048 == 0, (first, count, source)
            expected = bytes_of.ljust(count * SECTOR, b"\0")
            assert data[first * SECTOR:(first + count) * SECTOR] == expected, source

    def refused_after(self, image, offset, data, structure):
        damaged = self.path("damaged.img")
        content = bytearray(read(image))
        content[offset:offset + len(data)] = data
        with open(damaged, "wb") as file:
            file.write(content)
        findings = self.say("verify", damaged, expect=5)["findings"]
        assert findings[0]["structure"] == structure, findings

    def differ(self, image, offset, what):
        other = self.path("other.img")
        content = bytearray(read(image))
        content[offset] ^= 1
        with open(other, "wb") as file:
            file.write(content)
        report = self.say("diff", image, other, expect=1)
        assert [difference["what"] for difference in report["differences"]] == [what], report
        assert self.say("diff", image, image)["same"]


    def inputs(self):
        """Files by any name; what is no file. The line that is to be called next is what a shell takes."""
        name = "it's a \"kernel\" \u00fc.elf"
        shutil.copyfile(self.kernel, self.path(name))
        done = subprocess.run([self.imgtool, "build-image", name], cwd=self.work, check=True, capture_output=True, text=True)
        next_line = done.stdout.splitlines()[-1].removeprefix("next: ")
        assert shlex.split(next_line) == ["imgtool", "run", name.replace(".elf", ".img")], next_line
        assert os.path.exists(self.path(shlex.split(next_line)[-1]))
        shutil.copyfile(self.kernel, self.path("-k.elf"))
        for command, option in (("build-image", []), ("build-direct", ["-o", "-k.os"])):
            done = subprocess.run([self.imgtool, command, *option, "--", "-k.elf"], cwd=self.work, check=True, capture_output=True, text=True)
            words = shlex.split(done.stdout.splitlines()[-1].removeprefix("next: "))
            assert words[-1].startswith("./-k.") and os.path.exists(self.path(words[-1])), words
        done = subprocess.run([self.imgtool, "explain", self.kernel, "--memory", "/dev/zero"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        assert done.returncode == 3 and "no memory map" in done.stderr, done
        os.mkfifo(self.path("pipe"))
        for what, is_what in ((self.work, "a directory"), (self.path("pipe"), "a pipe"), ("/dev/null", "a device")):
            for words in ([what], [self.kernel, "--ramdisk", what], [self.kernel, "--file", f"{what}:/x"]):
                done = subprocess.run([self.imgtool, "build-image", *words, "-o", self.path("none.img")], check=False,
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)  # fmt: skip
                assert done.returncode == 3 and f"{what}: is {is_what}" in done.stderr, (words, done)
                assert not os.path.exists(self.path("none.img"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stagecoach-formats-") as work:
        forms = Forms(arguments.imgtool, os.path.join(arguments.kernels, "smoke.elf"), None, work)
        for check in (forms.only_bios, forms.only_uefi, forms.bare_volume, forms.partitions, forms.partitions_refused,
                      forms.protective, forms.inputs):
            check()
            print(f"{check.__name__}: good")
    return 0


if __name__ == "__main__":
    sys.exit(main())
