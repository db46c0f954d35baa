#!/usr/bin/env python3
"""Makes the seeds corpus/fat/*, corpus/directories/*, corpus/iso/* and corpus/partition/* anew, with the tools that everybody uses (dosfstools,
mtools, xorriso, gdisk, fdisk), in the form that sparse_disk.h describes. The seeds are kept in the tree; run this to change them."""
import os
import struct
import subprocess
import sys
import tempfile

DISK_SIZE = 64 << 20
HERE = os.path.dirname(os.path.abspath(__file__))


def pieces(image, selector):
    """The sectors of an image that are not zero, neighbours in one piece."""
    out, run_start, run = bytes([selector]), 0, b""

    def flush():
        return struct.pack("<IH", run_start, len(run)) + run if run else b""

    for sector in range(len(image) // 512):
        data = image[sector * 512:(sector + 1) * 512]
        if any(data):
            if not run:
                run_start = sector
            run += data
        if run and (not any(data) or len(run) >= 32768):
            out, run = out + flush(), b""
    return out + flush()


def tool(*command, text=None):
    subprocess.run(command, check=True, input=text, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, "SOURCE_DATE_EPOCH": "315532800", "MTOOLS_SKIP_CHECK": "1"})


def write(folder, name, content):
    os.makedirs(os.path.join(HERE, "corpus", folder), exist_ok=True)
    with open(os.path.join(HERE, "corpus", folder, name), "wb") as file:
        file.write(content)
    print(f"{folder}/{name}: {len(content)} bytes")


def iso_seed(work, name, *boot):
    """A CD of xorriso's: its first blocks are the descriptors and the catalog."""
    folder, image = os.path.join(work, name), os.path.join(work, name + ".iso")
    os.makedirs(folder)
    for file_name in ("bios.bin", "efi.img"):
        with open(os.path.join(folder, file_name), "wb") as file:
            file.write(b"boot " * 800)
    tool("xorriso", "-as", "mkisofs", "-J", "-V", "SEED", "-o", image, *boot, folder)
    with open(image, "rb") as file:
        write("iso", name, pieces(file.read(48 * 2048), 0))


def fat_seed(work, name, bits, kib, cluster):
    image, small, text = (os.path.join(work, part) for part in (name, "small", "text"))
    with open(text, "wb") as file:
        file.write(b"text " * 300)
    with open(small, "wb") as file:
        file.write(b"x")
    tool("mkfs.fat", "-F", str(bits), "-s", str(cluster), "-i", "12345678", "-C", image, str(kib))
    tool("mmd", "-i", image, "::boot", "::boot/A directory with a long name")
    for source, target in ((text, "first.bin"), (small, "boot/K.ELF"), (text, "boot/Kernel with a long name.elf"),
                           (small, "lower.txt"), (text, "boot/A directory with a long name/x")):
        tool("mcopy", "-i", image, source, "::" + target)
    tool("mdel", "-i", image, "::first.bin")
    tool("mcopy", "-i", image, text, "::fragmented.bin")
    with open(image, "rb") as file:
        write("fat", name, pieces(file.read(), 0))


def directories_seed(work, name, bits, kib, names):
    """A tree with a directory of several clusters in it, and one that is deep."""
    image, text = (os.path.join(work, part) for part in (name, "text"))
    with open(text, "wb") as file:
        file.write(b"text")
    tool("mkfs.fat", "-F", str(bits), "-s", "1", "-i", "12345678", "-C", image, str(kib))
    tool("mmd", "-i", image, "::etc", "::etc/many", "::deep", "::deep/er", "::deep/er/still")
    for target in names + ["etc/many/a long name of an only file", "deep/er/still/x", "KERNEL.ELF", "STAGEC~1.CON"]:
        tool("mcopy", "-i", image, text, "::" + target)
    tool("mdel", "-i", image, "::" + names[1])
    tool("mattrib", "-i", image, "+r", "+s", "+h", "::KERNEL.ELF")
    with open(image, "rb") as file:
        write("directories", name, pieces(file.read(), 0))


def table_seed(work, name, *commands):
    image = os.path.join(work, name)
    with open(image, "wb") as file:
        file.truncate(DISK_SIZE)
    for command in commands:
        script = command[-1] if command[0] == "sfdisk" else None
        tool(*(command[:-1] if script else command), image, text=script)
    with open(image, "rb") as file:
        write("partition", name, pieces(file.read(), 0))


def main():
    with tempfile.TemporaryDirectory() as work:
        fat_seed(work, "fat12", 12, 256, 1)
        fat_seed(work, "fat16", 16, 4096, 1)
        fat_seed(work, "fat32", 32, 40000, 1)
        directories_seed(work, "wide12", 12, 256, [f"etc/many/{i:02}" for i in range(24)])
        directories_seed(work, "wide16", 16, 4096, [f"root file with a long name {i}" for i in range(5)])
        directories_seed(work, "wide32", 32, 40000, [f"a long name in the root {i}" for i in range(7)])
        iso_seed(work, "bios", "-b", "bios.bin", "-no-emul-boot", "-boot-load-size", "4")
        iso_seed(work, "both", "-b", "bios.bin", "-no-emul-boot", "-eltorito-alt-boot", "-e", "efi.img", "-no-emul-boot")
        iso_seed(work, "plain")
        gpt = ("sgdisk", "-U", "11111111-2222-4333-8444-555555555555", "-n", "1:2048:4095", "-t", "1:ef02", "-n", "2:4096:0",
               "-t", "2:ef00", "-u", "1:R", "-u", "2:R")
        table_seed(work, "gpt", gpt)
        table_seed(work, "hybrid", gpt, ("sgdisk", "-h", "2"))
        table_seed(work, "mbr", ("sfdisk", "label: dos\nlabel-id: 0x12345678\nstart=2048, size=4096, type=ef, bootable\n"
                                           "start=8192, type=5\nstart=10240, size=2048, type=c\nsize=2048, type=83\n"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
