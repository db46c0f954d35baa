#!/usr/bin/env python3
"""The manual pages say what --help says, and mandoc and man have nothing to complain of: manual.py IMGTOOL SOURCE BUILD

Exit code 77: mandoc is not installed.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import help_text


def plain(page):
    """The page as mandoc shows it, without bold and underlined."""
    done = subprocess.run(["mandoc", "-Tutf8", "-Owidth=500", page], check=True, stdout=subprocess.PIPE, text=True)
    return re.sub(r".\x08", "", done.stdout)


def section(text, name):
    found = re.search(rf"^{name}$\n(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {name}"
    return found[1]


def options(text):
    found = set()
    for item in re.split(r"^ {5}(?=-)|^\t(?=-)|^ +(?=-)", section(text, "OPTIONS"), flags=re.MULTILINE)[1:]:
        head, _, rest = item.partition("\n")
        match = re.match(r"(?:-(\w), )?--([\w-]+)(?:=(\S+))?(?: +(.*))?$", head.strip())
        assert match, head
        letter, name, argument, text = match.groups()
        found.add((name, letter, argument, " ".join(((text or "") + " " + rest).split())))
    return found


def lint(pages):
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", *pages], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0 and not done.stdout, done.stdout
    for page in pages:
        done = subprocess.run(["man", "--warnings", "-l", "-Tutf8", page], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, check=True, env={"LC_ALL": "C.UTF-8", "MANPAGER": "cat", "PATH": "/usr/bin:/bin"})  # fmt: skip
        assert not done.stderr, (page, done.stderr)


def squeezed(text):
    return re.sub(r"[\s*`\\]+", "", text)


def check_configuration(page, source):
    """Every key of the documentation, which a unit test compares with the parser's table."""
    document = (source / "docs" / "configuration.md").read_text()
    keys = re.findall(r"^\| `([\w-]+)` \|", document, re.MULTILINE)
    text = section(plain(page), "THE KEYS")
    shown = re.findall(r"^ +([\w-]+)(?:\s|$)", text, re.MULTILINE)
    assert len(keys) > 5 and set(keys) <= set(shown), (keys, shown)
    example = document.split("    # /stagecoach.conf\n")[1].split("\n\n")[0]
    assert squeezed(example) in squeezed(plain(page))


def main():
    imgtool, source, build = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    for program, package in (("mandoc", "mandoc"), ("man", "man-db"), ("groff", "groff-base")):
        if not shutil.which(program):
            print(f"SKIP: {program} is missing: apt-get install --no-install-recommends {package}")
            sys.exit(77)
    commands = help_text.commands(imgtool)
    pages = sorted((build / "man").iterdir())
    wanted = {f"imgtool-{name}.1" for name in commands} | {"imgtool.1", "stagecoach.conf.5"}
    assert {page.name for page in pages} == wanted, pages
    lint(pages)
    overview = plain(build / "man" / "imgtool.1")
    for name, summary in commands.items():
        text = plain(build / "man" / f"imgtool-{name}.1")
        assert options(text) == help_text.options(imgtool, name), (name, options(text) ^ help_text.options(imgtool, name))
        assert summary in section(text, "NAME"), name
        for line in help_text.output(imgtool, "help", name).split("Examples:\n")[1].split("\n\n")[0].splitlines():
            assert line.strip() in section(text, "EXAMPLES"), line
        assert re.search(rf"^ +{name}\b", section(overview, "COMMANDS"), re.MULTILINE), name
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12):
        assert re.search(rf"^ +{code}\b", section(overview, "EXIT STATUS"), re.MULTILINE), code
    check_configuration(build / "man" / "stagecoach.conf.5", source)


if __name__ == "__main__":
    main()
