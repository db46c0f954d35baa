"""Ways to spoil an image after imgtool, which would not write it so."""

import struct
import subprocess

import machine

SECTOR = 512
ESP_TYPE = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")


class Image:
    """A disk image on disk, and where its boot volume begins."""

    def __init__(self, path, kernel, ramdisk):
        self.path = path
        self.kernel = kernel  # the files it was built from; no ramdisk: None
        self.ramdisk = ramdisk

    def read(self, offset, size):
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(size)

    def write(self, offset, data):
        with open(self.path, "r+b") as file:
            file.seek(offset)
            file.write(data)

    def size(self):
        return self.path.stat().st_size

    def volume(self):
        """Byte offset of the FAT volume."""
        entries = self.read(2 * SECTOR, 128 * 128)
        for at in range(0, len(entries), 128):
            if entries[at : at + 16] == ESP_TYPE:
                return struct.unpack_from("<Q", entries, at + 32)[0] * SECTOR
        mbr = self.read(0, SECTOR)
        for at in range(446, 510, 16):
            if mbr[at + 4] == 0xEF:
                return struct.unpack_from("<I", mbr, at + 8)[0] * SECTOR
        raise ValueError("no boot volume")

    def mtools(self, program, *arguments):
        machine.need(program, "mtools")
        subprocess.run([program, *arguments[:-1], "-i", f"{self.path}@@{self.volume()}", *arguments[-1]], check=True,
                       stdin=subprocess.DEVNULL)  # fmt: skip

    def put(self, name, data):
        """Writes a file of the volume, in place of one that may be there."""
        source = self.path.with_suffix(".file")
        source.write_bytes(data)
        self.mtools("mcopy", "-o", (str(source), f"::{name}"))

    def delete(self, name):
        self.mtools("mdel", (f"::{name}",))

    def find(self, data):
        """Byte offset of data that begins on a sector, inside the volume."""
        at = self.volume()
        whole = self.read(at, self.size() - at)
        found = 0
        while True:
            found = whole.index(data, found)
            if found % SECTOR == 0:
                return at + found
            found += 1

    def find_ramdisk(self):
        return self.find(self.ramdisk.read_bytes()[:SECTOR])


def spoil_both_gpts(image):
    for sector in (1, image.size() // SECTOR - 1):
        image.write(sector * SECTOR + 16, b"\xff\xff\xff\xff")


def spoil_primary_gpt(image):
    image.write(SECTOR, bytes(SECTOR))


def change_mbr_entry(offset, data):
    """Changes the boot partition's entry of the master boot record."""

    def change(image):
        mbr = image.read(0, SECTOR)
        entry = next(at for at in range(446, 510, 16) if mbr[at + 4] == 0xEF)
        image.write(entry + offset, data)

    return change


def spoil_bpb(image):
    image.write(image.volume() + 13, b"\x03")  # sectors per cluster: not a power of two


def spoil_stages(image):
    """One bit of the stages behind the first sector, wherever they are."""
    start = 2048 * SECTOR if image.read(SECTOR, 8) == b"EFI PART" else SECTOR
    image.write(start + 3000, bytes([image.read(start + 3000, 1)[0] ^ 1]))


def overlay(image):
    """Where stage 4's overlay begins, on a GPT disk or a CD."""
    return 2048 * SECTOR + int.from_bytes(image.read(2048 * SECTOR + 12, 4), "little")


def spoil_overlay(image):
    image.write(overlay(image) + 5000, bytes([image.read(overlay(image) + 5000, 1)[0] ^ 1]))


def spoil_packed_kernel(image):
    """One bit of the first block; the head of a file with one block is 48 bytes, its table 4, what LZ4 puts first 15."""
    start = image.find(struct.pack("<II8s", 0x184D2A5C, 44, b"STGPACK1"))
    at = start + 48 + 4 + 15 + 1000
    image.write(at, bytes([image.read(at, 1)[0] ^ 1]))


def cut_chain(image):
    """Marks the kernel's second cluster as free in every FAT (FAT32)."""
    volume = image.volume()
    bpb = image.read(volume, SECTOR)
    reserved, fats = struct.unpack_from("<HB", bpb, 14)
    sectors_per_fat, root = struct.unpack_from("<I4xI", bpb, 36)
    directory = image.read(volume + (reserved + fats * sectors_per_fat + (root - 2) * bpb[13]) * SECTOR, bpb[13] * SECTOR)
    entry = directory[directory.index(b"KERNEL  ELF") :]
    first = struct.unpack_from("<H", entry, 26)[0] | struct.unpack_from("<H", entry, 20)[0] << 16
    for fat in range(fats):
        table = volume + (reserved + fat * sectors_per_fat) * SECTOR
        image.write(table + first * 4, bytes(4))


def truncate(size):
    def change(image):
        with open(image.path, "r+b") as file:
            file.truncate(size)

    return change


def patch(*changes):
    """Kernel bytes with (offset, bytes) pairs applied."""

    def apply(kernel):
        kernel = bytearray(kernel)
        for offset, data in changes:
            kernel[offset : offset + len(data)] = data
        return bytes(kernel)

    return apply


def patch_segment(kind, *changes):
    """Kernel bytes with (offset in the program header, bytes) pairs applied to the first header of that type."""

    def apply(kernel):
        table = struct.unpack_from("<Q", kernel, 32)[0]
        count = struct.unpack_from("<H", kernel, 56)[0]
        for at in range(table, table + 56 * count, 56):
            if struct.unpack_from("<I", kernel, at)[0] == kind:
                return patch(*((at + offset, data) for offset, data in changes))(kernel)
        raise ValueError(f"no segment of type {kind}")

    return apply
