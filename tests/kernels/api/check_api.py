#!/usr/bin/env python3
"""Compiles small kernels against kernel-api and looks at the ELF files that come out.

check_api.py INCLUDE kernel COMPILER STANDARD LINK    one kernel: note, entry point, segments
check_api.py INCLUDE headers COMPILER STANDARD        every header alone and all together, without warnings
check_api.py INCLUDE readme FILE                      the tables of the README against the structures
check_api.py INCLUDE elves README DIRECTORY NAME...   the test kernels as built: loadable, described, with a note
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
WARNINGS = ("-Wall -Wextra -Wpedantic -Wmissing-field-initializers -Wmissing-declarations -Wredundant-decls -Wshadow "
            "-Wconversion -Wsign-conversion -Wundef -Wcast-qual -Wwrite-strings -Werror").split()

KERNEL = """
#include <stagecoach/boot.h>

BOOT_CONFIG(.kernel_stack_size = 64 * 1024, .physical_memory = BOOT_ANYWHERE);
BOOT_ENTRY(kernel_main);

static int entered;

static void kernel_main(struct boot_info *info)
{
    entered += info->magic == BOOT_INFO_MAGIC;
}
"""
STACK_SIZE, ANYWHERE = 64 * 1024, 1

HIGH = 0xffffffff80000000
KERNEL_MODEL = ["-fno-pie", "-mcmodel=kernel"]
LINKS = {
    "static": ["-O2", "-static"],
    "static-O0": ["-O0", "-g", "-static"],
    "static-no-pie": ["-O2", "-fno-pie", "-static"],
    "static-pie": ["-O2", "-static-pie"],
    "static-lto": ["-O2", "-flto", "-static"],
    "static-pie-lto": ["-O2", "-flto", "-static-pie"],
    "gc-strip": ["-Os", "-ffunction-sections", "-fdata-sections", "-static", "-s", "-Wl,--gc-sections"],
    "high": ["-O2", "-static", f"-Wl,-Ttext-segment={HIGH:#x}"] + KERNEL_MODEL,
    "lld-static": ["-O2", "-static", "-fuse-ld=lld"],
    "lld-static-pie": ["-O2", "-static-pie", "-fuse-ld=lld", "-Wl,--gc-sections", "-s"],
    "lld-high": ["-O2", "-static", "-fuse-ld=lld", f"-Wl,--image-base={HIGH:#x}"] + KERNEL_MODEL,
}


def fail(text):
    sys.exit(f"check_api: {text}")


def compiler_command(include, compiler, standard):
    """Compiler, language and the warnings that a careful kernel would use."""
    program = {"gcc": {"c11": "gcc", "c++20": "g++"}, "clang": {"c11": "clang", "c++20": "clang++"}}[compiler][standard]
    if shutil.which(program) is None:
        print(f"skipped: {program} is not installed")
        sys.exit(SKIP)
    strict = ["-Wstrict-prototypes", "-Wmissing-prototypes"] if standard == "c11" else ["-Wold-style-cast"]
    return [program, f"-std={standard}", "-I", include, "-ffreestanding"] + WARNINGS + strict


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def u(data, offset, size):
    return int.from_bytes(data[offset:offset + size], "little")


class Elf:
    """What readelf says of a file, and the note read from the bytes of its PT_NOTEs."""

    def __init__(self, path):
        self.text = run(["readelf", "--wide", "--file-header", "--segments", "--symbols", path])
        self.data = pathlib.Path(path).read_bytes()
        self.entry = int(re.search(r"Entry point address:\s+(0x[0-9a-f]+)", self.text).group(1), 16)
        self.type = re.search(r"Type:\s+(\w+)", self.text).group(1)
        pattern = r"^\s+(\w+)\s+(0x\w+) (0x\w+) (0x\w+) (0x\w+) (0x\w+) ([RWE ]{3}) (0x\w+)$"
        self.segments = [(m[0], *(int(x, 16) for x in m[1:6]), m[6], int(m[7], 16))
                         for m in re.findall(pattern, self.text, re.M)]
        start = re.search(r"^\s+\d+: (\w+)\s+\d+ FUNC .* _start$", self.text, re.M)
        self.start = int(start.group(1), 16) if start else None

    def loads(self):
        return [s for s in self.segments if s[0] == "LOAD"]

    def config(self):
        """The descriptor of the note that the loader looks for, or None."""
        for kind, offset, _, _, size, _, _, align in self.segments:
            if kind != "NOTE":
                continue
            step, end = (8 if align == 8 else 4), offset + size
            while offset + 12 <= end:
                name_size, size, number = (u(self.data, offset + i, 4) for i in (0, 4, 8))
                name = self.data[offset + 12:offset + 12 + name_size]
                at = offset + (12 + name_size + step - 1) // step * step
                if name == b"Stagecoach\0" and number == 1:
                    return self.data[at:at + size]
                offset = at + (size + step - 1) // step * step
        return None


def check_loadable(elf, name, wx=False):
    if elf.type not in ("EXEC", "DYN"):
        fail(f"{name}: type {elf.type}")
    if any(s[0] == "INTERP" for s in elf.segments):
        fail(f"{name}: has PT_INTERP")
    if not wx and any("W" in s[6] and "E" in s[6] for s in elf.loads()):
        fail(f"{name}: a segment is writable and executable")
    if not any("E" in s[6] and s[2] <= elf.entry < s[2] + s[5] for s in elf.loads()):
        fail(f"{name}: the entry {elf.entry:#x} is in no executable segment")
    if elf.start is not None and elf.start != elf.entry:
        fail(f"{name}: the entry is {elf.entry:#x}, _start {elf.start:#x}")


def check_kernel(include, compiler, standard, link):
    command = compiler_command(include, compiler, standard)
    flags = LINKS[link]
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory, "kernel.c" if standard == "c11" else "kernel.cc")
        source.write_text(KERNEL)
        run(command + ["-nostdlib"] + flags + ["-o", "kernel.elf", source], cwd=directory)
        elf = Elf(pathlib.Path(directory, "kernel.elf"))
    check_loadable(elf, link)
    if ("-static-pie" in flags) != (elf.type == "DYN"):
        fail(f"{link} gives ET_{elf.type}")
    if link.endswith("high") and elf.entry < HIGH:
        fail(f"the entry {elf.entry:#x} lies below {HIGH:#x}")
    config = elf.config()
    if config is None:
        fail("no note 'Stagecoach' of type 1 in a PT_NOTE")
    found = (len(config), u(config, 0, 4), u(config, 4, 4), u(config, 16, 8), u(config, 56, 8))
    if found != (120, 120, 1, STACK_SIZE, ANYWHERE):
        fail(f"the note holds {found}")


def check_headers(include, compiler, standard):
    command = compiler_command(include, compiler, standard) + ["-fsyntax-only", "-x", "c" if standard == "c11" else "c++"]
    headers = sorted(p.name for p in pathlib.Path(include, "stagecoach").glob("*.h"))
    every = "".join(f"#include <stagecoach/{name}>\n" for name in headers)
    sources = [f"#include <stagecoach/{name}>\n" for name in headers] + [every + every]
    sources.append("#include <stagecoach/boot.h>\nBOOT_CONFIG();\n")
    for text in sources:
        run(command + ["-"], input=text)


def check_elves(readme, directory, names):
    # Multiboot kernels have no note, and are no 64-bit ELF files: what becomes of them, boots show.
    described = re.findall(r"^\| `((?!refused-multiboot)[\w-]+)` \| BOOT-", pathlib.Path(readme).read_text(), re.M)
    if sorted(described) != sorted(names):
        fail(f"{readme}: differs from the kernels that are built: {sorted(set(described) ^ set(names))}")
    for name in names:
        elf = Elf(pathlib.Path(directory, f"{name}.elf"))
        check_loadable(elf, name, wx=name.startswith("wx-"))
        if (elf.config() is None) != (name == "refused-no-note"):
            fail(f"{name}: note {'missing' if elf.config() is None else 'not expected'}")
        if name == "conformance-shared-pages":
            pages = [set(range(s[2] >> 12, (s[2] + s[5] + 4095) >> 12)) for s in elf.loads()]
            if not any(a & b for i, a in enumerate(pages) for b in pages[i + 1:]):
                fail(f"{name}: no two segments share a page")


def check_readme(include, readme):
    """Every row "| offset | size | `field` |" below a heading "### struct name" becomes two assertions."""
    lines, struct, end = ["#include <stagecoach/boot.h>"], None, {}
    for line in pathlib.Path(readme).read_text().splitlines():
        heading = re.match(r"#+ (.*)", line)
        row = re.match(r"\| (\d+) \| (\d+) \| `(\w+)` \|", line)
        if heading:
            name = re.fullmatch(r"struct (\w+)", heading.group(1))
            struct = f"struct {name.group(1)}" if name else None
        elif row and struct:
            offset, size, field = int(row.group(1)), int(row.group(2)), row.group(3)
            lines.append(f'_Static_assert(offsetof({struct}, {field}) == {offset}, "{struct}.{field}: offset");')
            lines.append(f'_Static_assert(sizeof((({struct} *)0)->{field}) == {size}, "{struct}.{field}: size");')
            if offset != end.get(struct, 0):
                fail(f"{readme}: a field is missing before {struct}.{field}")
            end[struct] = offset + size
    if len(end) < 10:
        fail(f"{readme}: only {len(end)} structures are drawn")
    lines += [f'_Static_assert(sizeof({name}) == {size}, "{name}: size");' for name, size in end.items()]
    run(["gcc", "-std=c11", "-I", include, "-fsyntax-only", "-x", "c", "-"], input="\n".join(lines) + "\n")


def main():
    include, action, *rest = sys.argv[1:]
    if action == "kernel":
        check_kernel(include, *rest)
    elif action == "headers":
        check_headers(include, *rest)
    elif action == "readme":
        check_readme(include, *rest)
    else:
        check_elves(rest[0], rest[1], rest[2:])


main()
