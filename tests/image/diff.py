#!/usr/bin/env python3
"""diff names each field of each structure, with both values: diff.py --imgtool PROGRAM --kernels DIRECTORY FORM

Every field is changed in turn. Where it lies, and what its bytes mean, is said here once more, from the specifications.
"""

import argparse
import json
import struct
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

from disk import SECTOR, Disk

BLOCK = 2048
FORMS = {"gpt": [], "mbr": ["--table", "mbr", "--fat", "16"], "volume": ["--format", "fat", "--fat", "12"],
         "volume-fat32": ["--format", "fat"], "iso": ["--iso"]}  # fmt: skip


def number(data):
    return str(int.from_bytes(data, "little"))


def hexadecimal(data):
    return f"0x{int.from_bytes(data, 'little'):0{2 * len(data)}x}"


def guid(data):
    return str(uuid.UUID(bytes_le=bytes(data)))


def text(data):
    return "'" + "".join(chr(c) if 32 <= c < 127 else "?" for c in bytes(data).rstrip(b" \0")) + "'"


def wide(data):
    return "'" + bytes(data).decode("utf-16-le").rstrip("\0") + "'"


def plain(data):
    return bytes(data).hex()


MBR_ENTRY = [("status", 0, 1, hexadecimal), ("first CHS", 1, 3, plain), ("type", 4, 1, hexadecimal), ("last CHS", 5, 3, plain),
             ("first sector", 8, 4, number), ("sectors", 12, 4, number)]  # fmt: skip
GPT_HEADER = [("signature", 0, 8, text), ("revision", 8, 4, hexadecimal), ("header size", 12, 4, number), ("header CRC", 16, 4, hexadecimal),
              ("own sector", 24, 8, number), ("other header's sector", 32, 8, number), ("first usable sector", 40, 8, number),
              ("last usable sector", 48, 8, number), ("disk GUID", 56, 16, guid), ("first sector of the entries", 72, 8, number),
              ("number of entries", 80, 4, number), ("entry size", 84, 4, number), ("CRC of the entries", 88, 4, hexadecimal)]  # fmt: skip
GPT_ENTRY = [("type", 0, 16, guid), ("GUID", 16, 16, guid), ("first sector", 32, 8, number), ("last sector", 40, 8, number),
             ("attributes", 48, 8, hexadecimal), ("name", 56, 72, wide)]  # fmt: skip
FAT = [("OEM name", 3, 8, text), ("bytes per sector", 11, 2, number), ("sectors per cluster", 13, 1, number),
       ("reserved sectors", 14, 2, number), ("tables", 16, 1, number), ("root entries", 17, 2, number), ("sectors (16 bits)", 19, 2, number),
       ("media", 21, 1, hexadecimal), ("sectors per table (16 bits)", 22, 2, number), ("sectors per track", 24, 2, number),
       ("heads", 26, 2, number), ("hidden sectors", 28, 4, number), ("sectors", 32, 4, number)]  # fmt: skip
FAT16 = [("drive", 36, 1, hexadecimal), ("extended signature", 38, 1, hexadecimal), ("volume id", 39, 4, hexadecimal), ("label", 43, 11, text),
         ("type", 54, 8, text)]  # fmt: skip
FAT32 = [("sectors per table", 36, 4, number), ("flags", 40, 2, hexadecimal), ("version", 42, 2, hexadecimal),
         ("root directory's cluster", 44, 4, number), ("FSInfo sector", 48, 2, number), ("backup boot sector", 50, 2, number),
         ("drive", 64, 1, hexadecimal), ("extended signature", 66, 1, hexadecimal), ("volume id", 67, 4, hexadecimal),
         ("label", 71, 11, text), ("type", 82, 8, text)]  # fmt: skip
# What makes the volume another one: then there are no fields to be compared.
FAT_IDENTITY = {"bytes per sector", "sectors per cluster", "reserved sectors", "tables", "root entries", "sectors (16 bits)", "sectors",
                "sectors per table (16 bits)", "sectors per table", "root directory's cluster", "version", "FSInfo sector", "backup boot sector",
                "flags", "media"}  # fmt: skip
INFO = [("lead signature", 0, 4, text), ("structure signature", 484, 4, text), ("free clusters", 488, 4, number),
        ("next free cluster", 492, 4, number), ("trail signature", 508, 4, hexadecimal)]  # fmt: skip
STAGE1 = [("first sector of the stages", 0, 8, number), ("image number", 8, 4, hexadecimal), ("sectors of the stages", 12, 2, number),
          ("sectors of the overlay", 14, 2, number)]  # fmt: skip
STAGES = [("image number", 8, 4, hexadecimal), ("size", 12, 4, number), ("sum", 16, 4, hexadecimal), ("format", 20, 4, number),
          ("packed size", 32, 4, number), ("packed size of the overlay", 36, 4, number), ("size of the overlay", 40, 4, number),
          ("sum of the overlay", 44, 4, hexadecimal)]  # fmt: skip
