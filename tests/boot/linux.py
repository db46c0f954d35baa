#!/usr/bin/env python3
"""Boots Debian's Linux kernels, as they are: linux.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

linux.py list prints the cases with their labels. /init (tests/kernels/linux/init.c) judges the command line and the sum of a file of
each ramdisk, and tells what Linux sees; the memory map and the ACPI tables are compared with what the same kernel sees without us,
started by QEMU's -kernel: when it asks the same machine's BIOS itself, or when OVMF started it.
"""

import re
import shutil
import subprocess
import threading
from pathlib import Path

import machine

FIRMWARES = ["bios", "uefi"]
PACKAGES = {"cloud": "linux-image-cloud-amd64", "amd64": "linux-image-amd64"}
FETCHED = Path(__file__).resolve().parents[2] / "build/debian-kernels"
FROM_LOADER = "EFI stub: Loaded initrd from LINUX_EFI_INITRD_MEDIA_GUID device path"
FOUR_GIB = 1 << 32
HIGH_PADDING = 64 << 20  # zeros between two archives, which Linux skips
# More options of build-image and of QEMU for a case.
VARIANTS = {
    "": ("full", [], []),
    "lz4": ("full", ["--compress", "lz4"], []),
    "zstd": ("full", ["--compress", "zstd"], []),
    # A ramdisk that finds no room below 4 GiB, where the kernel has most of 96 MiB.
    "high": ("full", [], ["--memory", "1G", "--", "-machine", "max-ram-below-4g=96M"]),
    "headless": ("full", [], ["--vga", "none"]),
}
DEFAULT = {"bios-cloud", "uefi-cloud-lz4"}
MEMTEST = "/boot/memtest86+x64.bin"  # for one address alone, 1 MiB, and no UEFI application


def cases():
    for firmware in FIRMWARES:
        for kernel in PACKAGES:
            for variant, (label, _, _) in VARIANTS.items():
                if variant == "high" and firmware == "uefi":
                    continue  # there Linux itself says where the ramdisk goes
                name = "-".join(filter(None, (firmware, kernel, variant)))
                yield "default" if name in DEFAULT else label, name
    yield "default", "bios-memtest"
    yield "full", "uefi-memtest"


def kernel_file(kind):
    found = sorted((FETCHED / PACKAGES[kind]).glob("boot/vmlinuz-*"))
    if not found:
        machine.skip(f"no {PACKAGES[kind]}: cmake/fetch-kernels.sh")
    return found[-1]


def fnv1a(data):
    total = 0x811C9DC5
    for byte in data:
        total = (total ^ byte) * 0x01000193 & 0xFFFFFFFF
    return total


def archive(directory, name, files):
    """A cpio archive of {name: bytes or path}."""
    root = directory / f"{name}.d"
    root.mkdir()
    for path, content in files.items():
        if isinstance(content, bytes):
            (root / path).write_bytes(content)
        else:
            shutil.copy(content, root / path)
    target = directory / f"{name}.cpio"
    machine.need("cpio", "cpio")
    with open(target, "wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input="\n".join(files).encode(), stdout=out, check=True, cwd=root)
    return target


def ramdisks(arguments, directory, padding):
    """Two, of which the first ends at an odd place; and what the command line says of the files in them."""
    contents = {"one": bytes(range(256)) * 300 + b"end", "two": b"second" * 1000}
    first = archive(directory, "first", {"init": Path(arguments.kernels) / "linux-init", "one": contents["one"]})
    second = archive(directory, "second", {"two": contents["two"]})
    with open(first, "ab") as file:
        file.write(bytes(padding + 1))
    assert first.stat().st_size % 4 == 1
    return [first, second], " ".join(f"sum=/{name}:{fnv1a(data):08x}" for name, data in contents.items())


def boot_by_qemu(firmware, kernel, ramdisk, line):
    """What /init says when QEMU's option ROM starts the kernel's own real-mode code, or OVMF its EFI stub, on a machine like
    that of imgtool."""
    words = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-m", "512M", "-display", "none", "-serial", "none", "-monitor", "none",
             "-nic", "none", "-parallel", "none", "-no-reboot", "-chardev", "null,id=exit", "-device",
             "isa-serial,index=3,chardev=exit,iobase=0xf4,irq=3", "-chardev", "stdio,id=serial", "-device",
             "isa-serial,index=0,chardev=serial", "-kernel", kernel, "-initrd", ramdisk, "-append", line,
             *(machine.ovmf() if firmware == "uefi" else [])]  # fmt: skip
    said = ""
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        watchdog = threading.Timer(machine.TIME_LIMIT, process.kill)
        watchdog.start()
        for text in process.stdout:
            said += text
            if "INIT ends" in text:
                break
        watchdog.cancel()
        process.kill()
    return said


