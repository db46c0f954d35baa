#!/usr/bin/env python3
"""Images made by imgtool, judged by the tools that everybody uses: sgdisk, sfdisk, fsck.fat, mtools.
    judge.py --imgtool PROGRAM --kernel ELF --sums PROGRAM CASE
    judge.py list
A case is a function case_NAME(); it fails by an exception. Exit code 77: a tool is missing."""
import argparse
import bz2
import gzip
import lzma
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the source tree stays as it is
from image_judge import ENVIRONMENT, MIB, SMALL, Judge


# --- images that are right


def case_types(judge):
    for table in ("gpt", "mbr"):
        for bits in (12, 16, 32):
            image = judge.build("--table", table, "--fat", str(bits), "-q")
            judge.judge(image, bits)
            assert os.path.getsize(image) % MIB == 0
            assert os.path.getsize(image) >= 516096, "SeaBIOS boots nothing smaller"


def case_sizes(judge):
    """From one content to the next: every border of cluster sizes must hold."""
    for bits, size in ((12, 3 * MIB), (12, 100 * MIB), (16, 5 * MIB), (16, 33 * MIB), (16, 300 * MIB), (32, 31 * MIB),
                       (32, 32 * MIB), (32, 33 * MIB), (32, 64 * MIB), (32, 65 * MIB), (32, 270 * MIB), (32, 1100 * MIB)):
        ramdisk = judge.sparse("ramdisk", size, (0, size // 2, size - 20))
        image = judge.build("--fat", str(bits), "--ramdisk", ramdisk, "-q")
        judge.check_table(image)
        judge.check_volume(image, bits)
    for bits, size in ((12, "4M"), (12, "60M"), (16, "12M"), (16, "1G"), (32, "37M"), (32, "64M"), (32, "300M"),
                       (32, "5000000K")):
        image = judge.build("--fat", str(bits), "--size", size, "-q")
        judge.judge(image, bits)
        assert os.path.getsize(image) == int(size[:-1]) * {"K": 1024, "M": MIB, "G": 1024 * MIB}[size[-1]]


def case_names(judge):
    deep = "/a" + "/deeper directory" * 12 + "/file with a long name.txt"
    longest = "/" + "n" * 250 + ".text"
    names = ["/UPPER.TXT", "/lower.txt", "/Mixed.Txt", "/no extension", "/.hidden", "/two.dots.here", "/a+b,c;d=e[f].x",
             "/\u00e4\u00f6\u00fc.txt", "/\u4f60\u597d.txt", "/etc/init.conf", "/etc/other.conf", deep, longest,
             "/longname-one.txt", "/longname-two.txt", "/longname-three.txt", "/LONGNA~9.TXT", "/EFI/BOOT/extra.bin"]
    sources = [judge.file(f"source/{i}", SMALL + i) for i in range(len(names))]
    options = [part for name, source in zip(names, sources) for part in ("--file", f"{source}:{name}")]
    for bits in ("12", "32"):
        image = judge.build(*options, "--fat", bits)
        judge.judge(image, int(bits), [(n, s) for n, s in zip(names, sources) if n.isascii() and "[" not in n])
        target = judge.path("copied")
        shutil.rmtree(target, ignore_errors=True)
        os.mkdir(target)
        judge.run("mcopy", "-s", "-i", f"{image}@@{judge.volume(image)}", "::/", target)
        listed = {"/" + os.path.relpath(os.path.join(folder, name), target)
                  for folder, _, files in os.walk(target) for name in files}
        assert set(names) <= listed, set(names) - listed
        for name, source in zip(names, sources):
            with open(target + name, "rb") as copied, open(source, "rb") as original:
                assert copied.read() == original.read(), name


def case_many_files(judge):
    options = []
    for i in range(700):
        options += ["--file", f"{judge.file('source', 10)}:/many/file number {i}.txt"]
    for bits in ("16", "32"):
        judge.judge(judge.build(*options, "--fat", bits), int(bits))
    options = [option.replace("/many/", "/") for option in options]
    judge.judge(judge.build(*options, "--fat", "16"), 16)  # a root directory of more than 512 entries


def case_destinations(judge):
    one = judge.file("one.bin")
    image = judge.build("--file", f"{one}:/dir/", "--file", f"{one}:relative/x", "--module", one, "--module",
                        f"{one}:second:a b=c", "--ramdisk", one, "--cmdline", "quiet root=/dev/ram0")
    judge.judge(image, 32, [(p, one) for p in ("/dir/one.bin", "/relative/x", "/modules/one.bin", "/modules/second",
                                               "/ramdisk")])
    assert judge.content(image, "/stagecoach.conf").decode() == (
        "kernel /kernel.elf\nramdisk /ramdisk\ncmdline quiet root=/dev/ram0\n"
        "module /modules/one.bin one.bin\nmodule /modules/second second a b=c\n")


def case_config(judge):
    config, one = judge.path("my.conf"), judge.file("one")
    with open(config, "w", encoding="utf-8") as file:
        file.write("# mine\nkernel /boot/My Kernel.elf\nramdisk /boot/initrd\nlog-level debug")
    image = judge.build("--config", config, "--ramdisk", one, "--cmdline", "x")
    judge.check_file(image, "/boot/My Kernel.elf", judge.kernel)
    judge.check_file(image, "/boot/initrd", one)
    with open(config, encoding="utf-8") as file:
        assert judge.content(image, "/stagecoach.conf").decode() == file.read() + "\ncmdline x\n"
    said = judge.build("--config", config, expect=3)
    assert "/boot/initrd is not in the image" in said and "--file SRC:/boot/initrd" in said, said
    with open(config, "w", encoding="utf-8") as file:
        file.write("cmdline a\n")
    assert "cmdline already" in judge.build("--config", config, "--cmdline", "b", expect=2)
    for text, message in (("kernel\n", ":1:"), ("video 0x0\n", "is not"), ("kernel /a\nkernel /b\n", "already on line 1"),
                          ("kernel /a?b\n", "U+003F"), ("x" * 70000, "65536"), ("cmdline \0\n", ":1:")):
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)
        said = judge.build("--config", config, expect=3)
        assert message in said, said
    with open(config, "w", encoding="utf-8") as file:
        file.write("cmdlin x\n")
    built = judge.run(judge.imgtool, "build-image", judge.kernel, "-o", judge.path("disk.img"), "--config", config)
    assert f"{config}: /stagecoach.conf:1:1: unknown key 'cmdlin' is ignored (nearest: 'cmdline')" in built, built


def case_modules_left_out(judge):
    """Kernels that can't be told of modules."""
    program = os.path.join(os.path.dirname(judge.kernel), "program.efi")
    for kernel, warned in ((program, True), (judge.kernel, False)):
        built = judge.run(judge.imgtool, "build-image", kernel, "-o", judge.path("disk.img"), "--module", judge.file("one"))
        assert (f"{kernel}: modules are left out" in built and "--ramdisk" in built) == warned, built


# --- volumes that others made, read by the loaders' readers


def case_fragmented(judge):
    """Every second of many small files is deleted; what is written then lies in pieces."""
    for bits, kib, cluster in ((12, 2000, 1), (12, 8000, 4), (16, 16000, 1), (16, 64000, 4), (32, 40000, 1), (32, 600000, 8)):
        image, there = judge.path("volume"), {}
        if os.path.exists(image):
            os.unlink(image)
        judge.run("mkfs.fat", "-F", str(bits), "-s", str(cluster), "-C", image, str(kib))
        judge.run("mmd", "-i", image, "::fill", "::lower", "::Long directory name")
        fill = [judge.file(f"fill/f{i}.bin", cluster * 512 * (1 + i % 3) - i % 5) for i in range(300)]
        judge.run("mcopy", "-i", image, *fill, "::fill/")
        there.update({f"/fill/f{i}.bin": fill[i] for i in range(0, 300, 2)})
        judge.run("mdel", "-i", image, *(f"::fill/f{i}.bin" for i in range(1, 300, 2)))
        big, small = judge.file("big", cluster * 512 * 290 + 17), judge.file("small", 5)
        # mtools goes on behind the last cluster that it used; without FAT32's hint it takes what is free from the start.
        if bits == 32:
            with open(image, "r+b") as file:
                file.seek(512 + 488)
                file.write(b"\xff" * 8)
        judge.run("mcopy", "-i", image, big, "::Long directory name/big file.bin")
        judge.run("mcopy", "-i", image, small, "::lower/small.txt")
        judge.run("mcopy", "-i", image, small, "::MIXED.txt")
        there.update({"/Long directory name/big file.bin": big, "/lower/small.txt": small, "/MIXED.txt": small})
        shown = judge.run("mshowfat", "-i", image, "::Long directory name/big file.bin")
        assert shown.count("<") > 50, f"is not fragmented: {shown}"
        judge.check_sums(image, there)


def case_read_back(judge):
    """What imgtool wrote, and what mtools adds to it."""
    one, two = judge.file("one", 100000), judge.file("two", 70000)
    for table, bits in (("gpt", 32), ("gpt", 12), ("mbr", 16), ("mbr", 32)):
        image = judge.build("--table", table, "--fat", str(bits), "--size", "64M", "--file", f"{one}:/Dir/\u00e4 name")
        volume = f"{image}@@{judge.volume(image)}"
        judge.run("mcopy", "-i", volume, two, "::/Dir/lower.bin")
        judge.run("mdel", "-i", volume, "::/kernel.elf")
        judge.run("mcopy", "-i", volume, one, "::/kernel.elf")
        loader, config = judge.path("loader"), judge.path("config")
        for path, copy in (("/EFI/BOOT/BOOTX64.EFI", loader), ("/stagecoach.conf", config)):
            with open(copy, "wb") as file:
                file.write(judge.content(image, path))
        judge.check_sums(image, {"/Dir/\u00e4 name": one, "/Dir/lower.bin": two, "/kernel.elf": one,
                                 "/EFI/BOOT/BOOTX64.EFI": loader, "/stagecoach.conf": config})
        judge.check_volume(image, bits)


def runs_of(judge, image, path):
    """First and last cluster of each of a file's pieces, in its order."""
    shown = judge.run("mshowfat", "-i", f"{image}@@{judge.volume(image)}", "::" + path)
    return [(int(a), int(b or a)) for a, b in re.findall(r"<(\d+)(?:-(\d+))?>", shown)]


def case_debug_info(judge):
    """What no boot reads of the kernel lies behind all other files, and nothing else in pieces."""
    kernel, other = judge.path("debug.elf"), judge.file("other", 70000)
    judge.run("objcopy", "--add-section", f".debug_more={judge.file('section', 3 * MIB + 7)}", judge.kernel, kernel)
    plain, judge.kernel = judge.kernel, kernel
    for table, bits in (("gpt", 32), ("gpt", 12), ("mbr", 16)):
        image = judge.build("--table", table, "--fat", str(bits), "--file", f"{other}:/other", "--ramdisk", other)
        judge.judge(image, bits, [("/other", other), ("/ramdisk", other)])
        ours, ramdisk, loader, others = (runs_of(judge, image, path) for path in
                                         ("/kernel.elf", "/ramdisk", "/EFI/BOOT/BOOTX64.EFI", "/other"))  # fmt: skip
        assert [len(runs) for runs in (ours, ramdisk, loader, others)] == [2, 1, 1, 1], (ours, ramdisk, loader, others)
        order = [ours[0], ramdisk[0], loader[0], others[0], ours[1]]
        assert order == sorted(order), f"{bits}: {order}"
        judge.run(judge.imgtool, "verify", image)
        judge.run(judge.imgtool, "update", image, "--kernel", plain)
        judge.check_file(image, "/kernel.elf", plain)
        judge.check_volume(image, bits)
        judge.run(judge.imgtool, "verify", image)
    image = judge.build("--compress", "lz4")
    assert len(runs_of(judge, image, "/kernel.elf")) == 1, "a packed kernel is read as a whole"
    image = judge.path("cd.iso")
    judge.run(judge.imgtool, "build-iso", kernel, "-o", image)
    judge.check_file(image, "/kernel.elf", kernel)
    assert len(runs_of(judge, image, "/kernel.elf")) == 1, "a CD's directories know one piece"


# --- the same input, the same bytes


def case_reproducible(judge):
    ramdisk = judge.file("ramdisk", 100000)
    plain = judge.build("--ramdisk", ramdisk, "--cmdline", "x", output="plain.img")
    with open(plain, "rb") as file:
        expected = file.read()
    elsewhere = judge.path("elsewhere/deep")
    os.makedirs(elsewhere)
    shutil.copy(ramdisk, elsewhere)
    shutil.copy(judge.kernel, os.path.join(elsewhere, os.path.basename(judge.kernel)))
    for environment, umask in (({"TZ": "Pacific/Auckland"}, 0o077), ({"TZ": "UTC", "LC_ALL": "C"}, 0),
                               ({"HOME": "/nonexistent", "LANG": "de_DE"}, 0o027)):
        before = os.umask(umask)
        image = judge.build("--ramdisk", "ramdisk", "--cmdline", "x", output="other.img", cwd=elsewhere,
                            kernel=os.path.basename(judge.kernel), env={**ENVIRONMENT, **environment})
        os.umask(before)
        assert os.stat(image).st_mode & 0o777 == 0o666 & ~umask
        with open(image, "rb") as file:
            assert file.read() == expected, "the images differ"
        os.unlink(image)
    for options in (("--seed", "other"), ("--cmdline", "y"), ("--file", f"{ramdisk}:/x"), ("--size", "70M")):
        image = judge.build("--ramdisk", ramdisk, *(("--cmdline", "x") if "--cmdline" not in options else ()), *options,
                            output="other.img")
        with open(image, "rb") as file:
            assert file.read(512)[440:444] != expected[440:444], f"{options}: the same disk signature"
    image = judge.build("--ramdisk", ramdisk, "--cmdline", "x", output="other.img",
                        env={**ENVIRONMENT, "SOURCE_DATE_EPOCH": "1700000000"})
    listing = judge.run("mdir", "-i", f"{image}@@{2 * MIB}", "::/")
    assert "2023-11-14  22:13" in listing, listing
    judge.build(expect=2, env={**ENVIRONMENT, "SOURCE_DATE_EPOCH": "yesterday"})


# --- sizes at the limits


def case_largest_file(judge):
    size = (4 << 30) - 1
    ramdisk = judge.sparse("ramdisk", size, (0, 1 << 30, size - 20))
    image = judge.build("--ramdisk", ramdisk)
    assert os.stat(image).st_blocks * 512 < 50 * MIB, "the holes are gone"
    judge.check_table(image)  # fsck.fat 4.2 counts the file's bytes in 32 bits, and finds none: see below
    tail = subprocess.Popen(["mtype", "-i", f"{image}@@{2 * MIB}", "::/ramdisk"], stdout=subprocess.PIPE, env=ENVIRONMENT)
    total, last = 0, b""
    while chunk := tail.stdout.read(8 * MIB):
        if total <= 1 << 30 < total + len(chunk):
            assert chunk[(1 << 30) - total:][:20] == b"here %15d" % (1 << 30)
        total += len(chunk)
        last = (last + chunk)[-20:]
    assert tail.wait() == 0 and total == size and last == b"here %15d" % (size - 20)
    os.truncate(ramdisk, (4 << 30) - (64 << 10))
    judge.check_volume(judge.build("--ramdisk", ramdisk), 32)
    os.truncate(ramdisk, 4 << 30)
    said = judge.build("--ramdisk", ramdisk, expect=3)
    assert "4 GiB - 1" in said and "4294967296 bytes" in said, said


def case_largest_image(judge):
    started = time.monotonic()
    image = judge.build("--size", "100G")
    judge.judge(image, 32)
    assert os.path.getsize(image) == 100 << 30 and os.stat(image).st_blocks * 512 < 10 * MIB
    assert time.monotonic() - started < 300
    for options, message in ((("--size", "3T"), "2 TiB"), (("--size", "4M"), "needs"), (("--size", "1M"), "at least"),
                             (("--size", "1G", "--fat", "12"), "127 MiB"), (("--size", "3G", "--fat", "16"), "2 GiB")):
        said = judge.build(*options, expect=3, output="none.img")
        assert message in said, said
    ramdisk = judge.sparse("ramdisk", 200 * MIB)
    assert "--fat 16 or 32" in judge.build("--fat", "12", "--ramdisk", ramdisk, expect=3, output="none.img")
    assert "needs" in judge.build("--size", "100M", "--ramdisk", ramdisk, expect=3, output="none.img")
    assert not os.path.exists(judge.path("none.img"))


def case_usage(judge):
    one = judge.file("one")
    for options in (("--size", "x"), ("--size", "0"), ("--size", "1000"), ("--size", "-1M"), ("--fat", "8"), ("--table", "apm"),
                    ("--file", "x"), ("--file", ":/x"), ("--file", "x:"), ("--module", ":x"), ("--module", "a:b c"), ("-q", "-v"),
                    ("--cmdline", "a\nb"), ("second.elf",)):
        judge.build(*options, expect=2)
    judge.build("--output", "", output=None, expect=2)
    for options, message in (
            (("--file", f"{one}:/a", "--file", f"{one}:/A"), "is there already"),
            (("--file", f"{one}:/a", "--file", f"{one}:/a/b"), "is there already"),
            (("--file", f"{one}:/efi/boot/bootx64.EFI"), "is there already"),
            (("--file", f"{one}:/stagecoach.conf"), "is there already"),
            (("--file", f"{one}:/kernel.elf"), "is there already"),
            (("--file", f"{one}:/a//b"), "empty part"), (("--file", f"{one}:/a/../b"), "dot"),
            (("--file", f"{one}:/a?"), "U+003F"), (("--file", f"{one}:/a\\b"), "U+005C"), (("--file", f"{one}:/ x."), "dot"),
            (("--file", f"{one}:/" + "n" * 256), "255"), (("--file", f"{judge.work}:/x"), "regular file"),
            (("--ramdisk", "/dev/null"), "regular file")):
        said = judge.build(*options, expect=3)
        assert message in said, said
    empty = judge.file("empty", 0)
    assert "empty" in judge.build("--ramdisk", empty, expect=3)
    assert "empty" in judge.build("--module", empty, expect=3)
    judge.judge(judge.build("--file", f"{empty}:/empty"), 32)
    assert "No such file" in judge.build("--ramdisk", judge.path("none"), expect=4)
    for name, content in (("text", b"hello"), ("empty.elf", b""), ("cut.elf", open(judge.kernel, "rb").read()[:100])):
        with open(judge.path(name), "wb") as file:
            file.write(content)
        said = judge.build(kernel=judge.path(name), expect=3)
        assert said.count(name) == 1 and ("(error 4" in said or "(error 702" in said), said
    for module, program in ((gzip, "gunzip"), (lzma, "unxz"), (bz2, "bunzip2")):
        with open(judge.path("packed"), "wb") as file:
            file.write(module.compress(open(judge.kernel, "rb").read()))
        said = judge.build(kernel=judge.path("packed"), expect=3)
        assert f"packed: is compressed: unpack it with {program} first (error 402)" in said, said
    collision = os.path.join(os.path.dirname(judge.kernel), "refused-stack-collision.elf")
    if os.path.exists(collision):
        said = judge.build(kernel=collision, expect=3)
        assert said.count("refused-stack-collision.elf") == 1 and "(error 602)" in said, said


# --- the output file


def case_output(judge):
    os.mkdir(judge.path("out"))
    first = judge.build(output="out/disk.img")
    inode = os.stat(first).st_ino
    judge.build("--cmdline", "again", output="out/disk.img")
    assert os.stat(first).st_ino != inode, "was written in place"
    with open(first, "wb") as file:
        file.write(b"not an image" * 100)
    assert "--force" in judge.build(output="out/disk.img", expect=6)
    with open(first, "rb") as file:
        assert file.read(12) == b"not an image"
    judge.judge(judge.build("--force", output="out/disk.img"), 32)
    link = judge.path("link.img")
    os.symlink(first, link)
    judge.build(output="link.img")
    assert os.path.islink(link)
    os.remove(first)
    judge.build(output="link.img")
    assert os.path.islink(link) and not os.path.islink(first), "a link to nothing is followed, too"
    kernel = shutil.copy(judge.kernel, judge.path("out/kernel.elf"))
    for force in ((), ("--force",)):
        assert "input" in judge.build(*force, kernel=kernel, output="out/kernel.elf", expect=6)
        assert "input" in judge.build(*force, "--file", f"{first}:/x", output="out/disk.img", expect=6)
        assert "input" in judge.build(*force, "--ramdisk", kernel, "--ramdisk", first, output="out/disk.img", expect=6)
        assert "regular file" in judge.build(*force, output="out", expect=6)
        assert "regular file" in judge.build(*force, output="/dev/null", expect=6)
    assert "No such file" in judge.build(output="out/none/disk.img", expect=4)
    judge.leftovers("disk.img", "kernel.elf")
    subprocess.run([judge.imgtool, "build-image", "-q", kernel], check=True, cwd=judge.path("out"), env=ENVIRONMENT)
    judge.leftovers("disk.img", "kernel.elf", "kernel.img")


def case_no_space(judge):
    os.mkdir(judge.path("out"))
    ramdisk = judge.file("ramdisk", 3 * MIB)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * MIB, 2 * MIB))
    said = judge.build("--ramdisk", ramdisk, output="out/disk.img", expect=4, preexec_fn=limit)
    assert "ulimit" in said, said
    judge.leftovers()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", judge.path("out")], check=False,
                             stderr=subprocess.DEVNULL).returncode == 0
    if mounted:  # needs root
        try:
            said = judge.build("--ramdisk", ramdisk, output="out/disk.img", expect=4)
            assert "No space left" in said and "-o FILE" in said, said
            judge.leftovers()
        finally:
            subprocess.run(["umount", judge.path("out")], check=True)


