#!/usr/bin/env python3
"""Programs that tests look for belong to packages of cmake/packages.txt: packages.py ROOT

Looked for are the arguments of which() and need() in scripts, the tables JUDGES, and find_program() of CMake. dpkg says whose a
program is; that package is one of the groups' or one that those depend on, or every Debian has it. A program that is not
installed here can't be judged. Exit code 77: no Debian.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

GROUPS = ("build", "run", "package", "test")
PLACES = "/usr/bin:/bin:/usr/sbin:/sbin"  # where packages put programs: not the compiler cache, nor what /usr/local has


def strings(node, tables):
    """The strings that a loop's variable takes: those of a tuple or list, the first of each pair, a dictionary's keys."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "items":
        node = node.func.value
    if isinstance(node, ast.Name):
        node = tables.get(node.id, node)
    items = node.keys if isinstance(node, ast.Dict) else getattr(node, "elts", [])
    firsts = [item.elts[0] if isinstance(item, ast.Tuple) and item.elts else item for item in items]
    return [item.value for item in firsts if isinstance(item, ast.Constant) and isinstance(item.value, str)]


def programs_of_script(path):
    tree = ast.parse(path.read_text())
    tables = {node.targets[0].id: node.value for node in tree.body
              if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}  # fmt: skip
    yield from strings(tables.get("JUDGES"), tables)
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and any(is_search(inner) and inner.args for inner in ast.walk(node)):
            yield from strings(node.iter, tables)
        if is_search(node):
            yield from (one.value for one in node.args[:1] if isinstance(one, ast.Constant))
            yield from (keyword.arg for keyword in node.keywords if keyword.arg not in (None, "path"))
            yield from (name for keyword in node.keywords if keyword.arg is None for name in strings(keyword.value, tables))


def is_search(node):
    return isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("which", "need")


def programs(root):
    """Each with the file that looks for it."""
    for path in sorted((root / "tests").rglob("*.py")):
        yield from ((name, path) for name in programs_of_script(path))
    for path in [root / "CMakeLists.txt", *sorted(root.glob("*/**/CMakeLists.txt")), *sorted((root / "cmake").glob("*.cmake"))]:
        if "build" not in path.relative_to(root).parts[:1]:
            for name in re.findall(r"find_program\(\w+\s+(?:NAMES\s+)?([\w.+-]+)", path.read_text()):
                yield name, path


def installed_packages():
    """package -> (is on every Debian, the packages that it depends on), with what they provide as further names."""
    form = "${Package}\\t${db:Status-Status}\\t${Essential}\\t${Provides}\\t${Pre-Depends}, ${Depends}\\n"
    said = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True, check=True).stdout
    facts, providers = {}, {}
    for line in said.splitlines():
        name, status, essential, provides, needs = line.split("\t")
        if status == "installed":
            facts[name] = (essential == "yes", set(re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9.+-]+)", needs)))
            for other in [name, *re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9.+-]+)", provides)]:
                providers.setdefault(other, []).append(name)
    return facts, providers


def allowed(root):
    """What is there once the groups are installed."""
    script = root / "cmake" / "install-packages.sh"
    listed = subprocess.run([script, "--list", *GROUPS], capture_output=True, text=True, check=True).stdout.split()
    facts, providers = installed_packages()
    found, ahead = set(), listed + [name for name, (essential, _) in facts.items() if essential]
    while ahead:
        for name in providers.get(ahead.pop(), []):
            if name not in found:
                found.add(name)
                ahead += facts[name][1]
    return found


def owners(paths):
    """path -> packages: by its name, without and with /usr, or by the file that its links lead to."""
    names = {path: {path.removeprefix("/usr"), "/usr" + path.removeprefix("/usr"), os.path.realpath(path)} for path in paths}
    words = ["dpkg", "-S", *sorted(set().union(*names.values()))]  # one call: each reads all lists
    said = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    owned = {}
    for line in said.splitlines():
        packages, _, name = line.rpartition(": ")
        owned.setdefault(name, set()).update(one.split(":")[0] for one in packages.split(", "))
    return {path: set().union(*(owned.get(name, set()) for name in names[path])) for path in paths}


def main():
    root = Path(sys.argv[1]).resolve()
    if not shutil.which("dpkg-query"):
        print("SKIP: not a Debian system")
        return 77
    good, found = allowed(root), {}
    for name, place in programs(root):
        found.setdefault(name, place)
    paths = {name: shutil.which(name, path=PLACES) for name in found if "/" not in name}
    owned = owners([path for path in paths.values() if path])
    wrong = [f"{found[name].relative_to(root)} looks for {name}: cmake/packages.txt lacks {' or '.join(sorted(owned[path]))}"
             for name, path in paths.items() if path and owned[path] and not owned[path] & good]  # fmt: skip
    judged = sum(bool(packages) for packages in owned.values())
    print("\n".join([*wrong, f"{len(found)} programs, {judged} of them installed here by packages"]))
    assert {"mkfs.ext4", "strace", "sgdisk", "nasm", "lintian", "qemu-img"} <= set(found), f"it finds only {sorted(found)}"
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
