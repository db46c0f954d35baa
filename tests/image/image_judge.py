"""What the cases of judge.py share: files, images, and the tools that judge them."""
import hashlib
import os
import struct
import subprocess
import zlib

MIB = 1 << 20
SMALL = 3000
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1", "NO_COLOR": "1"}


class Judge:
    def __init__(self, imgtool, kernel, sums, work):
        self.imgtool, self.kernel, self.sums, self.work = imgtool, kernel, sums, work

    # --- making

    def path(self, name):
        return os.path.join(self.work, name)

    def file(self, name, size=SMALL):
        """A file whose bytes depend on its name."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        seed = hashlib.sha256(name.encode()).digest()
        with open(path, "wb") as file:
            file.write((seed * (size // len(seed) + 1))[:size])
        return path

    def sparse(self, name, size, at=()):
        path = self.path(name)
        with open(path, "wb") as file:
            file.truncate(size)
            for offset in at:
                file.seek(offset)
                file.write(b"here %15d" % offset)
        return path

    def build(self, *options, output="disk.img", kernel=None, expect=0, **how):
        """Runs build-image; returns the image's path, or what it said if `expect` is not 0. output None: not named."""
        how.setdefault("env", ENVIRONMENT)
        image = self.path(output) if output is not None else None
        named = ["-o", image] if image is not None else []
        result = subprocess.run([self.imgtool, "build-image", kernel or self.kernel, *named, *options], text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how)
        assert result.returncode == expect, f"exit code {result.returncode}, not {expect}: {result.stdout}"
        if expect == 0:
            return image
        assert result.stdout.startswith("imgtool: error: "), result.stdout
        return result.stdout

    # --- judging

    def run(self, *command, **how):
        result = subprocess.run(command, text=how.pop("text", True), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, env=ENVIRONMENT, **how)
        assert result.returncode == 0, f"{' '.join(command)}: {result.returncode}: {result.stdout}"
        return result.stdout

    def volume(self, image):
        """Start of the FAT volume in bytes, by the partition table."""
        with open(image, "rb") as file:
            mbr = file.read(512)
            if mbr[450] == 0xEF:
                return struct.unpack_from("<I", mbr, 454)[0] * 512
            file.seek(1024 + 128)
            return struct.unpack_from("<Q", file.read(128), 32)[0] * 512

    def check_table(self, image):
        if self.volume(image) == 2 * MIB:
            said = self.run("sgdisk", "-v", image)
            assert "No problems found" in said, said
            said = self.run("sgdisk", "-p", image)
            assert "EF02" in said and "EF00" in said, said
        said = self.run("sfdisk", "--verify", image)
        assert "No errors detected" in said and "not" not in said.lower().replace("no errors", ""), said

    def check_volume(self, image, bits):
        """fsck.fat looks at a copy of the volume alone, with its holes."""
        start, copy = self.volume(image), self.path("volume")
        with open(image, "rb") as source, open(copy, "wb") as target:
            source.seek(start)
            boot = source.read(512)
            sectors = struct.unpack_from("<H", boot, 19)[0] or struct.unpack_from("<I", boot, 32)[0]
            target.truncate(sectors * 512)
            size = os.fstat(source.fileno()).st_size
            position = start
            while position < start + sectors * 512:
                try:
                    position = os.lseek(source.fileno(), position, os.SEEK_DATA)
                except OSError:
                    break
                end = min(os.lseek(source.fileno(), position, os.SEEK_HOLE), start + sectors * 512, size)
                while position < end:
                    data = os.pread(source.fileno(), min(MIB, end - position), position)
                    os.pwrite(target.fileno(), data, position - start)
                    position += len(data)
        said = self.run("fsck.fat", "-n", "-v", copy)
        for bad in ("Dirty bit", "differ", "wrong", "Free cluster summary", "not matching", "Bad "):
            assert bad not in said, said
        assert f"2 FATs, {bits} bit entries" in said, said
        os.unlink(copy)

    def content(self, image, path):
        """A file of the volume, by mtools."""
        return self.run("mtype", "-i", f"{image}@@{self.volume(image)}", "::" + path, text=False)

    def check_file(self, image, path, source):
        with open(source, "rb") as file:
            assert self.content(image, path) == file.read(), f"{path} differs"

    def judge(self, image, bits, files=()):
        self.check_table(image)
        self.check_volume(image, bits)
        self.check_file(image, "/kernel.elf", self.kernel)
        for path, source in files:
            self.check_file(image, path, source)

    def check_sums(self, image, sources):
        """The loaders' readers must find just these files, with these bytes. sources: path -> host file"""
        expected = {}
        for path, source in sources.items():
            with open(source, "rb") as file:
                data = file.read()
            expected[path] = f"{zlib.crc32(data):08x} {len(data)}"
        found = {}
        for line in self.run(self.sums, image).splitlines():
            crc, size, path = line.split(" ", 2)
            found[path] = f"{crc} {size}"
        assert found == expected, {path: (found.get(path), expected.get(path))
                                   for path in {*found, *expected} if found.get(path) != expected.get(path)}

    def leftovers(self, *expected):
        found = sorted(os.listdir(self.path("out")))
        assert found == sorted(expected), found
