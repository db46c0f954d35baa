#!/usr/bin/env python3
"""What lies in stage 4's overlay: overlay.py OVERLAY_DEF STAGES_MAP STAGES_ELF CALL_GRAPHS

Each source of overlay.def has all of its code and constants there, and no other has any. Nothing that brings the overlay in, nor
what tells that this failed, is in it: a fault on the way would be one too many."""

import pathlib
import re
import subprocess
import sys

import stack_depth

ENTRIES = ["overlay_page_fault", "exception_page_fault"]
FATAL_ONLY = {"console_write"}  # called where a console draws, which is in the overlay itself
INPUT = re.compile(r"^ \.(text|rodata)\S*\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$", re.MULTILINE)
FOLDED = re.compile(r"^( \.\S+)\n\s+(?=0x)", re.MULTILINE)


def check_places(sources, linker_map, start, end):
    text = FOLDED.sub(r"\1 ", linker_map.read_text().partition("Linker script and memory map")[2])
    inside, outside = set(), set()
    for _, address, size, path in INPUT.findall(text):
        if int(size, 16) == 0:
            continue
        name = re.search(r"([^/_(][^/(]*?\.(?:c|asm|S))\.", pathlib.PurePath(path).name)
        (inside if start <= int(address, 16) < end else outside).add(name.group(1) if name else path)
    wanted = {pathlib.PurePath(source).name for source in sources}
    found = {name if name in wanted else next((one for one in wanted if one.endswith(".asm") and name.endswith("_" + one)), name) for name in inside}
    partly = outside & wanted
    assert wanted == found, f"named but not there: {sorted(wanted - found)}; there but not named: {sorted(found - wanted)}"
    assert not partly, f"also outside: {sorted(partly)}"
    print(f"{len(found)} sources in the overlay")


def global_symbols(program, start, end):
    lines = subprocess.run(["nm", "--extern-only", program], capture_output=True, text=True, check=True).stdout.splitlines()
    return {name for address, _, name in map(str.split, lines) if start <= int(address, 16) < end}


def address_of(program, name):
    lines = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout.splitlines()
    return next(int(line.split()[0], 16) for line in lines if line.split()[-1] == name)


def check_way(graphs, indirect, sources, overlay):
    """Titles of static functions are file:name."""
    _, calls = stack_depth.read_graphs(graphs)
    files = {pathlib.PurePath(source).name for source in sources}
    todo, seen = list(ENTRIES), set()
    while todo:
        title = todo.pop()
        name = stack_depth.name_of(title)
        if title in seen or name in FATAL_ONLY:
            continue
        seen.add(title)
        there = pathlib.PurePath(title.rsplit(":", 1)[0]).name in files if ":" in title else name in overlay
        assert not there, f"{name} is in the overlay, and is called to bring it in, or to tell that this failed"
        todo += calls.get(title, ())
        for callee in indirect.get(name, []):
            todo += stack_depth.titles_of(callee, calls)
    assert len(seen) > 30, f"the call graphs tell of {sorted(seen)} alone"
    print(f"{len(seen)} functions on the way to it")


def main():
    definition, linker_map, program, graphs = map(pathlib.Path, sys.argv[1:5])
    sources = [line for line in definition.read_text().splitlines() if line and not line.startswith("#")]
    start, end = address_of(program, "overlay_start"), address_of(program, "overlay_end")
    check_places(sources, linker_map, start, end)
    table = stack_depth.read_indirect(pathlib.Path(__file__).with_name("stack_indirect_overlay.txt"))
    check_way(graphs, table, sources, global_symbols(program, start, end))


if __name__ == "__main__":
    main()
