"""Moves a file of imgtool build-direct to another address, as a starter does that relocates: everything that names an address
is changed, and nothing else."""

import struct

SEGMENTS, SEGMENT_SIZE, SEGMENT_COUNT = 64, 56, 2
MULTIBOOT1 = 200
PHYS32_ENTRY = b"\x04\0\0\0\x08\0\0\0\x12\0\0\0Xen\0"
RELOCATABLE = struct.pack("<HHI", 10, 1, 24)


def add(data, offset, kind, delta):
    (value,) = struct.unpack_from(kind, data, offset)
    struct.pack_into(kind, data, offset, value + delta)


def loader_size(data):
    """Bytes before the archive: struct direct_header, bios/direct/direct_format.h."""
    return struct.unpack_from("<I", data, 176 + 12)[0]


def move(path, delta):
    data = bytearray(path.read_bytes())
    add(data, 24, "<Q", delta)  # e_entry
    for number in range(SEGMENT_COUNT):
        for field in (16, 24):  # p_vaddr, p_paddr
            add(data, SEGMENTS + SEGMENT_SIZE * number + field, "<Q", delta)
    for field in (12, 16, 20, 24, 28):  # the five addresses
        add(data, MULTIBOOT1 + field, "<I", delta)
    add(data, data.index(PHYS32_ENTRY) + len(PHYS32_ENTRY), "<Q", delta)
    path.write_bytes(data)


def prefer(path, preference):
    """GRUB's choice of place: 0 none, 1 low, 2 high."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(RELOCATABLE) + 20, preference)
    path.write_bytes(data)
