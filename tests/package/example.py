#!/usr/bin/env python3
"""An example kernel, built and booted as its README says: example.py EXAMPLES INSTALLED LANGUAGE SYSTEM

The project is a copy in a directory of its own, and knows only what the package has installed. All boot under BIOS, some under
UEFI as well.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from user import environment, need

PROGRAMS = {"c": {"gcc": "gcc"}, "cpp": {"g++": "g++"}, "rust": {"rustc": "rustc-web"}}
SYSTEMS = {"cmake": {"cmake": "cmake"}, "make": {"make": "make"}, "meson": {"meson": "meson"}}
BOTH = (("c", "cmake"), ("cpp", "meson"), ("rust", "make"))


def build_commands(system):
    return {
        "cmake": [["cmake", "-S", ".", "-B", "build"], ["cmake", "--build", "build"]],
        "make": [["make"]],
        "meson": [["meson", "setup", "build"]],
    }[system]


def boot_commands(system, both):
    return {
        "cmake": [["ctest", "--test-dir", "build", "-V", *([] if both else ["-R", "bios"])]],
        "make": [["make", "check"]] if both else [["imgtool", "run", "hello.img", "--timeout", "120"]],
        "meson": [["meson", "test", "-C", "build", "-v", *([] if both else ["boot-bios"])]],
    }[system]


def check_logs(project, both):
    """What add_boot_test() leaves."""
    names = {path.name for path in (project / "build/boot-logs").iterdir()}
    wanted = {f"boot-{firmware}.{ending}" for firmware in ("bios", "uefi")[: 1 + both] for ending in ("log", "png")}
    assert names == wanted, names


def main():
    examples, installed, language, system = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]
    need(**{"qemu-system-x86_64": "qemu-system-x86"}, **PROGRAMS[language], **SYSTEMS[system])
    both = (language, system) in BOTH
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "project"
        shutil.copytree(examples / language, project)
        said = ""
        for words in build_commands(system) + boot_commands(system, both):
            done = subprocess.run(words, cwd=project, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
                                  stderr=subprocess.STDOUT, env=environment(installed / "usr", name))  # fmt: skip
            print(done.stdout)
            assert done.returncode == 0, f"{words}: exit code {done.returncode}"
            said += done.stdout
        assert "warning:" not in said, "a compiler complains"
        assert said.count("hello from ") == 1 + both, "not as many boots as there are firmwares"
        if system == "cmake":
            check_logs(project, both)


if __name__ == "__main__":
    main()
