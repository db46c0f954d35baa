#!/usr/bin/env python3
"""README's ten-line kernel, by README's commands: readme_commands.py README COMPILER IMGTOOL

The kernel's text and the commands are taken from README. The kernel ends never and says nothing: it has run when the
screen shows what it draws. Exit code 77: something that is needed is not installed.
"""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
import machine  # noqa: E402
import monitor  # noqa: E402


def one(pattern, text, what):
    found = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    if not found:
        sys.exit(f"README has no {what}")
    return found[1]


def read_picture(path):
    """Width and the bytes (red, green, blue) of a PPM file; none while it is incomplete."""
    found = re.match(rb"P6\n(\d+) (\d+)\n255\n(.*)", path.read_bytes(), re.DOTALL) if path.exists() else None
    if not found or len(found[3]) != int(found[1]) * int(found[2]) * 3:
        return 0, b""
    return int(found[1]), found[3]


def is_drawn(width, pixels):
    """Byte i of the framebuffer is i: blue, green, red, nothing."""
    wanted = b"".join(bytes(((4 * x + 2) & 255, (4 * x + 1) & 255, 4 * x & 255)) for x in range(width))
    return width > 0 and pixels == wanted * (len(pixels) // len(wanted))


def shows_the_drawing(qemu, picture):
    qemu.execute("screendump", filename=str(picture))
    return is_drawn(*read_picture(picture))


def run_until_drawn(command, environment, directory):
    control = directory / "control"
    control.unlink(missing_ok=True)
    words = [*shlex.split(command), "--timeout", str(machine.TIME_LIMIT), "--", "-qmp", f"unix:{control},server=on,wait=off"]
    process = subprocess.Popen(words, cwd=directory, env=environment, stdin=subprocess.DEVNULL)
    try:
        qemu = monitor.Monitor(control)
        monitor.wait_for(lambda: shows_the_drawing(qemu, directory / "picture.ppm"), f"the drawing of '{command}'")
    finally:
        process.terminate()
        process.wait()


def main():
    readme, compiler, imgtool = Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]).resolve()
    machine.need(compiler, compiler)
    machine.need("qemu-system-x86_64", "qemu-system-x86")
    text = readme.read_text()
    kernel = one(r"^```c\n(.*?)^```", text, "kernel in C")
    compile_it = one(r"^    gcc (.*?)$", text, "command that compiles the kernel")
    build = one(r"^    (imgtool build-image kernel\.elf)", text, "imgtool build-image kernel.elf")
    run_image = one(r"^    (imgtool run kernel\.img --firmware uefi)", text, "imgtool run kernel.img")
    run_kernel = one(r"^    (imgtool run kernel\.elf --firmware bios)", text, "imgtool run kernel.elf")
    with tempfile.TemporaryDirectory(prefix="stagecoach-readme-") as name:
        directory = Path(name)
        environment = {"PATH": f"{imgtool.parent}:/usr/bin:/bin", "IMGTOOL_ACCEL": "tcg", "TMPDIR": name}
        (directory / "kernel-api").symlink_to(readme.parent / "kernel-api")
        (directory / "kernel.c").write_text(kernel)
        for command in (f"{compiler} {compile_it}", build):
            subprocess.run(shlex.split(command), cwd=directory, env=environment, check=True, stdin=subprocess.DEVNULL)
        run_until_drawn(run_kernel, environment, directory)
        run_until_drawn(run_image, environment, directory)


if __name__ == "__main__":
    main()
