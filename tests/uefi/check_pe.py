#!/usr/bin/env python3
"""check_pe.py FILE LIMIT: is it a UEFI application that strict firmware runs, and the same on every day?

Reads the PE file on its own, without the tool that made it.
"""
import struct
import subprocess
import sys

PAGE = 4096
EXECUTE, READ, WRITE = 0x20000000, 0x40000000, 0x80000000
RIGHTS = {".text": READ | EXECUTE, ".rodata": READ, ".dynamic": READ | WRITE, ".rela": READ, ".reloc": READ,
          ".data": READ | WRITE, ".bss": READ | WRITE}


def sections(data, header):
    count, = struct.unpack_from("<H", data, header + 6)
    optional_size, = struct.unpack_from("<H", data, header + 20)
    for i in range(count):
        at = header + 24 + optional_size + 40 * i
        name = data[at:at + 8].rstrip(b"\0").decode()
        size, address, raw_size, raw_offset = struct.unpack_from("<IIII", data, at + 8)
        flags, = struct.unpack_from("<I", data, at + 36)
        yield name, size, address, raw_size, raw_offset, flags


def problems(data, limit):
    header, = struct.unpack_from("<I", data, 60)
    optional = header + 24
    machine, = struct.unpack_from("<H", data, header + 4)
    timestamp, = struct.unpack_from("<I", data, header + 8)
    characteristics, = struct.unpack_from("<H", data, header + 22)
    image_size, headers_size, _, subsystem, dll = struct.unpack_from("<IIIHH", data, optional + 56)
    relocations, = struct.unpack_from("<I", data, optional + 112 + 5 * 8)
    expected = {
        "signature": (data[header:header + 4], b"PE\0\0"),
        "machine": (machine, 0x8664),
        "timestamp": (timestamp, 0),
        "relocations stripped": (characteristics & 1, 0),
        "subsystem": (subsystem, 10),
        "NX_COMPAT": (dll & 0x100, 0x100),
        "DYNAMIC_BASE": (dll & 0x40, 0x40),
        "has relocations": (relocations != 0, True),
        "is within its limit": (len(data) <= limit, True),
    }
    for what, (found, wanted) in expected.items():
        if found != wanted:
            yield f"{what}: {found!r} instead of {wanted!r}"
    end = headers_size
    for name, size, address, raw_size, raw_offset, flags in sections(data, header):
        if flags & (EXECUTE | READ | WRITE) != RIGHTS.get(name):
            yield f"{name}: rights {flags:#x}"
        if address % PAGE or address < end:
            yield f"{name}: at {address:#x}, the section before ends at {end:#x}"
        if raw_offset + raw_size > len(data):
            yield f"{name}: lies outside the file"
        end = address + size
    if image_size < end:
        yield f"image size {image_size:#x} is less than {end:#x}"


def main():
    path, limit = sys.argv[1], int(sys.argv[2])
    with open(path, "rb") as file:
        data = file.read()
    found = list(problems(data, limit))
    dump = subprocess.run(["objdump", "-p", path], capture_output=True, text=True, check=False)
    if dump.returncode != 0 or "NX_COMPAT" not in dump.stdout or "(EFI application)" not in dump.stdout:
        found.append("objdump doesn't see an EFI application with NX_COMPAT")
    for problem in found:
        print(f"{path}: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