VALIDATION = [("header", 0, 1, hexadecimal), ("platform", 1, 1, hexadecimal), ("name", 4, 24, text), ("checksum", 28, 2, hexadecimal),
              ("key", 30, 2, hexadecimal)]  # fmt: skip
SECTION = [("platform", 1, 1, hexadecimal), ("entries", 2, 2, number), ("name", 4, 28, text)]
ENTRY = [("bootable", 0, 1, hexadecimal), ("emulation", 1, 1, hexadecimal), ("load segment", 2, 2, hexadecimal), ("system type", 4, 1, hexadecimal),
         ("sectors", 6, 2, number), ("first block", 8, 4, number)]  # fmt: skip


def structures(form, disk):
    """(name, offset, fields) of all that the image has."""
    yield "stage 1's data", 424, STAGE1
    # Stages of another image are none; else the header's number differs along with stage 1's.
    yield "BIOS stages' header", disk.stages, [field for field in STAGES if field[0] != "image number"]
    wide_fat = form in ("gpt", "volume-fat32")
    yield "FAT boot sector", disk.volume, FAT + (FAT32 if wide_fat else FAT16)
    if wide_fat:
        yield "FSInfo", disk.volume + SECTOR, INFO
        yield "FAT backup boot sector", disk.volume + 6 * SECTOR, FAT + FAT32
    if not form.startswith("volume"):
        yield "MBR", 0, [("disk signature", 440, 4, hexadecimal)]
        for slot in range(4):
            yield f"MBR entry {slot + 1}", 446 + 16 * slot, MBR_ENTRY
    if disk.gpt:
        yield "primary GPT header", SECTOR, GPT_HEADER
        yield "backup GPT header", disk.last, GPT_HEADER
        for entry in (0, 1, 127):
            yield f"primary GPT entry {entry + 1}", 2 * SECTOR + 128 * entry, GPT_ENTRY
            yield f"backup GPT entry {entry + 1}", disk.last - 32 * SECTOR + 128 * entry, GPT_ENTRY
    if form == "iso":
        yield "CD's stage 1's data", 21 * BLOCK + 424, STAGE1
        for record, fields in enumerate((VALIDATION, ENTRY, SECTION, ENTRY)):
            yield f"El Torito boot catalog, record {record}", 20 * BLOCK + 32 * record, fields


def differences(imgtool, *images):
    done = subprocess.run([imgtool, "diff", "--json", *images], capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["same"] else 1), done
    lines = subprocess.run([imgtool, "diff", *images], capture_output=True, text=True, check=False).stdout.splitlines()
    assert lines == [f"{one['what']}: {one['text']}" for one in report["differences"]], (lines, report)
    return report["differences"]


def check(imgtool, fresh, disk, what, field, at, data):
    """`data` instead of what is at `at`."""
    name, offset, size, meaning = field
    disk.reset()
    disk.write(at + offset, data)
    disk.save()
    before = disk.fresh[at + offset : at + offset + size]
    wanted = {"what": what, "field": name, "first": meaning(before), "second": meaning(data)}
    wanted["text"] = f"{name}: {wanted['first']} and {wanted['second']}"
    found = differences(imgtool, fresh, disk.path)
    if what == "FAT boot sector" and name in FAT_IDENTITY and wanted not in found:
        assert any(one["what"] == "boot volume" for one in found), (wanted, found)
        return 0
    assert wanted in found, (wanted, found)
    return 1


def other_value(field, before):
    """One that differs in the first byte only, and stays readable as text."""
    _, _, _, meaning = field
    return bytes([before[0] ^ 1]) + before[1:] if meaning is not wide else struct.pack("<H", 0x58) + before[2:]


def main():
    parser = argparse.ArgumentParser()
    for option in ("--imgtool", "--kernels"):
        parser.add_argument(option, required=True)
    parser.add_argument("form", choices=FORMS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stagecoach-diff-") as name:
        fresh, image = Path(name) / "fresh.img", Path(name) / "disk.img"
        subprocess.run([arguments.imgtool, "build-image", "-q", "-o", fresh, *FORMS[arguments.form], Path(arguments.kernels) / "smoke.elf"],
                       check=True)  # fmt: skip
        image.write_bytes(fresh.read_bytes())
        disk, named = Disk(image), 0
        assert differences(arguments.imgtool, fresh, image) == []
        for what, at, fields in structures(arguments.form, disk):
            for field in fields:
                before = disk.fresh[at + field[1] : at + field[1] + field[2]]
                named += check(arguments.imgtool, fresh, disk, what, field, at, other_value(field, before))
        disk.reset()
        disk.write(disk.stages + 8, b"\x01\x02\x03\x04")  # another image's number, in both places
        disk.write(432, b"\x01\x02\x03\x04")
        disk.save()
        found = {(one["what"], one.get("field"), one.get("second")) for one in differences(arguments.imgtool, fresh, image)}
        assert {(part, "image number", "0x04030201") for part in ("stage 1's data", "BIOS stages' header")} <= found, found
    print(f"{named} fields named")
    return 0


if __name__ == "__main__":
    sys.exit(main())
