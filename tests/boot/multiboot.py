#!/usr/bin/env python3
"""Boots Multiboot kernels as guests: multiboot.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

multiboot.py list prints the cases with their labels: DOOR-KERNEL. Our own kernels (tests/kernels/multiboot) check their registers and
all that they are told, and print what is to be judged here; Xen is Debian's, and so is the Linux that it has as its dom0; os.elf is a
file of imgtool build-direct, which boots the conformance kernel in turn.
"""

import gzip
import re
import subprocess
from pathlib import Path

import digests as digests_of_door
import linux
import machine

XEN = linux.FETCHED / "xen-hypervisor-4.17-amd64"
DOORS = {
    "bios": ["--firmware", "bios"],
    "uefi": ["--firmware", "uefi"],
    "cd": ["--firmware", "bios"],
    "net": ["--firmware", "bios"],
    "netuefi": ["--firmware", "uefi"],
    "direct": ["--direct"],
    "bochs": [],
    "uboot": ["--firmware", "bios", "--machine", "pc", "--disk", "ide"],
}
KERNELS = ["multiboot2", "multiboot2-text", "multiboot2-elf64", "multiboot2-high", "multiboot2-raw", "multiboot2-lowest",
           "multiboot2-highest", "multiboot2-efi", "multiboot2-sections", "multiboot2-low", "multiboot2-busy", "multiboot1", "multiboot1-text",
           "multiboot1-raw", "multiboot1-low"]  # fmt: skip
CHOSEN = {  # by default; each costs a second on a BIOS and five on UEFI
    "bios": {"multiboot2", "multiboot2-text", "multiboot2-elf64", "multiboot2-raw", "multiboot2-highest", "multiboot2-sections", "multiboot2-busy",
             "multiboot1", "multiboot1-low"},
    "uefi": {"multiboot2-low", "multiboot2-efi", "multiboot1"},
    "cd": {"multiboot2"},
    "net": {"multiboot2"},
    "netuefi": set(),
    "direct": {"multiboot2"},
    "bochs": {"multiboot1"},
    "uboot": {"multiboot2"},
}  # fmt: skip
OTHERS = {"bios-xen": "default", "uefi-xen": "full", "bios-xen-dom0": "full", "bios-os": "default", "uefi-os": "full", "bios-headers": "default"}
WHOLE = ("bios", "uefi", "bochs", "uboot")  # the doors that all kernels go through
BIOSES = ("bios", "cd", "bochs")  # those where a boot disk has a number
SECTIONS = 900  # of multiboot2-sections, of which readelf counts still more
# Of these a BIOS tells version 1; the second disk is there for that.
SECOND_DISK = ["-drive", "if=none,id=second,format=raw,file.driver=null-co,file.size=50M,file.read-zeroes=on", "-device",
               "virtio-blk-pci,drive=second"]  # fmt: skip
# OVMF has its own where multiboot2-busy goes, for good.
# multiboot2-high needs a screen, and U-Boot tells of none.
REFUSED = {"uefi-multiboot2-busy": "606", "uboot-multiboot2-high": "435"}
MODULES = [(b"first" * 20000, "one", ""), (b"second\n", "two", "words of  its own"), (bytes(range(256)), "three", "x=1")]
LINE = "one  two=2 'three'"


def cases():
    for door in DOORS:
        for kernel in KERNELS if door in WHOLE else ["multiboot2", "multiboot1"]:
            yield "default" if kernel in CHOSEN[door] else "full", f"{door}-{kernel}"
    for name, label in OTHERS.items():
        yield label, name


def write_modules(directory):
    """The first is the ramdisk, of which a kernel is told no string."""
    options = []
    for number, (content, name, text) in enumerate(MODULES):
        path = directory / name
        path.write_bytes(content)
        options += ["--ramdisk", path] if number == 0 else ["--module", f"{path}:{name}:{text}"]
    return options


