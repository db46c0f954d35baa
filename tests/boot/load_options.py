#!/usr/bin/env python3
"""Load options of BOOTX64.EFI: load_options.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

They come from OVMF's own shell, from a boot entry, from GRUB's chainloader, and from U-Boot, which takes its bootargs. The kernel
that the options name judges its command line and ramdisk; the one of the configuration on the volume is none that could succeed.
`load_options.py list` prints the cases with their labels.
"""

import os
import re
import struct
import subprocess
import zlib
from pathlib import Path

import damage
import efi_variables
import machine
import monitor

RAMDISK_SIZE = 300001
KERNEL, RAMDISK, LOADER = "/other/kernel.elf", "/other/the ramdisk", "/loader.efi"
SUCCESS = 33
END = re.compile(r"BOOT-(ERR|BAD) .*\n")
MARK_OF_EDK2 = bytes.fromhex("4eac0881119f594d850ee21a522c59b2")  # of entries that it makes itself
GRUB_MODULES = ["part_gpt", "fat", "chain", "search"]


class Bench:
    def __init__(self, arguments, directory):
        self.arguments, self.directory = arguments, directory
        self.line = machine.command_line(f"firmware=uefi table=gpt ramdisk={RAMDISK_SIZE} modules=0")
        self.variables = self.image = None

    def build(self, kernel, *options, loader=LOADER):
        """The loader is only where nothing looks for it, and so are the kernel and the ramdisk."""
        kernels = Path(self.arguments.kernels)
        ramdisk = machine.write_payload(self.directory, RAMDISK_SIZE, 3)
        self.image = damage.Image(self.directory / "disk.img", kernels / f"{kernel}.elf", None)
        machine.build_image(self.arguments.imgtool, self.image.kernel, self.image.path, "--file",
                            f"{kernels}/conformance.elf:{KERNEL}", "--file", f"{ramdisk}:{RAMDISK}", *options)  # fmt: skip
        if loader:
            program = self.directory / "loader.efi"
            self.image.mtools("mcopy", ("::/EFI/BOOT/BOOTX64.EFI", str(program)))
            self.image.delete("EFI/BOOT/BOOTX64.EFI")
            self.image.put(loader[1:], program.read_bytes())

    def words(self, kernel=KERNEL, ramdisk=RAMDISK.replace("/", "\\")):
        """As they are typed in a shell."""
        return f'kernel={kernel} "ramdisk={ramdisk}" log-level=debug cmdline="{self.line}"'

    def boot(self, *firmware):
        """QEMU's exit code, None if it had to be ended, and what was said on COM1 and port E9."""
        serial, e9 = self.directory / "serial.log", self.directory / "e9.log"
        qemu = machine.need("qemu-system-x86_64", "qemu-system-x86")
        command = [qemu, "-accel", "tcg", "-M", "q35", "-m", "256", "-display", "none", "-monitor", "none", "-nic", "none",
                   "-no-reboot", "-serial", f"file:{serial}", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
                   "-chardev", f"file,id=e9,path={e9}", "-device", "isa-debugcon,iobase=0xe9,chardev=e9",
                   "-drive", f"file={self.image.path},format=raw", *(firmware or machine.ovmf(self.variables))]  # fmt: skip
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, env=os.environ | {"TMPDIR": str(self.directory)}) as process:
            try:
                monitor.wait_for(lambda: process.poll() is not None or END.search(machine.text_of(e9)), "the end")
            finally:
                code = process.poll()
                process.kill()
        return code, machine.text_of(serial), machine.text_of(e9)

    def start_by_shell(self, words):
        self.image.put("startup.nsh", f"fs0:{LOADER} {words}\r\n".replace("/loader", "\\loader").encode())
        return self.boot()

    def start_by_entry(self, options):
        self.variables = self.directory / "variables"
        efi_variables.write(self.variables, efi_variables.path_to(self.image, LOADER.replace("/", "\\")), options)
        return self.boot()


def expect_boot(result):
    code, serial, e9 = result
    if code == SUCCESS and "BOOT-OK" in e9 and "BOOT-ERR" not in e9:
        return None
    return f"no BOOT-OK, exit code {code}\n--- COM1\n{serial}\n--- port E9\n{e9}"


def expect_refusal(result, *said):
    """The one BOOT-ERR line has all of these."""
    code, serial, e9 = result
    lines = re.findall(r"BOOT-ERR .*", e9)
    if code is None and len(lines) == 1 and all(text in lines[0] for text in said):
        return None
    return f"no refusal with {said}, exit code {code}\n--- COM1\n{serial}\n--- port E9\n{e9}"


def shell(bench):
    bench.build("fault-null", "--cmdline", "wrong")
    return expect_boot(bench.start_by_shell(bench.words().replace("/", "\\", 1)))


