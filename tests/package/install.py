#!/usr/bin/env python3
"""cmake --install below DESTDIR and any prefix, and a tree that was moved afterwards: install.py SOURCE BUILD

An in-between project asks CMake and pkg-config where things are: all of it must be in the moved tree.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from user import environment, need

PROJECT = """cmake_minimum_required(VERSION 3.20)
project(asks LANGUAGES C)
enable_testing()
find_package(Stagecoach 0.1 REQUIRED)
get_target_property(include Stagecoach::kernel-api INTERFACE_INCLUDE_DIRECTORIES)
get_target_property(program Stagecoach::imgtool LOCATION)
file(WRITE ${CMAKE_BINARY_DIR}/answers "${include}\\n${program}\\n${Stagecoach_RUST_DIR}/stagecoach.rs\\n")
add_boot_image(image KERNEL kernel.elf OUTPUT sub.img OPTIONS --cmdline "a b" DEPENDS CMakeLists.txt)
add_boot_test(all IMAGE image FIRMWARE bios uefi direct TIMEOUT 30 SUCCESS_PATTERN "it works" OPTIONS --memory 64M)
"""


def answers(directory, prefix):
    (directory / "CMakeLists.txt").write_text(PROJECT)
    (directory / "kernel.elf").write_bytes(b"")
    subprocess.run(["cmake", "-S", ".", "-B", "build"], cwd=directory, check=True, stdout=subprocess.DEVNULL,
                   env=environment(prefix, directory))  # fmt: skip
    tests = subprocess.run(["ctest", "--test-dir", "build", "-N", "-V"], cwd=directory, check=True, text=True,
                           stdout=subprocess.PIPE, env=environment(prefix, directory)).stdout  # fmt: skip
    for firmware in ("bios", "uefi", "direct"):
        assert f"all/{firmware}\n" in tests, tests
    assert '"--direct"' in tests and '"--success-pattern" "it works"' in tests and '"--memory" "64M"' in tests, tests
    return [Path(line) for line in (directory / "build/answers").read_text().splitlines()]


def pkg_config(prefix, directory, *words):
    """One word, as a shell would take it."""
    said = subprocess.run(["pkg-config", *words, "stagecoach"], check=True, text=True, stdout=subprocess.PIPE,
                          env=environment(prefix, directory)).stdout  # fmt: skip
    (word,) = shlex.split(said)
    return word


def check(prefix, directory):
    include, program, module = answers(directory, prefix)
    assert include == prefix / "include" and program == prefix / "bin/imgtool", (include, program)
    assert module == prefix / "share/stagecoach/rust/stagecoach.rs" and module.exists(), module
    flags = pkg_config(prefix, directory, "--cflags")
    assert os.path.realpath(flags.removeprefix("-I")) == str(prefix / "include"), flags
    assert os.path.realpath(pkg_config(prefix, directory, "--variable=imgtool")) == str(program)
    assert os.path.realpath(pkg_config(prefix, directory, "--variable=rustdir")) == str(module.parent)
    version = subprocess.run([program, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[1]
    assert pkg_config(prefix, directory, "--modversion") == version
    assert {path.name for path in (include / "stagecoach").iterdir()} >= {"boot.h", "print.h", "debug.h"}


def main():
    build = Path(sys.argv[2]).resolve()
    need(**{"pkg-config": "pkgconf"})
    with tempfile.TemporaryDirectory() as name:
        home = Path(name).resolve()
        subprocess.run(["cmake", "--install", build, "--prefix", "/opt/some where"], check=True, stdout=subprocess.DEVNULL,
                       env=os.environ | {"DESTDIR": str(home / "root")})  # fmt: skip
        assert {path.name for path in home.iterdir()} == {"root"} and not Path("/opt/some where").exists()
        first, moved = home / "root/opt/some where", home / "else where"
        for path in first.rglob("*"):
            if path.is_file() and path.suffix not in (".md", ".png", ".svg", ".gz") and path.name != "imgtool":
                assert str(home) not in path.read_text() and str(build) not in path.read_text(), path
        shutil.move(first, moved)
        project = home / "project"
        project.mkdir()
        check(moved, project)


if __name__ == "__main__":
    main()
