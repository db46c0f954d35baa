"""Boot entries in OVMF's variables, as a machine keeps them: EDK2's MdeModulePkg/Include/Guid/VariableFormat.h, UEFI 2.10, 3.1.3."""

import struct
import uuid
from pathlib import Path

import machine

SECTOR = 512
STORE = 0x48  # behind the header of the firmware volume
STORE_HEADER = 28
STORE_GUID = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792").bytes_le
GLOBAL_VARIABLE = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c").bytes_le
ADDED = 0x3F
ALIVE_IN_ALL_PHASES = 7  # non-volatile, for boot services, at run time
BOOT_NUMBER = 0x42
SHELL = [uuid.UUID(text).bytes_le for text in ("7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1", "7c04a583-9e3e-4f1c-ad65-e05268d0b4d1")]


def wide(text):
    return text.encode("utf-16-le") + b"\0\0"


def variable(name, data):
    record = struct.pack("<HBBIQ16xIII", 0x55AA, ADDED, 0, ALIVE_IN_ALL_PHASES, 0, 0, len(wide(name)), len(data))
    record += GLOBAL_VARIABLE + wide(name) + data
    return record + b"\xff" * (-len(record) % 4)


def node(kind, subkind, data):
    return struct.pack("<BBH", kind, subkind, 4 + len(data)) + data


def path_to(image, file):
    """The short path of a file on the boot partition: which one its GUID says, wherever the disk is."""
    entries = image.read(2 * SECTOR, 128 * 128)
    start = image.volume() // SECTOR
    for number in range(128):
        entry = entries[number * 128 : (number + 1) * 128]
        first, last = struct.unpack_from("<QQ", entry, 32)
        if first == start and any(entry[:16]):
            disk = struct.pack("<IQQ", number + 1, first, last - first + 1) + entry[16:32] + b"\x02\x02"
            return node(4, 1, disk) + node(4, 4, wide(file)) + node(0x7F, 0xFF, b"")
    raise ValueError("no boot partition")


def path_to_shell():
    """That of the shell inside OVMF: its firmware volume, its file there."""
    return node(4, 7, SHELL[0]) + node(4, 6, SHELL[1]) + node(0x7F, 0xFF, b"")


def write(target, path, options=b""):
    """OVMF's variables with an entry that is to be started next, once."""
    entry = struct.pack("<IH", 1, len(path)) + wide("an entry") + path + options
    data = bytearray(Path(machine.need(machine.OVMF_VARS, "ovmf")).read_bytes())
    assert data[STORE : STORE + 16] == STORE_GUID, "OVMF keeps its variables otherwise"
    records = variable(f"Boot{BOOT_NUMBER:04X}", entry) + variable("BootNext", struct.pack("<H", BOOT_NUMBER))
    at = STORE + STORE_HEADER
    assert set(data[at : at + len(records)]) == {0xFF}, "there are variables already"
    data[at : at + len(records)] = records
    target.write_bytes(data)
