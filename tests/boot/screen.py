#!/usr/bin/env python3
"""The screen of a machine whose boot failed shows the line BOOT-ERR: screen.py --imgtool PROGRAM --kernels DIRECTORY CASE

screen.py list prints the cases with their labels. Under a BIOS the text is read from the video memory; in graphics mode,
without a log there, what shows at all is that line. Under OVMF the text is read from the picture, and COM1 has it once.
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


def take_picture(qemu, directory):
    """Width, height and pixels."""
    picture = directory / "screen.ppm"
    qemu.execute("screendump", filename=str(picture))
    _, size, _, pixels = picture.read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    return width, height, [pixels[at : at + 3] for at in range(0, width * height * 3, 3)]


def picture_has_text(qemu, directory):
    """More than one colour."""
    return len(set(take_picture(qemu, directory)[2])) > 1


def shape(signs):
    """Equal signs as equal numbers, counted from the first one on: alike for a text in any font."""
    numbers = {}
    return [numbers.setdefault(sign, len(numbers)) for sign in signs]


def shows(picture, text):
    """Whether a row of the picture shows the text in the UEFI console's 8x19 characters; the font need not be known."""
    width, height, pixels = picture
    lines = [bytes(pixel != b"\0\0\0" for pixel in pixels[y * width : (y + 1) * width]) for y in range(height)]
    wanted = shape(text)
    for top in range(height - 18):
        signs = [b"".join(line[x : x + 8] for line in lines[top : top + 19]) for x in range(0, width - 7, 8)]
        if any(shape(signs[at : at + len(text)]) == wanted for at in range(len(signs) - len(text) + 1)):
            return True
    return False


def picture_shows(wanted):
    return lambda qemu, directory: shows(take_picture(qemu, directory), wanted)


# Name: (kernel, how the image is spoiled, line on COM1, what to see on the screen)
CASES = {
    "stage1": ("smoke", damage_number, "BOOT-ERR M 1", text_in_memory("BOOT-ERR M 1")),
    "stage2": ("smoke", damage.spoil_stages, "BOOT-ERR 213 2", text_in_memory("BOOT-ERR 213 2")),
    "stage4": ("smoke", without_kernel, "BOOT-ERR 208 4", text_in_memory("BOOT-ERR 208 4")),
    "kernel": ("fault-null", None, "BOOT-ERR 903 kernel", picture_has_text),
    "uefi": ("smoke", without_kernel, "BOOT-ERR 208 uefi", picture_shows("BOOT-ERR 208 uefi kernel")),
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
    try:
        monitor.wait_for(lambda: line in machine.text_of(serial), f"'{line}' on COM1")
        qemu = monitor.Monitor(control)
        monitor.wait_for(lambda: is_seen(qemu, directory), f"'{line}' on the screen")
        count = machine.text_of(serial).count(line)
        return None if count == 1 else f"'{line}' is {count} times on COM1"
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    machine.run_cases([("default", name) for name in CASES], judge)
