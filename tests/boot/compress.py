#!/usr/bin/env python3
"""Boots images with compressed files: compress.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

compress.py list prints the cases with their labels. The kernel checks its own segments, and every byte of the ramdisk and the
module; the files on the volume are judged by lz4(1) and zstd(1), which must give back the originals.
"""

import subprocess
from pathlib import Path

import machine

METHODS = ["lz4", "zstd"]
SIZES = {"ramdisk": 20_000_000, "module": 300_000}
HEAD = b"STGPACK1"


def judge_file(arguments, image, path, method, original):
    """What is wrong with a compressed file, or None."""
    packed = subprocess.run([arguments.imgtool, "cat", image, path], capture_output=True, check=True).stdout
    if packed[8 : 8 + len(HEAD)] != HEAD:
        return f"{path} is not compressed"
    back = subprocess.run([machine.need(method, method), "-dc"], input=packed, capture_output=True, check=False)
    if back.returncode != 0 or back.stdout != original.read_bytes():
        return f"{method} -d does not give back {path}: {back.stderr.decode()}"
    return None


def judge_boot(arguments, image, directory, firmware):
    outcome = machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware, "--memory", "128M")
    if outcome.code == 0 and "BOOT-OK" in outcome.output and "BOOT-ERR" not in outcome.output + outcome.e9:
        return None
    machine.keep_screen(directory, arguments.keep, "compress/" + arguments.case)
    return outcome.describe()


def judge(arguments, directory):
    firmware, method = arguments.case.split("-")
    image, kernel = directory / "disk.img", Path(arguments.kernels) / "conformance-pie.elf"
    ramdisk = machine.write_payload(directory, SIZES["ramdisk"], 1)
    module = machine.write_payload(directory, SIZES["module"], 2)
    words = f"firmware={firmware} table=gpt ramdisk={SIZES['ramdisk']} modules=1"
    machine.build_image(arguments.imgtool, kernel, image, "--compress", method, "--ramdisk", ramdisk, "--module",
                        f"{module}:one:first module", "--cmdline", machine.command_line(words))  # fmt: skip
    for path, original in (("/kernel.elf", kernel), ("/ramdisk", ramdisk)):
        wrong = judge_file(arguments, image, path, method, original)
        if wrong:
            return wrong
    stored = subprocess.run([arguments.imgtool, "cat", image, "/modules/one"], capture_output=True, check=True).stdout
    if stored != module.read_bytes():  # noise does not become shorter
        return "/modules/one is not stored as it is"
    return judge_boot(arguments, image, directory, firmware)


if __name__ == "__main__":
    machine.run_cases([("default", f"{firmware}-{method}") for method in METHODS for firmware in ("bios", "uefi")], judge)
