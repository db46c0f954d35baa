#!/usr/bin/env python3
"""imgtool doctor, judged by dpkg: doctor.py IMGTOOL

What it finds is where dpkg says that the package has it, and what it does not find is named in the line for apt-get.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

OK, USAGE, MISSING = 0, 2, 7


def run(imgtool, *words, path):
    done = subprocess.run([imgtool, "doctor", *words], capture_output=True, check=False, timeout=60, text=True,
                          env=os.environ | {"PATH": path})  # fmt: skip
    return done.returncode, done.stdout


def owner(path):
    done = subprocess.run(["dpkg", "-S", os.path.realpath(path)], capture_output=True, text=True, check=False)
    return done.stdout.split(":")[0]


def check_here(imgtool):
    code, said = run(imgtool, "--json", path=os.environ["PATH"])
    report = json.loads(said)
    assert (report["schema"], report["version"]) == ("imgtool-doctor", 1), report
    missing = [item for item in report["items"] if item["required"] and not item["present"]]
    assert report["ready"] == (not missing) and code == (MISSING if missing else OK), report
    for item in report["items"]:
        program = shutil.which(item["name"])
        if item["present"] and program:
            assert item["detail"] == program, item
        path = item.get("detail", "")
        if item["present"] and item.get("package") and shutil.which("dpkg") and os.path.exists(path):
            assert owner(path) == item["package"], (item, owner(path))


def check_bare(imgtool, directory):
    """A machine on which only one of the programs is installed."""
    code, said = run(imgtool, "--json", path=directory)
    report = json.loads(said)
    programs = {item["name"]: item for item in report["items"] if item["name"] in ("qemu-system-x86_64", "qemu-img", "gdb")}
    assert code == MISSING and not report["ready"] and len(programs) == 3, report
    assert not any(item["present"] or "detail" in item for item in programs.values()), report
    assert {"qemu-system-x86", "qemu-utils"} <= set(report["install"].split()), report
    assert "gdb" not in report["install"].split(), report
    tool = Path(directory) / "qemu-img"
    tool.write_text("#!/bin/sh\n")
    assert "qemu-utils" in json.loads(run(imgtool, "--json", path=directory)[1])["install"], "it can't be executed"
    tool.chmod(0o755)
    assert "qemu-utils" not in json.loads(run(imgtool, "--json", path=directory)[1])["install"]
    code, said = run(imgtool, path=directory)
    lines = said.splitlines()
    assert code == MISSING and any(line.split()[:2] == ["missing", "qemu-system-x86_64"] for line in lines), said
    assert any(line.split()[:2] == ["ok", "qemu-img"] for line in lines), said
    assert any("apt-get install" in line and "qemu-system-x86" in line for line in lines), said


def main():
    imgtool = os.path.abspath(sys.argv[1])
    check_here(imgtool)
    with tempfile.TemporaryDirectory(prefix="stagecoach-doctor-") as directory:
        check_bare(imgtool, directory)
    assert run(imgtool, "more", path="/none")[0] == USAGE


if __name__ == "__main__":
    main()
