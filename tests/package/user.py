"""A stranger's machine: what is installed, and an environment that knows nothing of this tree. For the tests beside this file."""

import os
import shutil
import sys
from pathlib import Path

SKIPPED = 77


def need(**programs):
    for program, package in programs.items():
        if not shutil.which(program):
            print(f"SKIP: {program} is missing: apt-get install --no-install-recommends {package}")
            sys.exit(SKIPPED)


def environment(prefix, home, **more):
    """`prefix` is where the package's /usr is."""
    prefix = Path(prefix)
    return {
        "PATH": f"{prefix}/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LC_ALL": "C.UTF-8",
        "CMAKE_PREFIX_PATH": str(prefix),
        "PKG_CONFIG_PATH": f"{prefix}/share/pkgconfig",
        "IMGTOOL_ACCEL": os.environ.get("IMGTOOL_ACCEL", "tcg"),
    } | more
