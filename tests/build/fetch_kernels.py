#!/usr/bin/env python3
"""cmake/fetch-kernels.sh with an apt of our own, whose package lists are sound, missing or outdated: fetch_kernels.py SOURCE

The packages are real ones, made here; what counts is that their kernels are there afterwards, and nothing else.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VERSION, OLD_VERSION = "6.1.0-9", "6.1.0-8"
# `lists` holds the version that the lists name, `server` the packages that can be had; without it there is no network.
APT_CACHE = """#!/bin/sh
[ -e "$WORLD/lists" ] || exit 100
for package; do :; done
echo "$package"
echo "  Depends: linux-image-$(cat "$WORLD/lists")-${package#linux-image-}"
"""
APT_GET = """#!/bin/sh
echo "$*" >>"$WORLD/calls"
for last; do :; done
case " $* " in
*" update "*) [ -d "$WORLD/server" ] && cp "$WORLD/newest" "$WORLD/lists" ;;
*" download "*) cp "$WORLD/server/$last.deb" . ;;
*) exit 100 ;;
esac
"""


def program(path, text):
    path.write_text(text)
    path.chmod(0o755)


def package(world, name):
    """A package with a kernel, and with something that the script has no business with."""
    root = world / name
    for path, text in {"DEBIAN/control": f"Package: {name}\nVersion: 1\nArchitecture: amd64\nMaintainer: me <me@invalid>\n"
                                         "Description: a kernel\n",
                       f"boot/vmlinuz-{name}": "kernel", "lib/modules/none": "module"}.items():  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, world / f"server/{name}.deb"], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def image_of(name):
    """The package that has the kernel: Linux's are named by others without a version."""
    return f"linux-image-{VERSION}-{name.removeprefix('linux-image-')}" if name.startswith("linux-") else name


class World:
    """A copy of the scripts, an apt, and a server with the newest kernels."""

    def __init__(self, directory, source, lists):
        self.root = directory
        shutil.copytree(source / "cmake", directory / "cmake")
        (directory / "programs").mkdir()
        (directory / "server").mkdir()
        program(directory / "programs/apt-cache", APT_CACHE)
        program(directory / "programs/apt-get", APT_GET)
        program(directory / "programs/sudo", '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n')
        (directory / "newest").write_text(VERSION)
        if lists:
            (directory / "lists").write_text(lists)
        words = [directory / "cmake/install-packages.sh", "--list", "kernels"]
        self.wanted = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        for name in self.wanted:
            package(directory, image_of(name))

    def fetch(self):
        """Exit code, what was said, how often the lists were fetched and packages downloaded."""
        calls = self.root / "calls"
        calls.write_text("")
        done = subprocess.run([self.root / "cmake/fetch-kernels.sh"], text=True, check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=os.environ | {"PATH": f"{self.root}/programs:{os.environ['PATH']}",
                                                "WORLD": str(self.root)})  # fmt: skip
        text = calls.read_text()
        return done.returncode, done.stdout, text.count(" update"), text.count(" download ")

    def files(self):
        fetched = self.root / "build/debian-kernels"
        return sorted(str(path.relative_to(fetched)) for path in fetched.rglob("*") if path.is_file())

    def all_kernels(self):
        return sorted(f"{name}/boot/vmlinuz-{image_of(name)}" for name in self.wanted)


def check(source, lists, updates):
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name), source, lists)
        code, said, updated, _ = world.fetch()
        assert code == 0 and updated == updates, (lists, code, said, updated)
        assert world.files() == world.all_kernels() and len(world.wanted) == 3, world.files()
        assert world.fetch() == (0, "", 0, 0), "fetches what is there already"


def check_without_network(source):
    with tempfile.TemporaryDirectory() as name:
        world = World(Path(name), source, None)
        shutil.rmtree(world.root / "server")
        code, said, updated, _ = world.fetch()
        assert code == 1 and updated == 1 and f"{world.wanted[0]} can't be downloaded" in said, (code, said, updated)
        assert list((world.root / "build/debian-kernels").iterdir()) == []


def main():
    source = Path(sys.argv[1])
    if shutil.which("dpkg-deb") is None:
        print("SKIP: dpkg-deb is missing: not a Debian system")
        sys.exit(77)
    check(source, VERSION, 0)
    check(source, None, 1)
    check(source, OLD_VERSION, 1)
    check_without_network(source)


if __name__ == "__main__":
    main()
