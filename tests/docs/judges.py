#!/usr/bin/env python3
"""Every command has a foreign judge: judges.py IMGTOOL SOURCE BUILD

tests/README.md says in a table who judges what and in which test. Here the table is held to the commands of `imgtool --help`, to
the tests of ctest, and to the scripts of those tests, which must call the judges.
"""

import fnmatch
import json
import re
import subprocess
import sys
from pathlib import Path

import help_text


def rows(text):
    table = text.split("| Command | Judged | By | In |\n")[1].split("\n\n")[0]
    for line in table.splitlines()[1:]:
        command, _, judges, tests = (cell.strip() for cell in line.strip("|").split("|"))
        yield command, re.findall(r"`([^`]+)`", judges), re.findall(r"`([^`]+)`", tests)


def scripts(build):
    """The Python files that each test runs."""
    said = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, stdout=subprocess.PIPE).stdout
    return {test["name"]: [Path(word) for word in test.get("command", []) if word.endswith(".py")] for test in json.loads(said)["tests"]}


def source_of(script, seen):
    """Its text, and that of its neighbours that it imports."""
    if script in seen or not script.exists():
        return ""
    seen.add(script)
    text = script.read_text()
    for name in re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE):
        for folder in (script.parent, script.parent.parent / "boot"):
            text += source_of(folder / f"{name}.py", seen)
    return text


def main():
    imgtool, source, build = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    known = scripts(build)
    table = list(rows((source / "tests/README.md").read_text()))
    commands = set(help_text.commands(imgtool))
    assert {command for command, _, _ in table} == commands, f"rows and commands differ: {commands ^ {row[0] for row in table}}"
    for command, judges, tests in table:
        assert judges and tests, f"{command} has no judge"
        text, seen = "", set()
        for pattern in tests:
            found = fnmatch.filter(known, pattern)
            assert found, f"{command}: there is no test {pattern}"
            for script in {script for name in found for script in known[name]}:
                text += source_of(script, seen)
        for judge in judges:
            assert re.search(rf"(?<![\w-]){re.escape(judge)}(?![\w-])", text), f"{command}: no test in {tests} calls {judge}"


if __name__ == "__main__":
    main()