def shell_alone(bench):
    """Without a configuration the options are enough."""
    bench.build("fault-null")
    bench.image.delete("stagecoach.conf")
    return expect_boot(bench.start_by_shell(bench.words()))


def shell_name_only(bench):
    """The program's name alone is no option."""
    bench.build("conformance", "--cmdline", machine.command_line("firmware=uefi table=gpt no-ramdisk"))
    return expect_boot(bench.start_by_shell(""))


def shell_config(bench):
    bench.build("fault-null", "--cmdline", "wrong")
    bench.image.put("other.cfg", f"kernel {KERNEL}\nramdisk {RAMDISK}\ncmdline {bench.line}\n".encode())
    return expect_boot(bench.start_by_shell("config=\\other.cfg"))


def shell_no_such_file(bench):
    bench.build("conformance")
    return expect_refusal(bench.start_by_shell(bench.words("\\none.elf")), "BOOT-ERR 208 uefi", "/none.elf")


def shell_bad_value(bench):
    bench.build("conformance")
    return expect_refusal(bench.start_by_shell("kernel=fs0:\\kernel.elf"), "BOOT-ERR 302 uefi",
                          f"load options:1:{len('fs0:/loader.efi kernel=') + 1}: 'fs0:/kernel.elf'")  # fmt: skip


def entry(bench):
    bench.build("fault-null", "--cmdline", "wrong")
    return expect_boot(bench.start_by_entry(efi_variables.wide(bench.words())))


def entry_plain(bench):
    """efibootmgr writes 8-bit text unless it is told otherwise."""
    bench.build("fault-null", "--cmdline", "wrong")
    return expect_boot(bench.start_by_entry(bench.words().encode()))


def entry_junk(bench):
    bench.build("conformance", "--cmdline", machine.command_line("firmware=uefi table=gpt no-ramdisk"))
    return expect_boot(bench.start_by_entry(b"\xd8=\xd8kernel=x" + MARK_OF_EDK2))


def grub(bench):
    """GRUB puts no name in front, and takes quotes away."""
    machine.need("grub-mkimage", "grub-common grub-efi-amd64-bin")
    script, program = bench.directory / "grub.cfg", bench.directory / "grub.efi"
    script.write_text(f"search --set=root --file {LOADER}\n"
                      f"chainloader {LOADER} kernel={KERNEL} '\"ramdisk={RAMDISK}\"' cmdline={bench.line}\nboot\n")  # fmt: skip
    subprocess.run(["grub-mkimage", "-O", "x86_64-efi", "-p", "/", "-c", script, "-o", program, *GRUB_MODULES], check=True)
    bench.build("fault-null", "--cmdline", "wrong")
    bench.image.put("EFI/BOOT/BOOTX64.EFI", program.read_bytes())
    return expect_boot(bench.boot())


def uboot_script(text):
    """A script in U-Boot's envelope (include/image.h): a size for each part, 0 behind the last."""
    data = struct.pack(">II", len(text), 0) + text
    fields = [0x27051956, 0, 0, len(data), 0, 0, zlib.crc32(data), 5, 24, 6, 0, b"script"]  # Linux, x86_64, script, plain
    header = struct.pack(">7I4B32s", *fields)
    return struct.pack(">7I4B32s", fields[0], zlib.crc32(header), *fields[2:]) + data


def uboot(bench):
    rom = machine.need(machine.UBOOT_ROM, "u-boot-qemu")
    bench.build("fault-null", "--cmdline", "wrong")
    script = (f"setenv bootargs '{bench.words(ramdisk=RAMDISK)}'\n"
              f"load ${{devtype}} ${{devnum}}:${{distro_bootpart}} ${{kernel_addr_r}} {LOADER}\n"
              "bootefi ${kernel_addr_r}\n")  # fmt: skip
    bench.image.put("boot.scr", uboot_script(script.encode()))
    return expect_boot(bench.boot("-bios", rom))


CASES = {
    "shell": ("default", shell),
    "shell-alone": ("full", shell_alone),
    "shell-name-only": ("full", shell_name_only),
    "shell-config": ("full", shell_config),
    "shell-no-such-file": ("full", shell_no_such_file),
    "shell-bad-value": ("full", shell_bad_value),
    "entry": ("default", entry),
    "entry-plain": ("full", entry_plain),
    "entry-junk": ("full", entry_junk),
    "grub": ("full", grub),
    "uboot": ("full", uboot),
}


def judge(arguments, directory):
    return CASES[arguments.case][1](Bench(arguments, directory))


if __name__ == "__main__":
    machine.run_cases([(label, name) for name, (label, _) in CASES.items()], judge)