def start(arguments, door, kernel, options, directory, *more):
    image, words = directory / "multiboot.img", [*DOORS[door], *more]
    if door.startswith("net"):
        machine.build_netboot(arguments.imgtool, kernel, directory / "net", *options)
        return machine.run_qemu(arguments.imgtool, directory / "net", directory, *words)
    if door == "direct":
        subprocess.run([arguments.imgtool, "build-direct", "--quiet", "-o", image, *options, kernel], check=True)
    elif door == "cd":
        machine.build_image(arguments.imgtool, kernel, image, "--iso", *options)
        words += ["--disk", "cdrom"]
    else:
        machine.build_image(arguments.imgtool, kernel, image, *options)
    if door == "bochs":
        return machine.run_bochs(image, directory, "corei7_haswell_4770")
    if door == "uboot":
        words += ["--", "-bios", machine.need(machine.UBOOT_ROM, "u-boot-qemu")]
    elif door == "bios":
        words += ["--", *SECOND_DISK]
    return machine.run_qemu(arguments.imgtool, image, directory, *words)


def told(tag, output):
    return [line.rstrip("\r") for line in re.findall(rf"^{tag} (.*)$", output, re.MULTILINE)]


def sections_of(kernel):
    """As readelf counts them; a file without any has none to show."""
    done = subprocess.run(["readelf", "-hW", kernel], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    found = re.search(r"Number of section headers:\s+(\d+)", done.stdout)
    size = re.search(r"Size of section headers:\s+(\d+)", done.stdout)
    return [f"{found[1]} of {size[1]} bytes"] if found else []


def expected_tags(door, name, version):
    """What there is to tell besides what the kernel demands: bits of tags, or flags of version 1."""
    raw, text, uefi = "raw" in name, screen_of(door, name) is not None and screen_of(door, name)[0] == 2, "uefi" in door or door == "uboot"
    screen = door not in ("direct", "uboot")  # a microVM has none, nor does U-Boot tell of one
    kept = uefi and name == "multiboot2-efi"
    if version == 1:
        return 0x24D | (0x1000 if screen else 0) | (0 if raw else 0x20) | (2 if door in BIOSES else 0) | (0x500 if door in (*BIOSES, "net") else 0) | (0x80 if drives_of(door) else 0)
    always = [1, 2, 3] + ([8] if screen else []) + ([] if raw else [9]) + ([] if kept else [4, 6])
    if uefi:
        always += [12, 20, 18] if kept else [12, 17]
    elif door in BIOSES:
        always += [5] + ([] if text else [7])
    if door in (*BIOSES, "net"):
        always += [10]
    if name in ("multiboot2-lowest", "multiboot2-highest", "multiboot2-efi"):
        always += [21]
    if door in ("net", "netuefi"):
        always += [16]
    return sum(1 << bit for bit in always)


def drives_of(door):
    """Hard disks, by the BIOS's numbers; it has no other word of a CD than the boot device."""
    return {"bios": ["80", "81"], "bochs": ["80"]}.get(door, [])


def screen_of(door, name):
    """Type and size of the screen; None: whatever there is."""
    if door == "bochs":
        return 2, "80x25"  # its BIOS has no mode with a linear framebuffer
    if "text" in name or name in ("multiboot2-lowest", "multiboot2-highest", "multiboot1-low"):
        return (2, "80x25") if door == "bios" else None
    return (1, "800x600") if door in ("bios", "uefi", "cd") else None


def judge_facts(door, name, kernel, output):
    version = int(name[len("multiboot")])
    wanted = [f"{len(content)} {linux.fnv1a(content):x} [{text}]" for content, _, text in MODULES]
    if told("MODULE", output) != wanted:
        return f"modules are {told('MODULE', output)}, not {wanted}\n"
    if told("CMDLINE", output) != [f"[{LINE}]"]:
        return "the command line is another\n"
    tags = re.search(r"^VERSION (\d), tags ([0-9a-f]+)", output, re.MULTILINE)
    wanted = expected_tags(door, name, version)
    if int(tags[1]) != version or int(tags[2], 16) & wanted != wanted:
        return f"version {tags[1]} with tags {tags[2]}, expected {wanted:x}\n"
    if "raw" not in name and told("SECTIONS", output) != sections_of(kernel):
        return f"sections are {told('SECTIONS', output)}, not {sections_of(kernel)}\n"
    if name == "multiboot2-sections" and told("APART", output) != [str(SECTIONS)]:
        return f"sections loaded apart are {told('APART', output)}\n"
    drives = drives_of(door)
    if version == 1 and told("DRIVE", output) != drives:
        return f"drives are {told('DRIVE', output)}, not {drives}\n"
    if door.startswith("net") and version == 2 and not "".join(told("DHCP", output)).endswith("magic 63538263"):
        return f"the packet of DHCP is {told('DHCP', output)}\n"
    screen = screen_of(door, name)
    if screen and not any(line.startswith(f"{screen[0]} {screen[1]},") for line in told("SCREEN", output)):
        return f"the screen is {told('SCREEN', output)}, not {screen}\n"
    return None


def judge_own(arguments, door, name, directory):
    kernel = Path(arguments.kernels) / f"{name}.elf"
    outcome = start(arguments, door, kernel, [*write_modules(directory), "--cmdline", LINE], directory)
    both = outcome.output + outcome.e9
    if refusal := REFUSED.get(f"{door}-{name}"):
        return None if f"BOOT-ERR {refusal} " in both else f"no BOOT-ERR {refusal}\n" + outcome.describe()
    if (outcome.code != 0 and door != "bochs") or "BOOT-OK multiboot" not in outcome.output or "BOOT-ERR" in both or "BOOT-BAD" in both:
        return "no success\n" + outcome.describe()
    wrong = judge_facts(door, name, kernel, outcome.output)
    return wrong + outcome.describe() if wrong else None


def judge_xen(arguments, door, dom0, directory):
    """To the kernel of its dom0; or on, to that one's own end for want of a root. Whoever is not GRUB 2 gives it a name first."""
    packed = sorted(XEN.glob("boot/xen-*.gz"))
    if not packed:
        machine.skip("no xen-hypervisor-4.17-amd64: cmake/fetch-kernels.sh")
    xen = directory / "xen"
    xen.write_bytes(gzip.decompress(packed[-1].read_bytes()))
    machine.need("grub-file", "grub-common")
    for kind in ("multiboot", "multiboot2"):
        subprocess.run(["grub-file", f"--is-x86-{kind}", xen], check=True)
    vmlinuz = linux.kernel_file("cloud")
    options = ["--module", f"{vmlinuz}:linux:vmlinuz console=hvc0 earlyprintk=xen panic=1",
               "--cmdline", "xen console=com1 com1=115200,8n1 dom0_mem=512M sync_console loglvl=all"]  # fmt: skip
    mark = "Kernel panic - not syncing" if dom0 else "Dom0 kernel: 64-bit"
    outcome = start(arguments, door, xen, options, directory, "--memory", "1G", "--success-pattern", mark)
    wanted = ["Xen version 4.17", "Bootloader: Stagecoach", "Command line: console=com1", "System RAM: ", mark]
    missing = [text for text in wanted if text not in outcome.output]
    return f"Xen did not say {missing}\n" + outcome.describe() if missing else None


def judge_os(arguments, door, directory):
    """A file of build-direct is a Multiboot kernel too; it hands on what it is given."""
    kernel = Path(arguments.kernels) / "conformance.elf"
    options = ["--cmdline", machine.command_line("no-ramdisk modules=0")]
    file = directory / "os.elf"
    subprocess.run([arguments.imgtool, "build-direct", "--quiet", "-o", file, kernel, *options], check=True)
    chained = start(arguments, door, file, [], directory)
    straight = start(arguments, door, kernel, options, directory)
    digests = [digests_of_door.digest_of(outcome) for outcome in (chained, straight)]
    if None in digests or digests[0] != digests[1] or "started by Stagecoach" not in chained.output:
        return f"digests are {digests}\n" + chained.describe()
    return None


def judge_headers(arguments):
    """GRUB's judge and imgtool agree on which of the kernels has which header."""
    machine.need("grub-file", "grub-common")
    for name in KERNELS:
        kernel = Path(arguments.kernels) / f"{name}.elf"
        said = subprocess.run([arguments.imgtool, "explain", kernel], stdout=subprocess.PIPE, text=True, check=True).stdout
        for version, kind in ((1, "multiboot"), (2, "multiboot2")):
            is_kind = subprocess.run(["grub-file", f"--is-x86-{kind}", kernel], check=False).returncode == 0
            if is_kind != (name[len("multiboot")] == str(version)) or is_kind != (f": Multiboot{version}\n" in said):
                return f"{name}: grub-file says {is_kind} of {kind}, imgtool: {said}"
    return None


def judge(arguments, directory):
    door, name = arguments.case.split("-", 1)
    if name in KERNELS:
        return judge_own(arguments, door, name, directory)
    if name.startswith("xen"):
        return judge_xen(arguments, door, name.endswith("dom0"), directory)
    return judge_headers(arguments) if name == "headers" else judge_os(arguments, door, directory)


if __name__ == "__main__":
    machine.run_cases(cases(), judge)
