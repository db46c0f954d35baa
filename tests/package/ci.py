#!/usr/bin/env python3
"""A recipe for CI, as far as it can be followed without the service: ci.py EXAMPLES INSTALLED github|gitlab

The file is read as YAML and its form is checked; its lines are then run by a shell in a copy of the C project, all of them, with an
apt-get that only looks whether what it is told to install is there. A kernel that fails must fail the job, and leave its log.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from user import environment, need

SKIPPED = 77
APT_GET = """#!/bin/sh
# Instead of installing: packages have to be installed already, the one that is a file was unpacked before.
[ "$1" = install ] || { [ "$1" = update ]; exit; }
shift
for word; do
    case $word in
    -*) ;;
    *.deb) cmp "$word" "$STAGECOACH_PACKAGE" || exit 1 ;;
    *) [ "$(dpkg-query -W -f '${db:Status-Status}' "$word" 2>/dev/null)" = installed ] || { echo "needs $word"; exit 77; } ;;
    esac
done
"""


def github(recipe):
    """The lines to run, the variables, what is kept, and whether it is kept in any case."""
    assert recipe[True] == ["push", "pull_request"], "YAML takes 'on' for true"
    (job,) = recipe["jobs"].values()
    assert job["runs-on"] and job["container"] == "debian:12" and job["steps"][0]["uses"].startswith("actions/checkout@")
    upload = job["steps"][-1]
    assert upload["uses"].startswith("actions/upload-artifact@"), upload
    lines = [step["run"] for step in job["steps"] if "run" in step]
    assert all(set(step) <= {"name", "run", "uses", "if", "with"} for step in job["steps"])
    return lines, recipe["env"], [upload["with"]["path"]], upload["if"] == "always()"


def gitlab(recipe):
    (name,) = set(recipe) - {"variables"}
    job = recipe[name]
    assert job["image"] == "debian:12" and set(job) <= {"image", "timeout", "before_script", "script", "artifacts"}
    artifacts = job["artifacts"]
    kept = artifacts["paths"] + [artifacts["reports"]["junit"]]
    return job["before_script"] + job["script"], recipe["variables"], kept, artifacts["when"] == "always"


def follow(lines, project, variables):
    """Exit code of the first line that fails, and what all of them said."""
    said = ""
    for line in lines:
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", line], cwd=project, env=variables, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
        print(done.stdout)
        said += done.stdout
        if done.returncode:
            return done.returncode, said
    return 0, said


def job(directory, examples, installed, recipe, spoil):
    lines, variables, kept, always = recipe
    project, programs = directory / "project", directory / "programs"
    shutil.copytree(examples / "c", project)
    programs.mkdir()
    (programs / "apt-get").write_text(APT_GET)
    (programs / "apt-get").chmod(0o755)
    package = installed.with_suffix(".deb")
    assert set(variables) == {"STAGECOACH_DEB"} and variables["STAGECOACH_DEB"].startswith("https://"), variables
    more = environment(installed / "usr", directory, STAGECOACH_DEB=f"file://{package}", STAGECOACH_PACKAGE=str(package))
    more["PATH"] = f"{programs}:{more['PATH']}"
    if spoil:
        kernel = project / "kernel.c"
        kernel.write_text(kernel.read_text().replace("BOOT_EXIT_SUCCESS", "BOOT_EXIT_FAILURE"))
    code, said = follow(lines, project, more)
    if code == SKIPPED:
        print("SKIP:", said.splitlines()[-1])
        sys.exit(SKIPPED)
    assert (code != 0) == spoil, f"exit code {code}"
    files = [path for pattern in kept for path in [project / pattern, *(project / pattern).glob("*")]]
    names = {path.name for path in files if path.is_file()}
    assert always and names >= {"boot-bios.log", "boot-bios.png", "boot-uefi.log", "boot-uefi.png", "results.xml"}, names
    for firmware in ("bios", "uefi"):
        assert "hello from C" in (project / f"build/boot-logs/boot-{firmware}.log").read_text(errors="replace")
        assert (project / f"build/boot-logs/boot-{firmware}.png").read_bytes().startswith(b"\x89PNG")


def main():
    examples, installed, name = Path(sys.argv[1]), Path(sys.argv[2]).resolve(), sys.argv[3]
    need(cmake="cmake", curl="curl", ninja="ninja-build", **{"qemu-system-x86_64": "qemu-system-x86"})
    try:
        import yaml
    except ImportError:
        print("SKIP: apt-get install --no-install-recommends python3-yaml")
        sys.exit(SKIPPED)
    recipe = {"github": github, "gitlab": gitlab}[name](yaml.safe_load((examples / f"ci/{name}.yml").read_text()))
    for spoil in (False, True) if name == "github" else (False,):
        with tempfile.TemporaryDirectory() as directory:
            job(Path(directory), examples, installed, recipe, spoil)


if __name__ == "__main__":
    main()
