#!/usr/bin/env python3
"""Makes the seeds corpus/starter/*, corpus/cpio/* and corpus/settings/* anew, the archives with the usual cpio. The seeds are
kept in the tree; run this to change them."""
import os
import struct
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = 0x1000


def write(folder, name, content):
    os.makedirs(os.path.join(HERE, "corpus", folder), exist_ok=True)
    with open(os.path.join(HERE, "corpus", folder, name), "wb") as file:
        file.write(content)


def place(memory, at, data):
    memory[at : at + len(data)] = data


def multiboot1():
    memory = bytearray(0x200)
    place(memory, 0, struct.pack("<IIII", 0x124D, 639, 65536, 0))
    place(memory, 16, struct.pack("<III", BASE + 0x80, 1, BASE + 0xA0))
    place(memory, 44, struct.pack("<II", 24, BASE + 0xC0))
    place(memory, 64, struct.pack("<I", BASE + 0xE0))
    place(memory, 88, struct.pack("<QIIIBB6B", 0xE0000000, 4096, 1024, 768, 32, 1, 16, 8, 8, 8, 0, 8))
    place(memory, 0x80, b"os.elf quiet\0")
    place(memory, 0xA0, struct.pack("<IIII", 0x400000, 0x500000, BASE + 0x100, 0))
    place(memory, 0xC0, struct.pack("<IQQI", 20, 0x100000, 0x7F00000, 1))
    place(memory, 0xE0, b"qemu\0")
    place(memory, 0x100, b"kernel.elf kernel\0")
    return b"\0" + memory


def tag(kind, body):
    return struct.pack("<II", kind, 8 + len(body)) + body + bytes(-len(body) % 8)


def multiboot2():
    tags = [
        tag(1, b"quiet\0"), tag(2, b"GRUB 2.06\0"), tag(3, struct.pack("<II", 0x400000, 0x500000) + b"kernel\0"),
        tag(4, struct.pack("<II", 639, 65536)), tag(6, struct.pack("<IIQQII", 24, 0, 0x100000, 0x7F00000, 1, 0)),
        tag(8, struct.pack("<QIIIBBH6B", 0xE0000000, 4096, 1024, 768, 32, 1, 0, 16, 8, 8, 8, 0, 8)),
        tag(12, struct.pack("<Q", 0x7000000)), tag(15, b"RSD PTR " + bytes(28)),
        tag(17, struct.pack("<IIIIQQQQ", 40, 1, 7, 0, 0x100000, 0, 16, 8)), tag(0, b""),
    ]  # fmt: skip
    body = b"".join(tags)
    return b"\1" + struct.pack("<II", 8 + len(body), 0) + body


def start_info():
    memory = bytearray(0x140)
    place(memory, 0, struct.pack("<IIIIQQQQII", 0x336EC578, 1, 0, 1, BASE + 0x40, BASE + 0x80, 0xF5A40, BASE + 0xA0, 2, 0))
    place(memory, 0x40, struct.pack("<QQQQ", 0x400000, 0x1000, BASE + 0x90, 0))
    place(memory, 0x80, b"quiet\0")
    place(memory, 0x90, b"kernel\0")
    place(memory, 0xA0, struct.pack("<QQII", 0, 0x9FC00, 1, 0) + struct.pack("<QQII", 0x100000, 0x7F00000, 1, 0))
    return b"\2" + memory


def archive(names):
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(f"content of {name}")
            os.utime(path, (0, 0))
        return subprocess.run(["cpio", "-o", "-H", "newc", "--reproducible", "--quiet"], cwd=folder,
                              input="\n".join(names).encode(), check=True, stdout=subprocess.PIPE).stdout  # fmt: skip


def main():
    write("starter", "multiboot1", multiboot1())
    write("starter", "multiboot2", multiboot2())
    write("starter", "pvh", start_info())
    write("cpio", "kernel", archive(["kernel", "ramdisk", "config"]))
    write("cpio", "paths", archive(["stagecoach.conf", "boot/kernel.elf", "modules/one"]))
    write("settings", "plain", b"\0quiet\nkernel /k\nramdisk /r\ncmdline x\n")
    write("settings", "outside", b"\3quiet\n\xef\xbb\xbfkernel /k\r\nmodule /m m\n")


if __name__ == "__main__":
    main()
