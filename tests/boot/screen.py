#!/usr/bin/env python3
"""The screen of a machine whose boot failed shows the line BOOT-ERR: screen.py --imgtool PROGRAM --kernels DIRECTORY CASE

screen.py list prints the cases with their labels. Under a BIOS the text is read from the video memory; in graphics mode,
without a log there, what shows at all is that line. OVMF repeats on COM1 what it shows on the screen.
"""

import subprocess
from pathlib import Path

import damage
import machine
import monitor

TEXT_MEMORY, TEXT_SIZE = 0xB8000, 80 * 25 * 2
IMAGE_ID = 432  # struct bios_stage1_patch, bios/image_format.h


def damage_number(image):
    image.write(IMAGE_ID, bytes([image.read(IMAGE_ID, 1)[0] ^ 1]))


def without_kernel(image):
    image.delete("kernel.elf")


def text_on_screen(qemu, directory):
    memory = directory / "text"
    qemu.execute("pmemsave", val=TEXT_MEMORY, size=TEXT_SIZE, filename=str(memory))
    return machine.text_of(memory)[::2] if memory.exists() else ""


def text_in_memory(wanted):
    return lambda qemu, directory: wanted in text_on_screen(qemu, directory)


def picture_has_text(qemu, directory):
    """More than one colour."""
    picture = directory / "screen.ppm"
    qemu.execute("screendump", filename=str(picture))
    pixels = picture.read_bytes().split(b"\n", 3)[3]
    return len({pixels[at : at + 3] for at in range(0, len(pixels) - 2, 3)}) > 1


# Name: (kernel, how the image is spoiled, line on COM1, what to see on the screen)
CASES = {
    "stage1": ("smoke", damage_number, "BOOT-ERR M 1", text_in_memory("BOOT-ERR M 1")),
    "stage2": ("smoke", damage.spoil_stages, "BOOT-ERR 213 2", text_in_memory("BOOT-ERR 213 2")),
    "stage4": ("smoke", without_kernel, "BOOT-ERR 208 4", text_in_memory("BOOT-ERR 208 4")),
    "kernel": ("fault-null", None, "BOOT-ERR 903 kernel", picture_has_text),
    "uefi": ("smoke", without_kernel, "BOOT-ERR 208 uefi", None),
}


def boot(arguments, directory, kernel, spoil):
    """Starts the machine; returns the process, its COM1 log and its monitor's socket."""
    image = damage.Image(directory / "disk.img", Path(arguments.kernels) / f"{kernel}.elf", None)
    config = directory / "config"
    config.write_text("log-screen off\n")
    machine.build_image(arguments.imgtool, image.kernel, image.path, "--config", config)
    if spoil:
        spoil(image)
    control, serial = directory / "control", directory / "serial.log"
    qemu = machine.need("qemu-system-x86_64", "qemu-system-x86")
    firmware = machine.ovmf() if arguments.case == "uefi" else []
    command = [qemu, "-accel", "tcg", "-M", "q35", "-m", "256", "-display", "none", "-nic", "none", "-serial",
               f"file:{serial}", "-qmp", f"unix:{control},server=on,wait=off", *firmware,
               "-drive", f"file={image.path},format=raw"]  # fmt: skip
    return subprocess.Popen(command, stdin=subprocess.DEVNULL), serial, control


def judge(arguments, directory):
    kernel, spoil, line, is_seen = CASES[arguments.case]
    process, serial, control = boot(arguments, directory, kernel, spoil)
    copies = 1 if is_seen else 2
    try:
        monitor.wait_for(lambda: machine.text_of(serial).count(line) >= copies, f"{copies} x '{line}' on COM1")
        if is_seen:
            qemu = monitor.Monitor(control)
            monitor.wait_for(lambda: is_seen(qemu, directory), f"'{line}' on the screen")
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    machine.run_cases([("default", name) for name in CASES], judge)
