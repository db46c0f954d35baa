#!/usr/bin/env python3
"""Makes one of the boots of failures.py fail: run_failure.py --imgtool PROGRAM --kernels DIRECTORY FIRMWARE/NAME

Passes if the expected BOOT-ERR line is the only one on COM1 and on port E9, and the machine then stands still (or resets,
where the configuration wants that).
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

import damage
import failures
import machine

EXIT_GUEST_FAILED = 10
EXIT_GUEST_RESET = 11


def spoiled_image(arguments, failure, directory):
    kernel = Path(arguments.kernels) / (failure.kernel if "." in failure.kernel else failure.kernel + ".elf")
    ramdisk = machine.write_payload(directory, failure.ramdisk, 1) if failure.ramdisk else None
    image = damage.Image(directory / "disk.img", kernel, ramdisk)
    options = ["--ramdisk", ramdisk] if ramdisk else []
    machine.build_image(arguments.imgtool, kernel, image.path, *failure.build, *options)
    failure.spoil(image)
    return image


BLKDEBUG = """\
[inject-error]
event = "none"
iotype = "read"
errno = "5"
sector = "{}"
"""


def unreadable_sector(image, offset, directory):
    """Options for QEMU that put a bad sector into the disk that imgtool gives it."""
    rules = directory / "blkdebug.conf"
    rules.write_text(BLKDEBUG.format(offset // damage.SECTOR))
    return ["-set", f"drive.boot.file=blkdebug:{rules}:{image.path}"]


def boot(arguments, firmware, failure, directory):
    image = spoiled_image(arguments, failure, directory)
    extra = unreadable_sector(image, failure.unreadable(image), directory) if failure.unreadable else []
    return machine.run_qemu(arguments.imgtool, image.path, directory, "--firmware", firmware, *failure.machine, "--",
                            *extra)  # fmt: skip


def error_lines(text):
    return re.findall(r"BOOT-ERR [^\r\n]*", text)


def line_problem(failure, lines, output):
    if len(lines) != 1:
        return f"{len(lines)} BOOT-ERR lines"
    if lines[0].split()[1] != failure.code:
        return f"not the expected code {failure.code}"
    if failure.said not in lines[0]:
        return f"the line does not say '{failure.said}'"
    announced = re.search(r"expecting vector (\d+), address ([0-9a-f]+)", output)
    if announced and f"vector {announced[1]}," not in lines[0]:
        return f"not the expected vector {announced[1]}"
    if announced and announced[1] == "14" and not re.search(f" (to|of) (0x)?{int(announced[2], 16):x},", lines[0]):
        return f"not the expected address {announced[2]}"
    return None


def problem(failure, outcome):
    """What is wrong with the outcome, or None."""
    if "BOOT-OK" in outcome.output + outcome.e9 or "BOOT-BAD" in outcome.output + outcome.e9:
        return "the kernel ran"
    for name, text in {"COM1": outcome.output, "port E9": outcome.e9}.items():
        wrong = line_problem(failure, error_lines(text), text)
        if wrong:
            return f"{name}: {wrong}"
    wanted = EXIT_GUEST_RESET if failure.resets else EXIT_GUEST_FAILED
    if outcome.code != wanted:
        return f"exit code {outcome.code}, not {wanted}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--keep")
    parser.add_argument("name")
    arguments = parser.parse_args()
    firmware, name = arguments.name.split("/")
    failure = failures.FAILURES[name]
    machine.clean_up_when_terminated()
    with tempfile.TemporaryDirectory(prefix="stagecoach-boot-") as path:
        directory = Path(path)
        outcome = boot(arguments, firmware, failure, directory)
        wrong = problem(failure, outcome)
        if wrong is None:
            return 0
        machine.keep_screen(directory, arguments.keep, "failure/" + arguments.name)
        print(outcome.describe())
        print(f"{arguments.name}: {wrong}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
