"""A disk image taken apart by hand, for tests that damage it: an opinion of its own on GPT, FAT and the loader."""

import binascii
import struct
import subprocess

SECTOR = 512
ESP_GUID = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")


def stages_sum(content):
    """As bios/image_format.h defines it."""
    value = 0
    for (word,) in struct.iter_unpack("<I", content):
        value ^= word
        value = (value << 5 | value >> 27) & 0xFFFFFFFF
        value = value * 0x9E3779B1 & 0xFFFFFFFF
    return value


def stages_whole(stages):
    """Stages and overlay, as many bytes as stage 1 says, have the sums that their header tells."""
    size, total = struct.unpack_from("<II", stages, 12)
    packed, _, overlay_total = struct.unpack_from("<III", stages, 36)
    return (stages[:8] == b"STGCSTGS" and size + -(-packed // SECTOR) * SECTOR == len(stages)
            and stages_sum(stages[32:size]) == total and stages_sum(stages[size:]) == overlay_total)  # fmt: skip


class Mirror:
    """A file that holds a part of the image, and of which only what changed is written again."""

    def __init__(self, path, start, end):
        self.path, self.start, self.end = path, start, end
        self.written = []  # what is not fresh in the file: (offset in the image, size)

    def fill(self, data):
        """What is zero stays a hole."""
        step = 1 << 16
        with open(self.path, "wb") as file:
            for at in range(self.start, self.end, step):
                part = data[at : min(at + step, self.end)]
                if part.count(0) != len(part):
                    file.seek(at - self.start)
                    file.write(part)
            file.truncate(self.end - self.start)

    def update(self, data, changed):
        with open(self.path, "r+b") as file:
            file.truncate(min(len(data), self.end) - self.start)
            for at, size in self.written + changed:
                first, last = max(at, self.start), min(at + size, self.end)
                if first < last:
                    file.seek(first - self.start)
                    file.write(data[first:last])
        self.written = changed


class Disk:
    """The bytes of an image; what is changed goes to the file with save(), and away again by reset() and save()."""

    def __init__(self, path):
        self.path = path
        self.fresh = path.read_bytes()
        self.bytes = bytearray(self.fresh)
        self.changed = []  # (offset, size) since reset()
        self.file = Mirror(path, 0, len(self.fresh))
        self.volume_file = None
        self.gpt = self.bytes[450] == 0xEE
        self.stages = self.get(424, 8) * SECTOR
        self.stages_size = (self.get(436, 2) + self.get(438, 2)) * SECTOR  # with the overlay
        self.last = len(self.bytes) - SECTOR
        if self.gpt:
            entries = range(self.get(SECTOR + 72, 8) * SECTOR, 34 * SECTOR, 128)
            self.esp_entry = next(at for at in entries if self.bytes[at : at + 16] == ESP_GUID)
            self.volume = self.get(self.esp_entry + 32, 8) * SECTOR
            self.volume_size = (self.get(self.esp_entry + 40, 8) + 1) * SECTOR - self.volume
        elif not any(self.bytes[446:510]):  # no partitions: all of it is the volume
            self.volume, self.volume_size = 0, len(self.bytes)
        else:
            self.volume = self.get(454, 4) * SECTOR
            self.volume_size = self.get(458, 4) * SECTOR
        self.take_volume_apart()

    def take_volume_apart(self):
        at = self.volume
        self.wide = self.get(at + 22, 2) == 0
        self.table_size = (self.get(at + 36, 4) if self.wide else self.get(at + 22, 2)) * SECTOR
        self.table = at + self.get(at + 14, 2) * SECTOR
        self.root = self.table + 2 * self.table_size
        self.data = self.root + self.get(at + 17, 2) * 32
        self.cluster_size = self.get(at + 13, 1) * SECTOR
        if self.wide:
            self.root = self.cluster(self.get(at + 44, 4))

    def reset(self):
        self.bytes += self.fresh[len(self.bytes) :]
        for at, size in self.changed:
            self.bytes[at : at + size] = self.fresh[at : at + size]
        self.changed = []

    def is_fresh(self):
        return len(self.bytes) == len(self.fresh) and all(
            self.bytes[at : at + size] == self.fresh[at : at + size] for at, size in self.changed
        )

    def get(self, at, size):
        return int.from_bytes(self.bytes[at : at + size], "little")

    def write(self, at, data):
        assert at >= 0 and at + len(data) <= len(self.bytes)
        self.bytes[at : at + len(data)] = data
        self.changed.append((at, len(data)))

    def truncate(self, size):
        self.changed.append((size, len(self.bytes) - size))
        del self.bytes[size:]

    def put(self, at, size, value):
        self.write(at, value.to_bytes(size, "little"))

    def flip(self, at):
        self.write(at, bytes([self.bytes[at] ^ 0xFF]))

    def cluster(self, number):
        return self.data + (number - 2) * self.cluster_size

    def entry_size(self):
        return 4 if self.wide else 2

    def chain(self, number):
        """Where the first table has this cluster's entry."""
        return self.table + number * self.entry_size()

    def put_chain(self, number, value):
        """Both tables."""
        self.put(self.chain(number), self.entry_size(), value)
        self.put(self.chain(number) + self.table_size, self.entry_size(), value)

    def find(self, short_name, directory=None):
        """Where the directory entry is; the directory has but one cluster."""
        start = self.root if directory is None else directory
        for at in range(start, start + self.cluster_size, 32):
            if self.bytes[at : at + 11] == short_name.encode():
                return at
        raise LookupError(short_name)

    def first_cluster(self, entry):
        return self.get(entry + 26, 2) | (self.get(entry + 20, 2) << 16 if self.wide else 0)

    def find_content(self, short_name, directory=None):
        return self.cluster(self.first_cluster(self.find(short_name, directory)))

    def repair_header_crc(self, header):
        self.put(header + 16, 4, 0)
        self.put(header + 16, 4, binascii.crc32(self.bytes[header : header + 92]))

    def repair_gpt(self, header):
        """Both CRCs of one copy."""
        entries = self.get(header + 72, 8) * SECTOR
        self.put(header + 88, 4, binascii.crc32(self.bytes[entries : entries + 128 * 128]))
        self.repair_header_crc(header)

    @property
    def overlay(self):
        """Where it begins: behind the stages, as they say."""
        return self.stages + self.get(self.stages + 12, 4)

    def repair_stages(self):
        self.put(self.stages + 16, 4, stages_sum(self.bytes[self.stages + 32 : self.overlay]))

    def save(self):
        self.file.update(self.bytes, self.changed)

    def fsck(self, scratch):
        """What fsck.fat says of the volume, which goes to a scratch file: (sound, text)."""
        if self.volume_file is None:
            self.volume_file = Mirror(scratch, self.volume, self.volume + self.volume_size)
            self.volume_file.fill(self.fresh)
        self.volume_file.update(self.bytes, self.changed)
        done = subprocess.run(["/sbin/fsck.fat", "-n", scratch], capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout

    def sgdisk(self):
        """What sgdisk says of the saved image: (sound, text)."""
        done = subprocess.run(["/sbin/sgdisk", "-v", self.path], capture_output=True, text=True, check=False)
        text = done.stdout + done.stderr
        return done.returncode == 0 and "No problems found" in text and "corrupt" not in text.lower(), text


