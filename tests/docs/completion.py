#!/usr/bin/env python3
"""The completion scripts, run by their shells: completion.py IMGTOOL SOURCE BUILD

Exit code 77: one of the shells is not installed.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import help_text

BASH = r"""
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
"$(complete -p imgtool | sed 's/.*-F \([^ ]*\).*/\1/')"
printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(script, directory, *words):
    done = subprocess.run(["bash", "-c", BASH, "bash", script, *words], check=True, stdout=subprocess.PIPE, text=True,
                          cwd=directory, timeout=60)  # fmt: skip
    return set(done.stdout.split())


def fish(script, directory, line):
    done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"], check=True, text=True,
                          stdout=subprocess.PIPE, cwd=directory, timeout=60, env={"HOME": str(directory), "PATH": "/usr/bin:/bin"})  # fmt: skip
    return {found.split("\t")[0] for found in done.stdout.splitlines()}


def check_bash(imgtool, build, directory):
    script = build / "completions" / "bash" / "imgtool"
    names = set(help_text.commands(imgtool))
    assert bash(script, directory, "imgtool", "") == names | {"help", "--help", "--version"}
    assert bash(script, directory, "imgtool", "help", "") == names | {"help"}
    for name in names:
        options = {"--" + option[0] for option in help_text.options(imgtool, name)}
        assert bash(script, directory, "imgtool", name, "--") == options, name
    assert bash(script, directory, "imgtool", "run", "--firmware", "u") == {"uefi"}
    assert bash(script, directory, "imgtool", "run", "--firmware", "=") == {"bios", "uefi"}
    assert bash(script, directory, "imgtool", "run", "--firmware", "=", "b") == {"bios"}
    assert bash(script, directory, "imgtool", "completion", "") == {"bash", "zsh", "fish"}
    assert bash(script, directory, "imgtool", "run", "--serial-log", "a") == {"a.img"}
    assert bash(script, directory, "imgtool", "run", "a") == {"a.img"}
    assert bash(script, directory, "imgtool", "test", "--output", "") == {"directory"}
    assert bash(script, directory, "imgtool", "run", "--smp", "") == set()


def check_fish(imgtool, build, directory):
    script = build / "completions" / "fish" / "imgtool.fish"
    subprocess.run(["fish", "-n", script], check=True)
    names = set(help_text.commands(imgtool))
    assert fish(script, directory, "imgtool ") == names | {"help"}
    for name in names:
        options = {"--" + option[0] for option in help_text.options(imgtool, name)}
        found = {word.rstrip("=") for word in fish(script, directory, f"imgtool {name} --")}
        assert found == options, (name, found ^ options)
    assert fish(script, directory, "imgtool run --firmware ") == {"bios", "uefi"}
    assert fish(script, directory, "imgtool completion ") >= {"bash", "zsh", "fish"}
    assert "a.img" in fish(script, directory, "imgtool run a")


def check_zsh(imgtool, build):
    """Loaded by zsh's own loader of completions; each option is there with its text."""
    script = build / "completions" / "zsh" / "_imgtool"
    subprocess.run(["zsh", "-n", script], check=True)
    load = f"fpath=({script.parent} $fpath); autoload -Uz compinit; compinit -D -u; print -r -- $_comps[imgtool]"
    done = subprocess.run(["zsh", "-f", "-c", load], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert (done.stdout, done.stderr) == ("_imgtool\n", ""), done
    # _arguments and _describe as they are called, instead of a terminal: the words are the shell's, not the file's.
    spy = f"""_arguments() {{ state=rest; print -rl -- "$@" }}; _describe() {{ print -rl -- "${{(@P)2}}" }}
        compdef() {{ }}; source {script}; words=("$@"); _imgtool; _imgtool_commands"""
    for name in help_text.commands(imgtool):
        done = subprocess.run(["zsh", "-f", "-c", spy, "zsh", name], check=True, stdout=subprocess.PIPE, text=True)
        words = done.stdout.splitlines()
        for option, letter, argument, text in help_text.options(imgtool, name):
            escaped = text.replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
            end = f"[{escaped}]"
            forms = [f"--{option}{'=' if argument else ''}{end}"] + ([f"-{letter}{end}"] if letter else [])
            for form in forms:
                assert any(word.startswith(form) for word in words), (name, form, words)
        assert any(word.startswith(f"{name}:") for word in words), name
    done = subprocess.run(["zsh", "-f", "-c", spy, "zsh", "run"], check=True, stdout=subprocess.PIPE, text=True)
    assert ":value:(bios uefi)" in done.stdout, done.stdout


def main():
    imgtool, build = sys.argv[1], Path(sys.argv[3])
    for shell in ("bash", "zsh", "fish"):
        if not shutil.which(shell):
            print(f"SKIP: {shell} is missing: apt-get install --no-install-recommends {shell}")
            sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="stagecoach-completion-") as name:
        directory = Path(name)
        (directory / "a.img").touch()
        (directory / "directory").mkdir()
        check_bash(imgtool, build, directory)
        check_fish(imgtool, build, directory)
        check_zsh(imgtool, build)


if __name__ == "__main__":
    main()
