#!/usr/bin/env python3
"""Each test that docs/compatibility.md names is one of ctest's: compatibility.py FILE BUILD

The names stand in the last column of its tables, in backquotes; `*` stands for any text.
"""

import fnmatch
import re
import subprocess
import sys

FEWEST = 80  # citations; far fewer mean that the tables were not understood


def cited(path):
    """Yields (line number, name)."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.startswith("| "):
                for name in re.findall(r"`([^`]+)`", line.rstrip().rstrip("|").rsplit("|", 1)[1]):
                    yield number, name


def main():
    path, build = sys.argv[1:]
    listed = subprocess.run(["ctest", "--test-dir", build, "-N"], capture_output=True, text=True, check=True).stdout
    tests = re.findall(r"^  Test +#\d+: (\S+)", listed, re.M)
    citations = list(cited(path))
    missing = [(number, name) for number, name in citations if not fnmatch.filter(tests, name)]
    for number, name in missing:
        print(f"{path}:{number}: there is no test {name}")
    print(f"{len(citations)} citations, {len(tests)} tests, {len(missing)} missing")
    return 1 if missing or len(citations) < FEWEST else 0


if __name__ == "__main__":
    sys.exit(main())
