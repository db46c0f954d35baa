"""Frames and calls of functions that come out of libraries, read from the disassembly of a linked program."""
import re
import subprocess

RETURN_ADDRESS = 8
FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
CODE = re.compile(r"^\s+[0-9a-f]+:\s+(\S+)\s*(.*)$")
TARGET = re.compile(r"<([^>+]+)>$")  # the start of a function, not a place inside one
UNKNOWN = None  # of a routine that changes stacks


def change_of(mnemonic, operands):
    """By how many bytes an instruction makes the stack deeper."""
    if mnemonic.startswith("push"):
        return 8
    if mnemonic.startswith("pop"):
        return -8
    if not operands.endswith(",%rsp") or mnemonic.startswith(("cmp", "test")):
        return 0
    moved = re.fullmatch(r"\$(-?)0x([0-9a-f]+),%rsp", operands)
    if mnemonic in ("sub", "add") and moved:
        size = int(moved.group(2), 16)
        size = size - (1 << 64) if size >> 63 else size
        return (-size if moved.group(1) else size) * (1 if mnemonic == "sub" else -1)
    if mnemonic == "and" and moved:
        return -int(moved.group(2), 16) % (1 << 64) - 1  # at most what aligning takes
    moved = re.fullmatch(r"(-?)0x([0-9a-f]+)\(%rsp\),%rsp", operands)
    if mnemonic == "lea" and moved:
        return int(moved.group(2), 16) * (1 if moved.group(1) else -1)
    return UNKNOWN


class Function:
    """What has been read of one function. Behind a way out the next path begins as deep as the deepest before it."""

    def __init__(self):
        self.depth, self.deepest, self.callees = 0, 0, set()

    def add(self, name, mnemonic, operands):
        target = TARGET.search(operands)
        if operands.startswith("*") and (mnemonic.startswith("call") or operands.endswith(")")):
            self.callees.add("__indirect_call")  # a jump to what a register holds is a switch
        elif mnemonic.startswith(("call", "j")) and target and target.group(1) != name:
            self.callees.add(target.group(1))
        change = change_of(mnemonic, operands)
        if change is UNKNOWN or self.deepest is UNKNOWN:
            self.deepest = UNKNOWN
            return
        self.depth += change
        self.deepest = max(self.deepest, self.depth)
        if mnemonic.startswith(("ret", "jmp")):
            self.depth = self.deepest


def read(program):
    """({function: bytes}, {function: callees}); a call through a pointer is one of "__indirect_call"."""
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], check=True, capture_output=True, text=True).stdout
    functions, name = {}, None
    for line in listing.splitlines():
        started, code = FUNCTION.match(line), CODE.match(line)
        if started:
            name = started.group(1)
            functions[name] = Function()
        elif code and name:
            functions[name].add(name, code.group(1), code.group(2).split("#")[0].strip())
    known = {name: function for name, function in functions.items() if function.deepest is not UNKNOWN}
    return ({name: function.deepest + RETURN_ADDRESS for name, function in known.items()},
            {name: function.callees for name, function in known.items()})  # fmt: skip


def names_in(archive):
    listing = subprocess.run(["nm", "--defined-only", archive], check=True, capture_output=True, text=True).stdout
    return {words[2] for words in map(str.split, listing.splitlines()) if len(words) == 3 and words[1] in "tT"}
