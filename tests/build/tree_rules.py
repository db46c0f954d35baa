#!/usr/bin/env python3
"""Rules of the tree that no compiler knows: tree_rules.py ROOT

No word that puts work off, in any file. common/ runs on every firmware: it includes its own headers, kernel-api's, the
compiler's, and those of a library that needs no system, and no preprocessor condition looks for a firmware.
"""

import re
import sys
from pathlib import Path

PUT_OFF = re.compile("TO" + "DO|FIX" + "ME|XX" + "X")
TEXTS = {".c", ".h", ".S", ".asm", ".inc", ".def", ".ld", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".in"}
FOLDERS = ("bios", "cmake", "common", "docs", "imgtool", "kernel-api", "tests", "uefi")
COMPILER_HEADERS = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h"}
LIBRARIES = ("stagecoach/", "bearssl/", "xxhash.h", "zstd.h")
HOST_PROGRAMS = {"common/font/psf_to_font.c"}  # run by the build
FIRMWARE = re.compile(r"^\s*[#%]\s*(?:if|elif)\w*\b(?!.*_H$).*(?:BIOS|EFI|FIRMWARE).*", re.IGNORECASE | re.MULTILINE)


def texts(root, folders):
    for folder in folders:
        yield from (path for path in sorted((root / folder).rglob("*")) if path.suffix in TEXTS)


def work_put_off(root):
    for path in [*texts(root, FOLDERS), *sorted(root.glob("*.*"))]:
        if path.is_file():
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if PUT_OFF.search(line):
                    yield f"{path.relative_to(root)}:{number}: {line.strip()}"


def is_own(header, path, common):
    return (path.parent / header).exists() or (common / header).exists() or header == "version.h"


def knowledge_of_firmware(root):
    common = root / "common"
    for path in texts(root, ["common"]):
        name, text = str(path.relative_to(root)), path.read_text()
        if name in HOST_PROGRAMS or path.suffix not in {".c", ".h", ".S", ".asm", ".inc"}:
            continue
        for quoted in re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, re.MULTILINE):
            if not is_own(quoted, path, common):
                yield f"{name} includes {quoted}, which is not of common/"
        for outside in re.findall(r"^\s*#\s*include\s+<([^>]+)>", text, re.MULTILINE):
            if outside not in COMPILER_HEADERS and not outside.startswith(LIBRARIES):
                yield f"{name} includes <{outside}>"
        for condition in FIRMWARE.findall(text):
            yield f"{name} asks for the firmware: {condition.strip()}"


def main():
    root = Path(sys.argv[1]).resolve()
    wrong = [*work_put_off(root), *knowledge_of_firmware(root)]
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
