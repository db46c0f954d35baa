#!/usr/bin/env python3
"""Random addresses on real firmware: aslr.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] CASE

aslr.py list prints the cases with their labels. A kernel that prints where it and everything else lies is booted several
times: each boot must give other addresses and another seed, or, with kaslr-seed, the same addresses and another seed. The
entropy cases look at what the seed is made of, on machines with and without the sources.
"""

import re
import sys
from pathlib import Path

import machine

RDSEED, RDRAND, FIRMWARE, TIMER = 1, 2, 4, 8
ENOUGH = 128  # bits, below which the loader warns
TOO_LITTLE = "could be guessed"

# Facts with more than 2^25 values: two of 16 boots agree by chance less than once in 10^5 runs.
WIDE = ("address", "kernel_address", "stack_address", "framebuffer", "ramdisk")
NARROW = ("physical_memory", "recursive_slot", "kernel_frames")  # these may meet now and then

# case: (label, number of boots)
SPREAD = {
    "bios/4-boots": ("default", 4),
    "bios/16-boots": ("full", 16),
    "uefi/16-boots": ("full", 16),
}
REPLAY = {"bios/replay": "default", "uefi/replay": "full"}

# case: (label, options of run, sources that must be in the seed, sources that must not)
ENTROPY = {
    "bios/without-rdrand": ("default", ["--cpu", "qemu64"], 0, RDSEED | RDRAND | FIRMWARE),
    "bios/rdrand": ("default", ["--cpu", "max"], RDRAND, FIRMWARE),  # emulated CPUs of today have no RDSEED
    "uefi/without-rdrand": ("full", ["--cpu", "qemu64"], 0, RDSEED | RDRAND | FIRMWARE),
    "uefi/virtio-rng": ("default", ["--cpu", "qemu64", "--", "-device", "virtio-rng-pci"], FIRMWARE, RDSEED | RDRAND),
}


class Layout:
    """What the kernel printed."""

    def __init__(self, outcome):
        self.facts = {}
        self.ranges = []
        for line in outcome.output.splitlines():
            words = line.split()
            if words[:1] == ["FACT"]:
                self.facts[words[1]] = int(words[2], 16)
            elif words[:1] == ["RANGE"]:
                self.ranges.append(line)
            elif words[:1] == ["KERNEL-FRAMES"]:
                self.facts["kernel_frames"] = int(words[1], 16)
            elif words[:1] == ["SEED"]:
                self.bits, self.sources, self.seed = int(words[1]), int(words[2], 16), words[3]
        self.warned = TOO_LITTLE in outcome.output


def boot_once(arguments, image, directory, firmware, *options):
    outcome = machine.run_qemu(arguments.imgtool, image, directory, "--firmware", firmware, *options)
    if outcome.code != 0 or "BOOT-OK" not in outcome.output or "BOOT-BAD" in outcome.output:
        sys.exit(outcome.describe())
    return Layout(outcome)


def make_image(arguments, directory, config):
    image, text = directory / "disk.img", directory / "stagecoach.conf"
    text.write_text(config)
    kernel = Path(arguments.kernels) / "report-aslr.elf"
    ramdisk = machine.write_payload(directory, 300001, 7)
    machine.build_image(arguments.imgtool, kernel, image, "--config", text, "--ramdisk", ramdisk)
    return image


def check(wrong, holds, text):
    if not holds:
        wrong.append(text)


def spread(arguments, firmware, count, directory):
    image = make_image(arguments, directory, "log-level warn\n")
    layouts = [boot_once(arguments, image, directory, firmware) for _ in range(count)]
    wrong = []
    for name in WIDE + NARROW:
        values = {layout.facts[name] for layout in layouts}
        least = count if name in WIDE else (count + 1) // 2
        print(f"{name}: {len(values)} of {count} are different: " + " ".join(f"{value:x}" for value in sorted(values)))
        check(wrong, len(values) >= least, f"{name} has {len(values)} values in {count} boots")
    check(wrong, len({layout.seed for layout in layouts}) == count, "two boots got the same seed")
    return wrong


def replay(arguments, firmware, directory):
    image = make_image(arguments, directory, "kaslr-seed 0123456789abcdef\n")
    one, two = (boot_once(arguments, image, directory, firmware) for _ in range(2))
    other = boot_once(arguments, make_image(arguments, directory, "kaslr-seed 0123456789abcdee\n"), directory, firmware)
    wrong = []
    check(wrong, one.facts == two.facts, f"facts differ: {one.facts} {two.facts}")
    if firmware == "bios":  # what EFI firmware leaves free may differ from run to run, and so may frames
        check(wrong, one.ranges == two.ranges, "page tables differ")
    check(wrong, one.seed != two.seed, "the kernel's seed is the same: it must not depend on kaslr-seed")
    for name in WIDE:
        check(wrong, one.facts[name] != other.facts[name], f"another kaslr-seed gives the same {name}")
    return wrong


def entropy(arguments, firmware, case, directory):
    _, options, wanted, unwanted = ENTROPY[case]
    image = make_image(arguments, directory, "log-level warn\n")
    layout = boot_once(arguments, image, directory, firmware, *options)
    print(f"{case}: {layout.bits} bits, sources {layout.sources:#x}")
    wrong = []
    check(wrong, layout.sources & wanted == wanted, "a source is missing")
    check(wrong, layout.sources & unwanted == 0, "a source is there that the machine has not")
    check(wrong, layout.warned == (layout.bits < ENOUGH), "a warning is missing, or there for nothing")
    check(wrong, wanted == 0 or layout.bits >= ENOUGH, "a good source, and yet too few bits")
    check(wrong, re.fullmatch("[0-9a-f]{64}", layout.seed) and len(set(layout.seed)) > 4, "the seed is not random")
    return wrong


def judge(arguments, directory):
    firmware = arguments.case.split("/")[0]
    if arguments.case in SPREAD:
        return spread(arguments, firmware, SPREAD[arguments.case][1], directory)
    if arguments.case in REPLAY:
        return replay(arguments, firmware, directory)
    return entropy(arguments, firmware, arguments.case, directory)


if __name__ == "__main__":
    machine.run_cases(
        [*((label, case) for case, (label, *_) in {**SPREAD, **ENTROPY}.items()),
         *((label, case) for case, label in REPLAY.items())], lambda *run: "\n".join(judge(*run)))  # fmt: skip
