#!/usr/bin/env python3
"""A file of imgtool build-direct before independent judges: direct_file.py IMGTOOL KERNEL LOADER_ELF

grub-file knows the headers of both Multiboots and of Xen's PVH, readelf the notes and segments, cpio the archive; the loader
must have no relocation but those that it applies itself. The same inputs must give the same bytes.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
import relocation  # noqa: E402

PHYS32_ENTRY, PHYS32_RELOC = 0x12, 0x13


def output(*command):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout


def build(imgtool, target, *options):
    subprocess.run([imgtool, "build-direct", "--quiet", "-o", target, *options], check=True, stdin=subprocess.DEVNULL)
    return target


def is_known(kind, path):
    return subprocess.run(["grub-file", f"--is-x86-{kind}", path], check=False).returncode == 0


def check_headers(imgtool, kernel, directory):
    for options, kinds in (([], ["multiboot", "multiboot2", "xen-dom0"]), (["--pvh"], ["multiboot2", "xen-dom0"])):
        for name, content in (("whole", [kernel]), ("bare", [])):
            path = build(imgtool, directory / name, *content, *options, *(["--force"] if options else []))
            for kind in ("multiboot", "multiboot2", "xen-dom0"):
                assert is_known(kind, path) == (kind in kinds), (name, options, kind)


def check_elf(path):
    text = output("readelf", "-nlW", path)
    notes = [int(number, 16) for number in re.findall(r"note type: \((0x[0-9a-f]+)\)", text)]
    assert notes == [PHYS32_ENTRY, PHYS32_RELOC], text
    segments = dict(re.findall(r"^ +(LOAD|NOTE) .* (0x[0-9a-f]+)$", text, re.MULTILINE))
    assert segments == {"LOAD": "0x1000", "NOTE": "0x4"}, text


def check_archive(imgtool, kernel, path, directory):
    inspected = path.read_bytes()
    start = relocation.loader_size(inspected)
    tree = directory / "tree"
    tree.mkdir()
    subprocess.run(["cpio", "-idm", "--quiet"], cwd=tree, input=inspected[start:], check=True)
    assert (tree / "kernel.elf").read_bytes() == Path(kernel).read_bytes()
    assert (tree / "etc/one").read_bytes() == (directory / "one").read_bytes()
    assert "cmdline quiet" in (tree / "stagecoach.conf").read_text().splitlines()
    second = build(imgtool, directory / "second", kernel, "--cmdline", "quiet", "--file", f"{directory / 'one'}:/etc/one")
    assert second.read_bytes() == inspected, "the same inputs, other bytes"


def check_relocations(loader):
    kinds = set(re.findall(r"R_X86_64_\w+", output("readelf", "-rW", loader)))
    assert kinds == {"R_X86_64_RELATIVE"}, kinds


def main():
    imgtool, kernel, loader = sys.argv[1:]
    for tool, package in (("grub-file", "grub-common"), ("cpio", "cpio")):
        if not shutil.which(tool):
            print(f"SKIP: {tool} is missing: apt-get install --no-install-recommends {package}")
            return 77
    with tempfile.TemporaryDirectory(prefix="stagecoach-direct-file-") as name:
        directory = Path(name)
        check_headers(imgtool, kernel, directory)
        (directory / "one").write_bytes(b"one file")
        path = build(imgtool, directory / "os.elf", kernel, "--cmdline", "quiet", "--file", f"{directory / 'one'}:/etc/one")
        check_elf(path)
        check_archive(imgtool, kernel, path, directory)
    check_relocations(loader)
    return 0


if __name__ == "__main__":
    sys.exit(main())
