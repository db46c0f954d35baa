"""Builds images and boots them: QEMU through imgtool run, or Bochs. Shared by the boot tests."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "kernels"))
import payload  # noqa: E402

TIME_LIMIT = 240  # seconds for one boot: some fifty times what it takes on an idle machine
SKIPPED = 77  # exit code by which ctest knows a skipped test

OVMF_CODE, OVMF_VARS = "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"
UBOOT_ROM = "/usr/lib/u-boot/qemu-x86_64/u-boot.rom"
BOCHS_BIOS = "/usr/share/bochs/BIOS-bochs-latest"
BOCHS_VGABIOS = "/usr/share/bochs/VGABIOS-lgpl-latest"


class Outcome:
    """How a boot ended: imgtool's exit code, what the guest wrote to COM1 (or E9) and to E9, what imgtool said."""

    def __init__(self, code, output, e9, said):
        self.code = code
        self.output = output
        self.e9 = e9
        self.said = said

    def describe(self):
        return (f"exit code {self.code}\n--- output\n{self.output}\n--- port E9\n{self.e9}\n"
                f"--- imgtool\n{self.said}\n")  # fmt: skip


def clean_up_when_terminated():
    """Makes SIGTERM an exception, so that temporary directories go."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def run_cases(cases, judge):
    """The main program of a test of many cases. `list WORDS...` prints `label name` for each of `cases`, which may be a
    function of the words; a name runs judge(arguments, directory), which returns what is wrong, if anything, or raises."""
    if sys.argv[1:2] == ["list"]:
        for label, name in cases(sys.argv[2:]) if callable(cases) else cases:
            print(label, name)
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--keep", help="where the screens of failed boots are kept")
    parser.add_argument("case")
    arguments = parser.parse_args()
    clean_up_when_terminated()
    with tempfile.TemporaryDirectory(prefix="stagecoach-") as name:
        wrong = judge(arguments, Path(name))
    if wrong:
        print(f"{arguments.case}: {wrong}")
        sys.exit(1)


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIPPED)


def need(path, package):
    """The path of a program or file, or a skip that says what to install."""
    found = shutil.which(path) if "/" not in path else path if os.path.exists(path) else None
    if found is None:
        skip(f"{path} is missing: apt-get install --no-install-recommends {package}")
    return found


def ovmf(variables=None):
    """Options that make OVMF a machine's firmware; what it writes to its variables, which may be given, is forgotten."""
    return ["-drive", f"if=pflash,format=raw,readonly=on,file={need(OVMF_CODE, 'ovmf')}",
            "-drive", f"if=pflash,format=raw,snapshot=on,file={variables or need(OVMF_VARS, 'ovmf')}"]  # fmt: skip


def command_line(words):
    return f"{words} fnv={payload.fnv1a(words.encode()):016x}"


def write_payload(directory, size, seed):
    path = directory / f"payload-{seed}.bin"
    payload.write_file(size, seed, path)
    return path


def build_image(imgtool, kernel, image, *options):
    subprocess.run([imgtool, "build-image", "--quiet", "--force", "-o", image, *options, kernel], check=True,
                   stdin=subprocess.DEVNULL, timeout=TIME_LIMIT)  # fmt: skip


def build_floppy(options, directory):
    """The floppy disk of chaos.asm with these of its options."""
    nasm = need("nasm", "nasm")
    floppy = directory / "floppy.img"
    source = Path(__file__).resolve().parent / "chaos/chaos.asm"
    subprocess.run([nasm, "-f", "bin", "-Werror", *(f"-D{option}" for option in options), "-o", floppy, source],
                   check=True, stdin=subprocess.DEVNULL)  # fmt: skip
    with open(floppy, "r+b") as file:
        file.truncate(1440 * 1024)
    return floppy


def build_netboot(imgtool, kernel, directory, *options):
    subprocess.run([imgtool, "build-netboot", "--quiet", "-o", directory, *options, kernel], check=True,
                   stdin=subprocess.DEVNULL, timeout=TIME_LIMIT)  # fmt: skip


def write_dirty_memory(path, size):
    """A file that becomes the machine's RAM: what was there before the boot is not zero."""
    block = b"\xa5" * (1 << 20)
    with open(path, "wb") as memory:
        for _ in range(size >> 20):
            memory.write(block)


def text_of(path):
    return path.read_bytes().decode("utf-8", "replace") if path.exists() else ""


def run_qemu(imgtool, image, directory, *options, time_limit=TIME_LIMIT):
    """Boots with `imgtool run`; options after "--" go to QEMU."""
    need("qemu-system-x86_64", "qemu-system-x86")
    e9 = directory / "e9.log"
    environment = os.environ | {"IMGTOOL_ACCEL": "tcg", "TMPDIR": str(directory)}
    done = subprocess.run(
        [imgtool, "run", image, "--timeout", str(time_limit), "--e9-log", e9, "--screenshot",
         directory / "screen.png", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, check=False,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), text_of(e9),
                   done.stderr.decode("utf-8", "replace"))  # fmt: skip


BOCHSRC = """\
display_library: {display}
config_interface: textconfig
cpu: model={model}, count=1, ips=50000000, reset_on_triple_fault=0
memory: guest=512, host=512
romimage: file={bios}
vgaromimage: file={vgabios}
ata0: enabled=1
ata0-master: {drive}
boot: {boot}
port_e9_hack: enabled=1
log: "{directory}/bochs.log"
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
com1: enabled=1, mode=file, dev="{directory}/com1.log"
"""


def run_bochs(image, directory, model, cd=False):
    """Boots in Bochs, which prints port E9 on stdout and ends when port 0x501 is written."""
    program = need("bochs", "bochs bochs-term bochsbios vgabios")
    need(BOCHS_BIOS, "bochsbios")
    need(BOCHS_VGABIOS, "vgabios")
    settings = directory / "bochsrc"
    settings.write_text(BOCHSRC.format(display='rfb, options="timeout=0"', model=model, bios=BOCHS_BIOS,
                                       vgabios=BOCHS_VGABIOS, directory=directory, boot="cdrom" if cd else "disk",
                                       drive=f'type=cdrom, path="{image}", status=inserted' if cd
                                       else f'type=disk, path="{image}", mode=flat'))  # fmt: skip
    commands = directory / "commands"
    commands.write_text("c\n")
    try:
        done = subprocess.run([program, "-q", "-f", settings, "-rc", commands], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIME_LIMIT,
                              cwd=directory, check=False)  # fmt: skip
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as expired:
        output, code = expired.stdout or b"", "time-out"
    return Outcome(code, text_of(directory / "com1.log"), output.decode("utf-8", "replace"),
                   text_of(directory / "bochs.log"))  # fmt: skip


def keep_screen(directory, keep, name):
    """Saves the picture of a failed boot."""
    screen = directory / "screen.png"
    if keep and screen.exists():
        os.makedirs(keep, exist_ok=True)
        shutil.copy(screen, Path(keep) / (name.replace("/", "_") + ".png"))
