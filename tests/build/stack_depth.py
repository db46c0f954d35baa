#!/usr/bin/env python3
"""Worst-case stack of a freestanding program, from the call graphs that GCC writes (-fcallgraph-info=su).

usage: stack_depth.py [--program P [--archive A]] LIMIT ENTRY DIR INDIRECT_FILE [CALLER...]

DIR is searched for *.ci files. What the linked program P has from the library A, or from anywhere if there is no A, and no
*.ci file tells of, is judged by its machine code. INDIRECT_FILE names, one `caller callee...` a line, what a function calls through pointers; those
of the CALLERs do not count.
Fails when the deepest path from ENTRY needs more than LIMIT bytes, when a function calls itself, when a frame has no known
size, or when a call through a pointer is not explained.
"""
import argparse
import pathlib
import re
import sys

import library_frames

NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
RETURN_ADDRESS = 8


def name_of(title):
    """Static functions are titled file:name."""
    return title.rsplit(":", 1)[-1]


def titles_of(name, frames):
    return [title for title in frames if name_of(title) == name]


def read_graphs(folder):
    frames, calls = {}, {}
    for path in sorted(pathlib.Path(folder).rglob("*.ci")):
        text = path.read_text()
        for title, label in NODE.findall(text):
            size = re.search(r"(\d+) bytes \((\w[\w,]*)\)", label)
            if size:
                if size.group(2) not in ("static", "dynamic,bounded"):
                    sys.exit(f"{path}: the frame of {name_of(title)} has no bound")
                frames[title] = max(frames.get(title, 0), int(size.group(1)) + RETURN_ADDRESS)
        for source, target in EDGE.findall(text):
            calls.setdefault(source, set()).add(target)
    return frames, calls


def read_indirect(path):
    table = {}
    for line in pathlib.Path(path).read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            table[words[0]] = words[1:]
    return table


class Walker:
    def __init__(self, frames, calls, indirect):
        self.frames, self.calls, self.indirect = frames, calls, indirect
        self.done, self.open, self.used = {}, [], set()

    def targets(self, title):
        for target in sorted(self.calls.get(title, ())):
            if target != "__indirect_call":
                yield target
                continue
            name = name_of(title)
            if name not in self.indirect:
                sys.exit(f"{name} calls through a pointer: say whom in the table of indirect calls")
            self.used.add(name)
            for callee in self.indirect[name]:
                if callee == "-":
                    continue
                found = titles_of(callee, self.frames)
                if not found:
                    sys.exit(f"{name}: the table of indirect calls names {callee}, which does not exist")
                yield from found

    def depth(self, name):
        """(bytes, path) of the deepest chain from here; assembly routines count as their return address."""
        if name in self.done:
            return self.done[name]
        if name in self.open:
            sys.exit("recursion: " + " -> ".join(map(name_of, self.open[self.open.index(name):] + [name])))
        self.open.append(name)
        deepest = max((self.depth(target) for target in self.targets(name)), default=(0, []))
        self.open.pop()
        self.done[name] = (deepest[0] + self.frames.get(name, RETURN_ADDRESS), [name] + deepest[1])
        return self.done[name]


def add_library(arguments, frames, calls):
    known = set(map(name_of, frames))
    sizes, callees = library_frames.read(arguments.program)
    wanted = library_frames.names_in(arguments.archive) if arguments.archive else set(sizes)
    for name in set(sizes) & wanted - known:
        frames[name] = sizes[name]
        calls[name] = {next(iter(titles_of(callee, frames)), callee) for callee in callees[name]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program")
    parser.add_argument("--archive")
    parser.add_argument("limit", type=lambda text: int(text, 0))
    for name in ("entry", "folder", "table"):
        parser.add_argument(name)
    parser.add_argument("left_out", nargs="*")
    arguments = parser.parse_args()
    limit, entry, folder = arguments.limit, arguments.entry, arguments.folder
    frames, calls = read_graphs(folder)
    if arguments.program:
        add_library(arguments, frames, calls)
    entries = titles_of(entry, frames)
    if len(entries) != 1:
        sys.exit(f"{entry} is in {len(entries)} call graphs below {folder}")
    indirect = {caller: callees for caller, callees in read_indirect(arguments.table).items() if caller not in arguments.left_out}
    walker = Walker(frames, calls, indirect)
    size, path = walker.depth(entries[0])
    unused = set(walker.indirect) - walker.used
    if unused:
        sys.exit("the table of indirect calls names callers that make none: " + ", ".join(sorted(unused)))
    print(f"{size} of {limit} bytes: " + " > ".join(f"{name_of(title)}({frames.get(title, RETURN_ADDRESS)})" for title in path))
    sys.exit(0 if size <= limit else 1)


if __name__ == "__main__":
    main()
