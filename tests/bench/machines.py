"""QEMU in virtual time, and the disk images that the benchmark boots in it.

With `-icount shift=2,sleep=off` every instruction takes 4 ns and the time-stamp counter counts nanoseconds since reset: what
a loaded machine does to the host's clock does not matter, but for a guest that waits for its disk, which spins meanwhile. So
requests go by io_uring where the host has it: one for bytes that are cached, as our images are, ends where it begins.
"""

import re
import shutil
import struct
import subprocess
import time
from pathlib import Path

import fragments

MIB = 1 << 20
SECTOR = 512
OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
VIRTUAL = ["-icount", "shift=2,sleep=off"]
EXIT_SUCCESS = 33
TIME_LIMIT = 900
GRUB_MODULES = ["part_gpt", "fat", "multiboot", "boot"]
GRUB_SCRIPT = "multiboot (hd0,gpt2)/kernel.elf{module}\nboot\n"
BOOT_IMG_SECTOR = 0x5C  # in boot.img: LBA of core.img
CORE_BLOCKLIST = 500  # in core.img's first sector: LBA, count, segment of the rest

DISKS = {
    "ahci": ("q35", ["-device", "ide-hd,bus=ide.0,drive=d,bootindex=0"]),
    "ide": ("pc", ["-device", "ide-hd,bus=ide.0,drive=d,bootindex=0"]),
    "virtio": ("q35", ["-device", "virtio-blk-pci,drive=d,bootindex=0"]),
    "usb": ("q35", ["-device", "qemu-xhci", "-device", "usb-storage,drive=d,bootindex=0"]),
    "nvme": ("q35", ["-device", "nvme,serial=bench,drive=d,bootindex=0"]),
}


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options).stdout  # fmt: skip


def quickest_aio(directory):
    """io_uring, if this host's kernel and QEMU have it."""
    probe = directory / "probe"
    probe.write_bytes(bytes(MIB))
    done = subprocess.run(["qemu-system-x86_64", "-machine", "none", "-display", "none", "-monitor", "stdio", "-drive",
                           f"if=none,format=raw,file={probe},aio=io_uring"], input="quit\n", capture_output=True, text=True,
                          check=False)  # fmt: skip
    return "io_uring" if done.returncode == 0 else "threads"


class Machine:
    """Boots images and returns what they say on port E9."""

    def __init__(self, directory):
        self.directory, self.aio = directory, quickest_aio(directory)

    def boot(self, image, firmware="bios", disk="ahci", memory="1G", virtual=True, drive="", extra=()):
        e9 = self.directory / "e9"
        machine, device = DISKS[disk]
        command = ["qemu-system-x86_64", "-machine", machine, "-m", memory, "-accel", "tcg", "-cpu", "max", "-vga", "none",
                   "-display", "none", "-nic", "none", "-no-reboot", "-monitor", "none",
                   "-serial", f"file:{self.directory}/serial", "-debugcon", f"file:{e9}",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                   "-drive", f"if=none,id=d,format=raw,snapshot=on,aio={self.aio},file={image}{drive}", *device, *extra]  # fmt: skip
        return self.run(command + (VIRTUAL if virtual else []), image, firmware)

    def direct(self, loader):
        """Starts a file by PVH on a microvm, which has neither disk nor firmware of its own."""
        command = ["qemu-system-x86_64", "-machine", "microvm,isa-serial=on,rtc=off", "-m", "1G", "-accel", "tcg", "-cpu", "max",
                   "-display", "none", "-nic", "none", "-no-reboot", "-monitor", "none", "-nodefaults",
                   "-serial", f"file:{self.directory}/serial", "-debugcon", f"file:{self.directory}/e9",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-kernel", loader, *VIRTUAL]  # fmt: skip
        return self.run(command, loader, "none")

    def run(self, command, image, firmware):
        e9, variables = self.directory / "e9", self.directory / "variables"
        if firmware == "uefi":
            shutil.copy(OVMF_VARS, variables)
            command += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF_CODE}",
                        "-drive", f"if=pflash,unit=1,format=raw,file={variables}"]  # fmt: skip
        start = time.monotonic()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT,
                              check=False)  # fmt: skip
        self.wall_ms = (time.monotonic() - start) * 1000
        said = e9.read_text(errors="replace")
        if done.returncode != EXIT_SUCCESS:
            raise SystemExit(f"{image}: QEMU ended with {done.returncode}: {done.stderr}{said}")
        return said


