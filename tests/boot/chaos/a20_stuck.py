#!/usr/bin/env python3
"""Boots a machine whose address line A20 nothing can switch on: a20_stuck.py --imgtool PROGRAM --kernels DIRECTORY

QEMU has no such machine, but two that differ in nothing but the ports of A20. The first has the usual ones; there
chaos.asm switches A20 off. Its state is saved and goes on in the second, where other devices answer at those ports.
The loader must try all that it knows, and say BOOT-ERR 103.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import machine  # noqa: E402
import monitor  # noqa: E402
import quirks  # noqa: E402

ROW = quirks.row("A20_STUCK", expect="103 2 .*A20")
PORTS_OF_A20 = (0x60, 0x64, 0x92)


def save_state(command, directory):
    """Runs the first machine until A20 is off, and saves its state."""
    control, state = directory / "control", directory / "state"
    process = subprocess.Popen([*command, "-qmp", f"unix:{control},server=on,wait=off"], stdin=subprocess.DEVNULL)
    try:
        monitor.wait_for(lambda: "A20 is off" in machine.text_of(directory / "e9.log"), "the floppy disk's program")
        qemu = monitor.Monitor(control)
        qemu.execute("migrate", uri=f"exec:cat > {state}")
        monitor.wait_for(lambda: qemu.execute("query-migrate").get("status") == "completed", "the saved state")
    finally:
        process.kill()
        process.wait()
    return state


def others_at_the_ports():
    options = []
    for port in PORTS_OF_A20:
        options += ["-chardev", f"null,id=port{port}", "-device", f"isa-debugcon,iobase={port},chardev=port{port}"]
    return options


def judge(arguments, directory):
    image = directory / "disk.img"
    machine.build_image(arguments.imgtool, Path(arguments.kernels) / "smoke.elf", image)
    command = quirks.qemu_command(image, ROW, directory)
    state = save_state(command, directory)
    code = quirks.run([*command, *others_at_the_ports(), "-incoming", f"exec:cat {state}"], directory)
    for name in ("e9.log", "com1.log"):
        output = machine.text_of(directory / name).replace("\r", "")
        wrong = quirks.problem(ROW, code, output)
        if wrong:
            print(f"--- {name}\n{output}\nexit code {code}: {wrong}")
            return 1
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--keep")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stagecoach-a20-") as name:
        return judge(arguments, Path(name))


if __name__ == "__main__":
    sys.exit(main())