def provide(directory, kernels):
    """A vmlinuz and an initrd.img for whoever wants just these."""
    shutil.copy(kernel_file("cloud"), directory / "vmlinuz")
    shutil.copy(archive(directory, "initrd", {"init": kernels / "linux-init"}), directory / "initrd.img")


def told(tag, output):
    return [line.strip() for line in re.findall(rf"^{tag} ([^\r\n]*)", output, re.MULTILINE)]


def memory(output):
    """Whole pages of RAM, as ranges that do not touch."""
    ranges = []
    for line in told("IOMEM", output.replace("IOMEM  ", "IOMEM _")):
        match = re.fullmatch(r"([0-9a-f]+)-([0-9a-f]+) : System RAM", line)
        if match:
            start, end = int(match[1], 16), int(match[2], 16) + 1
            if ranges and ranges[-1][1] == start:
                ranges[-1][1] = end
            else:
                ranges.append([start, end])
    return [(-(-start // 4096), end // 4096) for start, end in ranges]


def compare(output, reference):
    """What Linux sees through us, and without us."""
    assert "INIT ends" in reference, reference
    ours, theirs = (memory(text) for text in (output, reference))
    if not ours or ours != theirs:
        return f"memory is {ours}, but {theirs} without us\n"
    if told("ACPI", output) != told("ACPI", reference) or len(told("ACPI", output)) < 3:
        return f"ACPI tables are {told('ACPI', output)}, but {told('ACPI', reference)} without us\n"
    return None


def framebuffers(output):
    """Linux makes a device of whatever it knows of the screen; only a linear framebuffer has a name of another kind."""
    return [name for name in told("SCREEN", output) if not name.startswith("platform-framebuffer")]


def check_ramdisk(firmware, variant, output):
    """Where Linux says that it got the ramdisk from."""
    if firmware == "uefi":
        return None if FROM_LOADER in output else "the ramdisk did not come by LoadFile2\n"
    found = re.search(r"RAMDISK: \[mem 0x([0-9a-f]+)-", output)
    if found is None or (int(found[1], 16) >= FOUR_GIB) != (variant == ["high"]):
        return f"the ramdisk is at {found and found[1]}\n"
    return None


def judge_output(arguments, line, outcome):
    firmware, _, *variant = arguments.case.split("-")
    output = outcome.output
    if outcome.code != 0 or "INIT ends" not in output or "BOOT-ERR" in output + outcome.e9:
        return "no success\n"
    if told("CMDLINE", output) != [line]:
        return f"the command line is not {line}\n"
    if told("UEFI", output) != ["yes" if firmware == "uefi" else "no"]:
        return "wrong word of UEFI\n"
    if len(framebuffers(output)) != (0 if variant == ["headless"] else 1):
        return f"Linux and we don't agree on the framebuffer: {told('SCREEN', output)}\n"
    return check_ramdisk(firmware, variant, output)


def judge_memtest(arguments, firmware, directory):
    """What has Linux's header without being Linux; it shows its test on COM1."""
    image = directory / "memtest.img"
    machine.build_image(arguments.imgtool, machine.need(MEMTEST, "memtest86+"), image, "--cmdline", "console=ttyS0,115200")
    outcome = machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware, "--memory", "64M", "--success-pattern",
                               "Memtest86+")  # fmt: skip
    return None if outcome.code == 0 else f"Memtest86+ does not show up\n{outcome.describe()}"


def judge(arguments, directory):
    firmware, kind, *variant = arguments.case.split("-")
    if kind == "memtest":
        return judge_memtest(arguments, firmware, directory)
    _, build, run = VARIANTS["-".join(variant)]
    kernel, image = kernel_file(kind), directory / "linux.img"
    disks, sums = ramdisks(arguments, directory, HIGH_PADDING if variant == ["high"] else 0)
    # Of the firmware's logo, Linux would keep the memory, which lies wherever.
    line = f"console=ttyS0 bgrt_disable {sums}"
    options = [option for disk in disks for option in ("--ramdisk", disk)]
    machine.build_image(arguments.imgtool, kernel, image, *options, *build, "--cmdline", line)
    outcome = machine.run_qemu(arguments.imgtool, image, directory, "--memory", "512M", "--firmware", firmware, *run)
    wrong = judge_output(arguments, line, outcome)
    if wrong is None and not variant:
        joined = directory / "joined.cpio"
        joined.write_bytes(disks[0].read_bytes() + b"\0\0\0" + disks[1].read_bytes())
        wrong = compare(outcome.output, boot_by_qemu(firmware, kernel, joined, line))
    if wrong is not None:
        machine.keep_screen(directory, arguments.keep, "linux/" + arguments.case)
        return wrong + outcome.describe()
    return None


if __name__ == "__main__":
    machine.run_cases(cases(), judge)
