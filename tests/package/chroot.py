#!/usr/bin/env python3
"""The package on a machine that has nothing else: chroot.py INSTALLED DIRECTORY [EXISTING]

debootstrap makes a bare Debian 12 below DIRECTORY (or EXISTING is one). There apt installs the package (INSTALLED.deb) with what it
depends on; the program runs, doctor says what is missing, pages and completions are there, and the examples that the package brings
are built with the compilers that a user would install. When it is purged, nothing is left. Exit code 77: no root, no
debootstrap, or no mirror.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIPPED = 77
MIRROR = os.environ.get("STAGECOACH_MIRROR", "http://deb.debian.org/debian")
TOOLS = ["gcc", "libc6-dev", "g++", "make", "cmake", "ninja-build", "meson", "pkgconf"]
EXAMPLES = "/usr/share/doc/stagecoach/docs/examples"
BUILDS = {
    "c cmake": "cmake -S . -B build -G Ninja && cmake --build build",
    "c make": "make",
    "c meson": "meson setup build && ninja -C build",
    "cpp cmake": "cmake -S . -B build -G Ninja && cmake --build build",
    "cpp make": "make",
    "cpp meson": "meson setup build && ninja -C build",
}


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIPPED)


class Machine:
    def __init__(self, root):
        self.root = root

    def run(self, line, expect=0):
        done = subprocess.run(["chroot", self.root, "/bin/sh", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
                                   "DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
        assert done.returncode == expect, f"{line}: exit code {done.returncode}\n{done.stdout}"
        return done.stdout

    def apt(self, words):
        self.run(f"apt-get -qq -y --no-install-recommends {words}")


def make_root(root):
    done = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root, MIRROR], stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip
    if done.returncode != 0:
        skip(f"debootstrap from {MIRROR}: {done.stdout.strip().splitlines()[-1:]}")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)


def installs(machine, package):
    shutil.copy(package, machine.root / "root/stagecoach.deb")
    machine.apt("update")
    machine.apt("install /root/stagecoach.deb")
    text = machine.run("imgtool --help")
    commands = re.findall(r"^  (\S+) ", text.split("\nCommands:\n")[1].split("\n\n")[0], re.MULTILINE)
    assert len(commands) > 10, text
    for command in commands:
        assert (machine.root / f"usr/share/man/man1/imgtool-{command}.1.gz").exists(), command
    said = machine.run("imgtool doctor", expect=7)
    assert re.search(r"apt-get install .*qemu-system-x86.*ovmf", said), said
    machine.run("bash -c '. /usr/share/bash-completion/completions/imgtool && complete -p imgtool'")
    assert "apt-get install" in machine.run("imgtool run /root/none.img", expect=7)


def builds(machine):
    machine.apt("install " + " ".join(TOOLS))
    for name, line in BUILDS.items():
        language, system = name.split()
        place = f"/root/{language}-{system}"
        machine.run(f"cp -r {EXAMPLES}/{language} {place} && cd {place} && {line}")
        (image,) = [path for path in (machine.root / place[1:]).rglob("*.img")]
        machine.run(f"imgtool verify /{image.relative_to(machine.root)}")
        machine.run(f"rm -r {place}")


def leaves_nothing(machine):
    machine.apt("purge stagecoach")
    machine.run("rm /root/stagecoach.deb")
    assert "stagecoach" not in machine.run("dpkg -l")
    left = machine.run("find / -xdev \\( -iname '*stagecoach*' -o -iname '*imgtool*' \\) -not -path '/proc/*'")
    assert left == "", f"left behind: {left}"


def main():
    package = Path(sys.argv[1]).resolve().with_suffix(".deb")
    if os.geteuid() != 0:
        skip("a chroot needs root")
    if not shutil.which("debootstrap"):
        skip("debootstrap is missing: apt-get install --no-install-recommends debootstrap")
    with tempfile.TemporaryDirectory(prefix="chroot-", dir=sys.argv[2]) as name:
        root = Path(sys.argv[3]) if sys.argv[3:] else Path(name) / "bookworm"
        if not sys.argv[3:]:
            make_root(root)
        machine = Machine(root)
        installs(machine, package)
        builds(machine)
        leaves_nothing(machine)


if __name__ == "__main__":
    main()
