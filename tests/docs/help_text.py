"""imgtool's --help, read as a user does: for the tests beside this file."""

import re
import subprocess


def output(imgtool, *words):
    return subprocess.run([imgtool, *words], check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout


def commands(imgtool):
    """Name and summary of each command in the overview."""
    listed = output(imgtool, "--help").split("\nCommands:\n")[1].split("\n\n")[0]
    return dict(re.match(r"  (\S+) +(.*)", line).groups() for line in listed.splitlines())


OPTION = re.compile(r"^  (?:-(\w), |    )--([\w-]+)(?:[= ](\S+))?(?:  +(.*))?$")


def options(imgtool, command):
    """(long name, letter or None, argument or None, text) of each option."""
    found = []
    for line in output(imgtool, "help", command).split("\nUsage:")[1].splitlines():
        option = OPTION.match(line)
        if option:
            letter, name, argument, text = option.groups()
            found.append([name, letter, argument, text or ""])
        elif found and line.startswith(" " * 20):
            found[-1][3] += " " + line.strip()
    return {(name, letter, argument, text.strip()) for name, letter, argument, text in found}
