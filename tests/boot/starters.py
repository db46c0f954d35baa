"""Everything that starts a file of imgtool build-direct: QEMU's own two ways, GRUB on both firmwares, isolinux."""

import subprocess
from pathlib import Path

import machine

MBR_CODE = "/usr/lib/ISOLINUX/isohdpfx.bin"
ISOLINUX = "/usr/lib/ISOLINUX/isolinux.bin"
SYSLINUX_MODULES = Path("/usr/lib/syslinux/modules/bios")


class Job:
    """What shall be started: a file of build-direct, modules as pairs of a file and its string, a command line."""

    def __init__(self, imgtool, directory, file, modules=(), command_line=""):
        self.imgtool, self.directory, self.file = imgtool, directory, file
        self.modules, self.command_line = list(modules), command_line

    def run(self, image, *options):
        return machine.run_qemu(self.imgtool, image, self.directory, *options)

    def copy_to(self, tree):
        """The file and the modules under short names, for an ISO; returns these names."""
        tree.mkdir(parents=True)
        names = ["/os.elf", *(f"/module{number}" for number in range(len(self.modules)))]
        for name, source in zip(names, [self.file, *(file for file, _ in self.modules)], strict=True):
            (tree / name[1:]).write_bytes(Path(source).read_bytes())
        return names


def qemu(machine_name):
    """QEMU hands modules to Multiboot 1 with their file names in front, commas doubled; to PVH one file, without a string."""

    def start(job, *more):
        options = ["--direct", "--machine", machine_name, *(more or ["--"])]
        if job.command_line:
            options += ["-append", job.command_line]
        if job.modules:
            options += ["-initrd", ",".join(f"{file} {text}".strip().replace(",", ",,") for file, text in job.modules)]
        return job.run(job.file, *options)

    return start


def grub(firmware, number):
    """A rescue image that both firmwares boot, as a disk."""

    def start(job, *more, preface="insmod all_video"):
        for tool in ("grub-mkrescue", "xorriso", "mformat"):
            machine.need(tool, "grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools")
        tree, image = job.directory / "tree", job.directory / "grub.iso"
        names = job.copy_to(tree)
        suffix = "2" if number == 2 else ""
        lines = [preface, f"multiboot{suffix} {names[0]} {job.command_line}"]
        lines += [f"module{suffix} {name} {text}" for name, (_, text) in zip(names[1:], job.modules, strict=True)]
        (tree / "boot/grub").mkdir(parents=True)
        (tree / "boot/grub/grub.cfg").write_text("\n".join([*lines, "boot", ""]))
        subprocess.run(["grub-mkrescue", "-o", image, tree], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        return job.run(image, "--firmware", firmware, "--disk", "virtio", *more)

    return start


def isolinux(job, *more):
    """SYSLINUX's mboot.c32, which puts file names in front of strings."""
    for path in (ISOLINUX, MBR_CODE):
        machine.need(path, "isolinux")
    machine.need(str(SYSLINUX_MODULES / "mboot.c32"), "syslinux-common")
    machine.need("xorriso", "xorriso")
    tree, image = job.directory / "tree", job.directory / "isolinux.iso"
    names = job.copy_to(tree)
    for source in (ISOLINUX, *(SYSLINUX_MODULES / name for name in ("mboot.c32", "libcom32.c32", "ldlinux.c32"))):
        (tree / Path(source).name).write_bytes(Path(source).read_bytes())
    parts = [f"{names[0]} {job.command_line}"]
    parts += [f"{name} {text}" for name, (_, text) in zip(names[1:], job.modules, strict=True)]
    (tree / "isolinux.cfg").write_text(f"DEFAULT os\nLABEL os\nKERNEL mboot.c32\nAPPEND {' --- '.join(parts)}\n")
    subprocess.run(["xorriso", "-as", "mkisofs", "-o", image, "-R", "-b", "isolinux.bin", "-no-emul-boot", "-boot-load-size", "4",
                    "-boot-info-table", "-c", "boot.cat", "-isohybrid-mbr", MBR_CODE, tree], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    return job.run(image, "--machine", "pc", "--disk", "ide", *more)


# name: (function, which struct boot_info.boot_source it leads to, form of the file)
STARTERS = {
    "qemu-multiboot1": (qemu("pc"), "multiboot1"),
    "microvm-multiboot1": (qemu("microvm"), "multiboot1"),
    "qemu-pvh-pc": (qemu("pc"), "pvh"),
    "qemu-pvh-q35": (qemu("q35"), "pvh"),
    "microvm": (qemu("microvm"), "pvh"),
    "microvm-no-acpi": (lambda job: qemu("microvm")(job, "--", "-machine", "acpi=off"), "pvh"),
    "grub-bios-multiboot1": (grub("bios", 1), "multiboot1"),
    "grub-bios-multiboot2": (grub("bios", 2), "multiboot2"),
    "grub-uefi-multiboot1": (grub("uefi", 1), "multiboot1"),
    "grub-uefi-multiboot2": (grub("uefi", 2), "multiboot2"),
    "isolinux": (isolinux, "multiboot1"),
}
SOURCES = {"pvh": 4, "multiboot1": 5, "multiboot2": 6}  # BOOT_SOURCE_*
