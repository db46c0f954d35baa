#!/usr/bin/env python3
"""What update does and refuses to do: update.py --imgtool PROGRAM --kernels DIRECTORY

The files that come out are judged by mtools, fsck.fat and sgdisk; what is refused must leave every byte of the image alone.
"""

import argparse
import fcntl
import hashlib
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from disk import Disk


class Case:
    def __init__(self, arguments, directory):
        self.imgtool = arguments.imgtool
        kernels = Path(arguments.kernels)
        self.old, self.new, self.refused = (kernels / name for name in ("conformance-pie.elf", "conformance-high.elf", "refused-no-note.elf"))
        self.directory = directory
        self.image = directory / "disk.img"
        self.failures = 0

    def build(self, *words):
        subprocess.run([self.imgtool, "build-image", "-q", "-o", self.image, self.old, *words], check=True)

    def update(self, *words):
        return subprocess.run([self.imgtool, "update", self.image, *words], capture_output=True, text=True, check=False)

    def digest(self):
        return hashlib.sha256(self.image.read_bytes()).hexdigest()

    def check(self, name, condition, text=""):
        if not condition:
            self.failures += 1
            print(f"{name}: {text}")

    def read(self, path):
        """A file of the volume, by mtools."""
        volume = f"{self.image}@@{Disk(self.image).volume}"
        return subprocess.run(["mtype", "-i", volume, f"::{path}"], capture_output=True, check=True,
                              env=dict(os.environ, MTOOLS_SKIP_CHECK="1")).stdout  # fmt: skip

    def check_sound(self, name):
        disk = Disk(self.image)
        sound, text = disk.fsck(self.directory / "volume")
        self.check(name, sound, f"fsck.fat says {text}")
        if disk.gpt:
            sound, text = disk.sgdisk()
            self.check(name, sound, f"sgdisk says {text}")
        tables = disk.bytes[disk.table : disk.table + 2 * disk.table_size]
        self.check(name, tables[: disk.table_size] == tables[disk.table_size :], "the tables differ")
        code = subprocess.run([self.imgtool, "verify", self.image], capture_output=True, check=False).returncode
        self.check(name, code == 0, f"verify ends with {code}")

    def refuses(self, name, code, wanted, *words):
        before = self.digest()
        done = self.update(*words)
        self.check(name, done.returncode == code, f"exit code {done.returncode}, not {code}: {done.stderr}")
        self.check(name, wanted in done.stderr, f"says {done.stderr}, nothing of '{wanted}'")
        self.check(name, self.digest() == before, "the image has changed")

    # --- what it does

    def replaces(self, table, fat):
        name = f"{table} FAT{fat}"
        text = self.directory / "text"
        text.write_text("some text\n")
        self.build("--table", table, "--fat", fat, "--size", "40M" if fat == "32" else "8M" if fat == "16" else "5M",
                   "--file", f"{text}:/etc/text")  # fmt: skip
        fresh = self.image.read_bytes()
        words = ["--kernel", self.new, "--ramdisk", self.old, "--cmdline", "a b", "--file", f"{text}:/new/name.txt",
                 "--remove", "etc/text", "--json"]  # fmt: skip
        done = self.update(*words)
        self.check(name, done.returncode == 0, done.stderr)
        report = json.loads(done.stdout)
        actions = {file["path"]: file["action"] for file in report["files"]}
        self.check(name, actions == {"/kernel.elf": "replaced", "/stagecoach.conf": "replaced", "/ramdisk": "added",
                                     "/new/name.txt": "added", "/etc/text": "removed"}, f"reports {actions}")  # fmt: skip
        self.check_sound(name)
        self.check(name, self.read("/kernel.elf") == self.new.read_bytes(), "another kernel")
        self.check(name, self.read("/ramdisk") == self.old.read_bytes(), "another ramdisk")
        self.check(name, self.read("/new/name.txt") == text.read_bytes(), "another text")
        self.check(name, self.read("/stagecoach.conf") == b"kernel /kernel.elf\nramdisk /ramdisk\ncmdline a b\n",
                   f"configuration {self.read('/stagecoach.conf')}")  # fmt: skip
        updated = self.digest()
        self.image.write_bytes(fresh)
        self.update(*words)
        self.check(name, self.digest() == updated, "another run gives other bytes")
        done = self.update(*[word for word in words if word not in ("--remove", "etc/text")])
        self.check(name, json.loads(done.stdout)["bytes_written"] == 0, "writes what is there already")
        self.check(name, self.digest() == updated, "what is the same changes the image")
        self.update("--file", f"{text}:/kernel.elf/x")
        self.check(name, self.digest() == updated, "a file became a directory")

    def takes_any_config(self):
        config = self.directory / "conf"
        self.build("--cmdline", "words")
        config.write_text("kernl /x\n")
        done = self.update("--config", config)
        self.check("unknown key", done.returncode == 0 and done.stderr.count("unknown key") == 1, done.stderr)
        config.write_text("")
        done = self.update("--config", config)
        self.check("empty", done.returncode == 0 and "stagecoach.conf replaced" in done.stdout, done)
        self.check("empty", self.read("/stagecoach.conf") == b"", "the old one is still there")
        self.check_sound("empty")

    def edits_config(self):
        config = self.directory / "conf"
        config.write_text("# mine\r\nkernel /boot/k.elf\ncmdline one\nlog-level debug", newline="")
        self.build("--config", config)
        done = self.update("--cmdline", "two  three", "--kernel", self.new)
        self.check("config", done.returncode == 0, done.stderr)
        wanted = b"# mine\r\nkernel /boot/k.elf\ncmdline two  three\nlog-level debug"
        self.check("config", self.read("/stagecoach.conf") == wanted, f"has {self.read('/stagecoach.conf')}")
        self.check("config", self.read("/boot/k.elf") == self.new.read_bytes(), "the kernel went elsewhere")
        config.write_text("kernel /other.elf\n")
        self.refuses("config", 3, "kernel", "--config", config)
        done = self.update("--config", config, "--kernel", self.old)
        self.check("config", done.returncode == 0, done.stderr)
        self.check("config", self.read("/other.elf") == self.old.read_bytes(), "the kernel went elsewhere")
        self.check_sound("config")

    def replaces_loader(self, table, *form):
        self.build(*(form or ("--table", table)))
        disk = Disk(self.image)
        ours, size = disk.stages, disk.stages_size
        fresh = disk.bytes[ours : ours + size]
        done = self.update("--loader", "--json")
        self.check("loader", json.loads(done.stdout)["bytes_written"] == 0, "writes a loader that is there already")
        disk.put(436, 2, disk.get(436, 2) - 2)  # the right sectors, but divided wrongly into stages and overlay
        disk.put(438, 2, disk.get(438, 2) + 2)
        disk.save()
        done = self.update("--loader")
        self.check("loader", done.returncode == 0, done.stderr)
        self.check_sound("loader, with another number of sectors to load")
        places = []
        for turn in range(3):
            disk = Disk(self.image)
            disk.flip(disk.stages + 700)
            disk.put(disk.stages + 16, 4, 0)
            disk.flip(0x100)  # stage 1's code
            disk.save()
            done = self.update("--loader", "--json")
            self.check("loader", done.returncode == 0, done.stderr)
            self.check("loader", json.loads(done.stdout)["bios_loader"] == "replaced", done.stdout)
            disk = Disk(self.image)
            places.append(disk.stages)
            self.check("loader", disk.bytes[disk.stages : disk.stages + size] == fresh, f"other stages, turn {turn}")
            self.check_sound(f"loader, turn {turn}")
        self.check("loader", places[0] != ours and places[1] == ours and places[2] == places[0], f"stages at {places}")
        if table == "none":
            self.refuses_small_volume(*form)
        if table == "mbr":  # no gap left for a second copy
            disk = Disk(self.image)
            disk.put(454, 4, disk.stages // 512 + size // 512 + 8)
            disk.flip(disk.stages + 700)
            disk.save()
            code = self.update("--loader").returncode
            self.check("loader", code in (3, 4), f"exit code {code} without a volume or room")

    def refuses_small_volume(self, *form):
        """Made so small that it has no room for two sets of stages, or as versions before made all."""
        if "32" in form:
            return
        build = [self.imgtool, "build-image", "-q", "--force", "-o", self.image, self.old, *form, "--size"]
        any(subprocess.run([*build, f"{size}K"], stderr=subprocess.DEVNULL, check=False).returncode == 0
            for size in range(160, 4096, 32))  # the first that is large enough  # fmt: skip
        disk = Disk(self.image)
        self.check("small volume", disk.get(14, 2) < 8 + 2 * disk.stages_size // 512, f"{disk.get(14, 2)} reserved sectors")
        disk.flip(disk.stages + 700)
        disk.repair_stages()
        disk.save()
        self.refuses("small volume", 4, "build the image anew", "--loader")
        self.check("small volume", self.update("--cmdline", "x").returncode == 0, "takes nothing else either")

    def repairs_boot_code(self):
        """Whose boot code it is, update and verify decide alike: ours of other versions and damaged ours is replaced, others'
        and the sentence of an image for UEFI is left alone."""
        self.build()
        fresh = Disk(self.image)
        ours = bytes(fresh.bytes[:440])
        header = fresh.bytes[fresh.stages : fresh.stages + 32]
        text = ours.index(b"BOOT-ERR")
        cases = {
            "stages of another format": (fresh.stages + 20, b"\x01\0\0\0", "stages", "replaced"),
            "stages gone": (fresh.stages, bytes(512), "stages", "replaced"),
            "stages of another image": (fresh.stages + 8, bytes([header[8] ^ 1]), "stages", "replaced"),
            "names no stages": (424, bytes(16), "stage 1", "replaced"),
            "text damaged": (text, b"HALT-NOW", "stage 1", "replaced"),
            "code damaged": (0x100, bytes(32), "stage 1", "replaced"),
            "another loader's": (0, b"\xfa\x31\xc0\x90" * 110, "stage 1", "absent"),
            "none": (0, bytes(440), "stage 1", "absent"),
        }
        for name, (at, data, structure, action) in cases.items():
            self.image.write_bytes(fresh.fresh)
            disk = Disk(self.image)
            disk.write(at, data)
            disk.save()
            done = subprocess.run([self.imgtool, "verify", "--json", self.image], capture_output=True, text=True, check=False)
            found = {finding["structure"] for finding in json.loads(done.stdout)["findings"]}
            self.check(name, found == {structure}, f"verify finds {found}")
            before = self.image.read_bytes()
            done = self.update("--loader", "--json")
            self.check(name, done.returncode == 0, done.stderr)
            self.check(name, json.loads(done.stdout)["bios_loader"] == action, done.stdout)
            if action == "absent":
                self.check(name, self.image.read_bytes() == before, "the image has changed")
            else:
                self.check_sound(name)
        self.image.unlink()
        self.build("--only", "uefi")
        done = self.update("--loader", "--json")
        self.check("UEFI only", json.loads(done.stdout)["bios_loader"] == "absent", done.stdout)

    # --- what it refuses

    def refuses_bad_input(self):
        self.build("--fat", "12", "--size", "4M")
        big = self.directory / "big"
        big.write_bytes(b"x" * (3 << 20))
        self.refuses("no room", 4, "no room", "--file", f"{big}:/big")
        self.refuses("bad kernel", 3, str(self.refused), "--kernel", self.refused)
        text = self.directory / "text"
        text.write_text("no kernel\n" * 100)
        self.refuses("no ELF", 3, str(text), "--kernel", text)
        self.refuses("kernel removed", 3, "kernel", "--remove", "/kernel.elf")
        self.refuses("directory", 3, "directory", "--remove", "/EFI")
        self.refuses("no file", 4, "missing", "--file", f"{self.directory}/missing:/x")
        self.refuses("nothing", 2, "--kernel")
        self.refuses("two lines", 2, "one line", "--cmdline", "a\nb")
        self.refuses("twice", 3, "already", "--file", f"{big}:/x", "--file", f"{big}:/X")

    def refuses_damage(self):
        self.build()
        disk = Disk(self.image)
        kernel = disk.first_cluster(disk.find("KERNEL  ELF"))
        disk.put_chain(kernel, kernel)
        disk.save()
        self.refuses("cyclic chain", 3, "damaged", "--kernel", self.new)
        self.build()
        disk = Disk(self.image)
        disk.flip(512 + 56)
        disk.save()
        self.refuses("primary GPT", 3, "GPT", "--kernel", self.new)

    def refuses_image_in_use(self):
        self.build()
        with open(self.image, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            self.refuses("flock", 6, "another program", "--kernel", self.new)
            fcntl.flock(file, fcntl.LOCK_UN)
            lock = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 100, 1, 0)  # as QEMU has it
            fcntl.fcntl(file, 37, lock)  # F_OFD_SETLK
            self.refuses("QEMU", 6, "virtual machine", "--kernel", self.new)
        self.check("in use", self.update("--kernel", self.new).returncode == 0, "still refused")

    def keeps_messages_out(self):
        """Whoever starts it with stdin, stdout or stderr closed: the image is not opened in their place."""
        for closed, words, code in (("0<&-", "", 0), ("1>&-", "--json", 4), ("2>&-", "--remove none", 0),
                                    ("0<&- 1>&- 2>&-", "--json", 4)):  # fmt: skip
            name = f"update {words} {closed}"
            self.build()
            disk = Disk(self.image)
            start, end, before = disk.volume, disk.volume + disk.volume_size, self.image.read_bytes()
            line = f'exec "$0" update "$1" --kernel "$2" {words} {closed}'
            done = subprocess.run(["sh", "-c", line, self.imgtool, self.image, self.new], capture_output=True, check=False)
            after = self.image.read_bytes()
            self.check(name, done.returncode == code, f"exit code {done.returncode}, not {code}: {done.stderr}")
            self.check(name, after[:start] == before[:start] and after[end:] == before[end:], "bytes outside the volume have changed")
            self.check_sound(name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    arguments = parser.parse_args()
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="stagecoach-update-", dir=memory) as name:
        case = Case(arguments, Path(name))
        for table, fat in (("gpt", "32"), ("mbr", "16"), ("gpt", "12")):
            case.replaces(table, fat)
        case.takes_any_config()
        case.edits_config()
        case.replaces_loader("gpt")
        case.replaces_loader("mbr")
        for fat in ("12", "16", "32"):
            case.replaces_loader("none", "--format", "fat", "--fat", fat)
        case.repairs_boot_code()
        case.refuses_bad_input()
        case.refuses_damage()
        case.refuses_image_in_use()
        case.keeps_messages_out()
    return 1 if case.failures else 0


if __name__ == "__main__":
    sys.exit(main())