def own_times(said):
    """Milliseconds of each phase's end, by number, and of the kernel's first instruction under "kernel"."""
    times = {int(e[0]): int(e[1]) / 1e6 for e in re.findall(r"BENCH event (\d+) (\d+) (\d+) (\d+)", said)}
    times["kernel"] = int(re.search(r"BENCH kernel (\d+)", said).group(1)) / 1e6
    return times


def bytes_read(said):
    """From the disk, up to the jump, as the loader counts them."""
    return max(int(e[3]) for e in re.findall(r"BENCH event (\d+) (\d+) (\d+) (\d+)", said))


def hex_times(said, word):
    """Milliseconds in the line that a floor or GRUB's kernel prints."""
    return [int(value, 16) / 1e6 for value in re.search(rf"BENCH {word} ([0-9a-f ]+)", said).group(1).split()]


class Images:
    def __init__(self, directory, build, source):
        self.directory, self.build, self.source = directory, build, source
        self.imgtool = build / "imgtool" / "imgtool"

    def path(self, name):
        return self.directory / name

    def payload(self, size):
        """A file of that size that no file system has holes in."""
        path = self.path(f"payload-{size}")
        if not path.exists():
            block = bytes((i * 197 + (i >> 8)) & 255 | 1 for i in range(MIB))
            with open(path, "wb") as file:
                for at in range(0, size, MIB):
                    file.write(block[: min(MIB, size - at)])
        return path

    def kernel(self, size, suffix=""):
        path = self.path(f"kernel-{size}{suffix}.elf")
        if not path.exists():
            run("gcc", "-std=c11", "-ffreestanding", "-fPIE", "-O2", "-mno-red-zone", "-fno-stack-protector", "-nostdlib",
                "-static-pie", "-s", f'-DBENCH_PAYLOAD="{self.payload(size)}"', "-I", self.source / "kernel-api/include",
                "-o", path, self.source / "tests/bench/kernel.c")  # fmt: skip
        return path

    def own(self, name, kernel, *options):
        image = self.path(f"own-{name}.img")
        if not image.exists():
            run(self.imgtool, "build-image", "--quiet", "-o", image, *options, kernel)
        return image

    def direct(self):
        path = self.path("direct.elf")
        run(self.imgtool, "build-direct", "--pvh", "--force", "-o", path, self.kernel(65536))
        return path

    def with_debug_info(self, size):
        path = self.path(f"debug-{size}.elf")
        run("objcopy", "--add-section", f".debug_info={self.payload(size)}", self.kernel(65536), path)
        return path

    def fragmented(self, size, piece):
        """The same file in one piece, and in pieces with gaps between them, on volumes of the same form."""
        whole = self.own(f"room-{size}", self.kernel(size), *self.room(size))
        return whole, fragments.make(whole, self.path(f"fragments-{size}.img"), "KERNEL  ELF", piece)

    def floor_fragmented(self, size, piece):
        """The same of what the floor's UEFI application reads."""
        whole = self.floor_uefi(size, *self.room(size))
        return whole, fragments.make(whole, self.path(f"floor-fragments-{size}.img"), "PAYLOAD BIN", piece)

    @staticmethod
    def room(size):
        return "--size", f"{3 * size // MIB + 64}M"

    def programs(self, size):
        """So much of the libraries of this machine, one behind the other: what a ramdisk is like."""
        path = self.path(f"programs-{size}")
        with open(path, "wb") as file:
            for library in sorted(Path("/usr/lib/x86_64-linux-gnu").glob("*.so*")):
                if library.is_file() and not library.is_symlink() and file.tell() < size:
                    file.write(library.read_bytes()[: size - file.tell()])
        return path

    def grub_kernel(self, size):
        path = self.path(f"grub-kernel-{size}.elf")
        if not path.exists():
            run("gcc", "-m32", "-nostdlib", "-static", "-no-pie", "-s", "-Wl,--build-id=none,-Ttext-segment=0x100000",
                f'-DBENCH_PAYLOAD="{self.payload(size)}"', "-o", path, self.source / "tests/bench/grub_kernel.S")  # fmt: skip
        return path

    def grub(self, name, size, ramdisk=None):
        """Our image with GRUB in the place of our loaders: its core in the BIOS boot partition, its application on the ESP."""
        image = self.path(f"grub-{name}.img")
        if image.exists():
            return image
        kernel, script = self.grub_kernel(size), self.path("grub.cfg")
        options = ["--file", f"{ramdisk}:/ramdisk"] if ramdisk else []
        options += ["--file", f"{kernel}:/kernel2.elf", "--file", f"{self.grub_application(script, ramdisk)}:/grub.efi"]
        run(self.imgtool, "build-image", "--quiet", "-o", image, *options, self.kernel(65536))
        volume = f"{image}@@{2 * MIB}"
        run("mdel", "-i", volume, "::/kernel.elf", "::/EFI/BOOT/BOOTX64.EFI")
        run("mren", "-i", volume, "::/kernel2.elf", "::/kernel.elf")
        run("mmove", "-i", volume, "::/grub.efi", "::/EFI/BOOT/BOOTX64.EFI")
        core = bytearray(self.grub_core(script).read_bytes())
        boot = bytearray(Path("/usr/lib/grub/i386-pc/boot.img").read_bytes())
        first = MIB // SECTOR
        struct.pack_into("<Q", boot, BOOT_IMG_SECTOR, first)
        struct.pack_into("<QHH", core, CORE_BLOCKLIST, first + 1, (len(core) + SECTOR - 1) // SECTOR - 1, 0x820)
        with open(image, "r+b") as file:
            file.write(boot[:440])
            file.seek(MIB)
            file.write(core)
        return image

    def grub_core(self, script):
        core = self.path("core.img")
        run("grub-mkimage", "-O", "i386-pc", "-p", "(hd0,gpt2)", "-c", script, "-o", core, "biosdisk", *GRUB_MODULES)
        return core

    def grub_application(self, script, ramdisk):
        script.write_text(GRUB_SCRIPT.format(module="\nmodule (hd0,gpt2)/ramdisk" if ramdisk else ""))
        application = self.path("grub.efi")
        run("grub-mkimage", "-O", "x86_64-efi", "-p", "(hd0,gpt2)", "-c", script, "-o", application, *GRUB_MODULES)
        return application

    def floor_bios(self, size):
        image = self.path(f"floor-{size}.img")
        sector = bytearray((self.build / "tests/bench/floor.bin").read_bytes())
        struct.pack_into("<I", sector, 3, size // SECTOR)
        struct.pack_into("<Q", sector, 15, 2048)
        with open(image, "wb") as file:
            file.write(sector)
            file.seek(MIB)
            shutil.copyfileobj(open(self.payload(size), "rb"), file)
        return image

    def floor_uefi(self, size, *options):
        image = self.path(f"floor-uefi-{size}{'-room' if options else ''}.img")
        if not image.exists():
            application = self.build / "tests/bench/FLOOR.EFI"
            run(self.imgtool, "build-image", "--quiet", "-o", image, *options, "--file", f"{self.payload(size)}:/payload.bin",
                "--file", f"{application}:/floor.efi", self.kernel(65536))  # fmt: skip
            volume = f"{image}@@{2 * MIB}"
            run("mdel", "-i", volume, "::/EFI/BOOT/BOOTX64.EFI")
            run("mmove", "-i", volume, "::/floor.efi", "::/EFI/BOOT/BOOTX64.EFI")
        return image