def case_signals(judge):
    """Stopped in the middle of copying a ramdisk that is not sparse."""
    os.mkdir(judge.path("out"))
    ramdisk = judge.file("ramdisk", 300 * MIB)
    judge.build("--cmdline", "before", output="out/disk.img")
    with open(judge.path("out/disk.img"), "rb") as file:
        before = file.read()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = subprocess.Popen([judge.imgtool, "build-image", judge.kernel, "-o", judge.path("out/disk.img"), "--ramdisk",
                                    ramdisk], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(os.listdir(judge.path("out"))) < 2 and process.poll() is None:
            pass
        process.send_signal(number)
        code = process.wait()
        assert code == -number, f"{number!r}: ended with {code}"
        judge.leftovers("disk.img")
        with open(judge.path("out/disk.img"), "rb") as file:
            assert file.read() == before, "the old image was touched"


CASES = {name[5:].replace("_", "-"): function for name, function in globals().items() if name.startswith("case_")}


def main():
    if sys.argv[1:] == ["list"]:
        print("\n".join(CASES))
        return 0
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--sums", required=True, help="fat_sums")
    parser.add_argument("case", choices=CASES)
    arguments = parser.parse_args()
    for tool in ("sgdisk", "sfdisk", "fsck.fat", "mtype", "mcopy", "mdir"):
        if shutil.which(tool, path=ENVIRONMENT["PATH"]) is None:
            print(f"SKIPPED: {tool} is not installed")
            return 77
    with tempfile.TemporaryDirectory(prefix="judge-") as work:
        CASES[arguments.case](Judge(*map(os.path.abspath, (arguments.imgtool, arguments.kernel, arguments.sums, work))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
