#!/usr/bin/env python3
"""Every status of common/status.h can be raised by the code, and a test expects it: status_coverage.py ROOT

Raised: named by a C file of the loader or of imgtool, or by its number in a text of an assembler file. Expected: named by
a unit test, or its number is a number or begins a string in a script of tests/boot or tests/image.
"""

import re
import sys
import tokenize
from pathlib import Path

CODE = ("common", "bios", "uefi", "imgtool")
SCRIPTS = ("tests/boot", "tests/image", "tests/handoff")
UNIT_TESTS = "tests/unit"


def statuses(root):
    """Pairs of name and number."""
    text = (root / "common/status.h").read_text()
    return [(name, number) for name, number in re.findall(r"\bS\((\w+), (\d+),", text) if number != "0"]


def files(root, folders, *suffixes):
    return [path for folder in folders for path in sorted((root / folder).rglob("*")) if path.suffix in suffixes]


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def names_in_c(paths):
    text = "".join(without_comments(path.read_text()) for path in paths)
    return set(re.findall(r"\bSTATUS_(\w+)", text))


def numbers_in_assembler(paths):
    return {number for path in paths for number in re.findall(r'\bdb\s+"(\d{3}) \d ', path.read_text())}


def numbers_in_script(path):
    with open(path, "rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.NUMBER and re.fullmatch(r"\d{3}", token.string):
                yield token.string
            elif token.type == tokenize.STRING:
                yield from re.findall(r"""^\w*["'](\d{3})\b|\(error (\d{3})\)""", token.string)


def numbers_in_scripts(paths):
    found = set()
    for path in paths:
        for item in numbers_in_script(path):
            found.update([item] if isinstance(item, str) else item)
    return found


def main():
    root = Path(sys.argv[1])
    raised_names = names_in_c(files(root, CODE, ".c"))
    raised_numbers = numbers_in_assembler(files(root, CODE, ".asm", ".inc"))
    expected_names = names_in_c(files(root, [UNIT_TESTS], ".c", ".h"))
    expected_numbers = numbers_in_scripts(files(root, SCRIPTS, ".py"))
    wrong = []
    for name, number in statuses(root):
        if name not in raised_names and number not in raised_numbers:
            wrong.append(f"nothing can raise {number} {name}: remove it")
        if name not in expected_names and number not in expected_numbers:
            wrong.append(f"no test raises {number} {name}")
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
