#!/usr/bin/env python3
"""imgtool run, with guests of one sector each: check_run.py --imgtool PROGRAM --kernels DIRECTORY CASE

Every way in which a guest, QEMU or the user can end a run, and what imgtool makes of it; check_run_outputs.py has what a run
leaves. `check_run.py list` prints the cases with their labels.
"""

import argparse
import fcntl
import os
import pty
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import machine

OK, FAILED, USAGE, REJECTED, IO_ERROR, UNSAFE, MISSING, GUEST_FAILED, RESET, TIMEOUT = 0, 1, 2, 3, 4, 6, 7, 10, 11, 12
SOURCE = Path(__file__).resolve().parent / "guest.asm"


class Bench:
    """A scratch directory with guests, and imgtool."""

    command = "run"

    def __init__(self, arguments, directory):
        self.imgtool = arguments.imgtool
        self.kernels = Path(arguments.kernels)
        self.directory = directory
        self.temporary = directory / "tmp"  # where imgtool puts its own files; empty afterwards
        self.temporary.mkdir()

    def guest(self, end, **defines):
        image = self.directory / f"{end},guest.img"
        settings = [f"-D{name}={value}" for name, value in {"END": end, **defines}.items()]
        subprocess.run([machine.need("nasm", "nasm"), "-Werror", "-f", "bin", *settings, "-o", image, SOURCE], check=True)
        return image

    def start(self, *options, environment=None, **streams):
        settings = os.environ | {"IMGTOOL_ACCEL": "tcg", "TMPDIR": str(self.temporary)} | (environment or {})
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
        return subprocess.Popen([self.imgtool, self.command, *map(str, options)], env=settings, **streams)

    def run(self, *options, timeout=60, **more):
        """Returns exit code, stdout, stderr."""
        process = self.start("--timeout", timeout, *options, **more)
        output, said = process.communicate(timeout=machine.TIME_LIMIT)
        return process.returncode, (output or b"").decode(), (said or b"").decode()

    def expect(self, code, *options, output="hello\r\n", said="", **more):
        result = self.run(*options, **more)
        assert result[0] == code, result
        assert result[1] == output, result
        assert said in result[2], result
        assert not list(self.temporary.iterdir()), "left behind: " + str(list(self.temporary.iterdir()))


def success(bench):
    bench.expect(OK, bench.guest("exit", VALUE=0x10), said="success")


def failure(bench):
    bench.expect(GUEST_FAILED, bench.guest("exit", VALUE=0x11), said="failure")


def unknown_value(bench):
    bench.expect(GUEST_FAILED, bench.guest("exit", VALUE=0), said="failure")


def reset(bench):
    bench.expect(RESET, bench.guest("reset"), said="reset")


def triple_fault(bench):
    bench.expect(RESET, bench.guest("triple"), said="triple fault")


def time_out(bench):
    bench.expect(TIMEOUT, bench.guest("spin"), timeout=3, said="no verdict")


def silent_halt(bench):
    """Not BOOT-ERR: a kernel may halt for good reasons, so only the time ends it."""
    bench.expect(TIMEOUT, bench.guest("halt"), timeout=3, said="no verdict")


def boot_error(bench):
    bench.expect(GUEST_FAILED, bench.guest("halt", TEXT='"BOOT-ERR R 1"'), output="BOOT-ERR R 1\r\n", said="BOOT-ERR R 1")


def boot_error_on_e9(bench):
    log = bench.directory / "e9.log"
    image = bench.guest("halt", TEXT='"BOOT-ERR R 1"', PORT="0xe9")
    bench.expect(GUEST_FAILED, image, "--e9-log", log, output="", said="BOOT-ERR R 1")
    assert log.read_bytes() == b"BOOT-ERR R 1\r\n", log.read_bytes()


def boot_error_then_reset(bench):
    bench.expect(RESET, bench.guest("reset", TEXT='"BOOT-ERR 208 4 x"'), output="BOOT-ERR 208 4 x\r\n")


def success_pattern(bench):
    image = bench.guest("spin", TEXT='"5 of 5 passed"')
    for pattern in ("of 5 pass", "/^5 of [0-9]+ passed$/"):
        result = bench.run(image, "--success-pattern", pattern)  # the guest may end before its line does
        assert result[0] == OK and "success pattern" in result[2], result
        assert "5 of 5 pass" in result[1] and "5 of 5 passed\r\n".startswith(result[1]), result
    bench.expect(TIMEOUT, image, "--success-pattern", "6 of 6", output="5 of 5 passed\r\n", timeout=3)
    bench.expect(GUEST_FAILED, bench.guest("exit", VALUE=0x10), "--success-pattern", "bye", said="did not appear")
    bench.expect(USAGE, image, "--success-pattern", "", output="", said="empty")


def without_serial(bench):
    bench.expect(OK, bench.guest("exit", VALUE=0x10, PORT="0xe9"), "--no-serial")


def image_is_not_changed(bench):
    image = bench.guest("exit", VALUE=0x10)
    before = image.read_bytes()
    image.chmod(0o444)
    bench.expect(OK, image)
    assert image.read_bytes() == before


def every_disk(bench):
    image = bench.guest("exit", VALUE=0x10)
    for kind in ("ide", "ahci", "virtio", "nvme", "usb", "scsi"):
        bench.expect(OK, image, "--machine", "pc", "--disk", kind)
    bench.expect(USAGE, image, "--machine", "q35", "--disk", "ide", output="", said="--machine pc")


def isa_debug_exit_of_the_user(bench):
    """The port has two devices then: imgtool's or the user's answers, the verdict is the same."""
    bench.expect(OK, bench.guest("exit", VALUE=0x10), "--", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", said="success")


def exit_port_of_any_width(bench):
    """isa-debug-exit has four ports: kernels in Rust write 32 bits at once."""
    for register in ("ax", "eax"):
        bench.expect(OK, bench.guest("exit", VALUE=0x10, EXIT_REGISTER=register), said="success")
        bench.expect(GUEST_FAILED, bench.guest("exit", VALUE=0x11, EXIT_REGISTER=register), said="0x11")


def judged_by_qemu(bench):
    """The same disk in a QEMU that nobody watches, with the exit device that kernels know: it ends with 2 x value + 1."""
    program = machine.need("qemu-system-x86_64", "qemu-system-x86")
    for value, code in ((0x10, OK), (0x11, GUEST_FAILED)):
        image = bench.guest("exit", VALUE=value)
        bench.expect(code, image)
        drive = "format=raw,snapshot=on,file=" + str(image).replace(",", ",,")
        words = [program, "-accel", "tcg", "-display", "none", "-monitor", "none", "-nic", "none", "-no-reboot", "-serial", "stdio",
                 "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-drive", drive]  # fmt: skip
        alone = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, timeout=machine.TIME_LIMIT)
        assert (alone.returncode, alone.stdout) == (2 * value + 1, b"hello\r\n"), alone


def kernel(bench):
    code, output, said = bench.run(bench.kernels / "smoke.elf")
    assert code == OK and "BOOT-OK smoke" in output, (code, output, said)
    assert not list(bench.temporary.iterdir())


def kernel_refused(bench):
    bench.expect(REJECTED, bench.kernels / "refused-no-note.elf", output="", said="BOOT_CONFIG")


def no_image(bench):
    bench.expect(USAGE, output="", said="which image")
    bench.expect(IO_ERROR, bench.directory / "none.img", output="", said="No such file")
    bench.expect(REJECTED, bench.directory, output="", said="directory")
    fifo = bench.directory / "fifo"
    os.mkfifo(fifo)
    for path in (fifo, "/dev/null", "/dev/zero"):  # would be waited for, or booted without an end
        for options in ([], ["--direct"]):
            bench.expect(REJECTED, path, *options, output="", said="neither a disk image nor a kernel")


def bad_options(bench):
    image = bench.guest("exit", VALUE=0x10)
    for options, said in (
        (["--disk", "tape"], "ide, ahci"),
        (["--firmware", "coreboot"], "bios, uefi"),
        (["--timeot", "3"], "did you mean --timeout"),
        (["--smp", "0"], "--smp"),
        (["--timeout", "2147484"], "up to 86400"),
        (["--smp", "many"], "many"),
        (["--no-serial", "--serial-log", "x"], "--no-serial"),
        (["other.img"], "behind --"),
    ):
        bench.expect(USAGE, image, *options, output="", said=said)
    bench.expect(USAGE, image, output="", said="IMGTOOL_ACCEL", environment={"IMGTOOL_ACCEL": "magic"})


def qemu_missing(bench):
    image = bench.guest("exit", VALUE=0x10)
    bench.expect(MISSING, image, "--qemu", "/none/qemu", output="", said="/none/qemu")
    bench.expect(MISSING, image, output="", said="apt-get install", environment={"PATH": "/none"})


def qemu_lists(bench):
    """A name that QEMU does not have, and a QEMU that has less than others, or gives no list: that one may have all."""
    image = bench.guest("exit", VALUE=0x10)
    for options, said in ((["--cpu", "Skylake-Cleint,-nx"], "did you mean 'Skylake-Client'?"), (["--nic", "e1001"], "did you mean 'e1000'?"),
                          (["--cpu", "nothing-of-that-kind"], "-cpu help' lists all")):  # fmt: skip
        bench.expect(USAGE, image, *options, output="", said=said)
    real = machine.need("qemu-system-x86_64", "qemu-system-x86")
    poor = bench.directory / "poor-qemu"
    for answer, code, said in (("echo 'std  standard VGA'", USAGE, "this QEMU has no such graphics card"), ("exit 1", OK, "success")):
        poor.write_text(f'#!/bin/sh\nif [ "$2" = help ]; then {answer}; exit; fi\nexec {real} "$@"\n')
        poor.chmod(0o755)
        shown = "hello\r\n" if code == OK else ""
        bench.expect(code, image, "--qemu", poor, "--vga", "cirrus", output=shown, said=said)


def qemu_refuses(bench):
    bench.expect(FAILED, bench.guest("exit", VALUE=0x10), "--", "-no-such-option", output="", said="did not start")


def qemu_killed(bench):
    """By somebody else, while the guest runs: found among the children of imgtool."""
    process = bench.start(bench.guest("spin"))
    assert process.stdout.readline() == b"hello\r\n"
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    _, said = process.communicate(timeout=machine.TIME_LIMIT)
    assert process.returncode == FAILED and b"killed by signal 9" in said, (process.returncode, said)
    assert not list(bench.temporary.iterdir())


def interrupted(bench):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = bench.start(bench.guest("spin"))
        assert process.stdout.readline() == b"hello\r\n"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.send_signal(number)
        process.communicate(timeout=machine.TIME_LIMIT)
        assert process.returncode == -number, process.returncode
        assert not Path(f"/proc/{children[0]}").exists(), "QEMU is still there"
        assert not list(bench.temporary.iterdir())


def killed(bench):
    """Even then QEMU goes; the temporary files can't."""
    process = bench.start(bench.guest("spin"), stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == b"hello\r\n"
    process.kill()
    assert process.stdout.read() == b""  # ends when the last process that has the pipe is gone
    process.wait()


def input_is_left_alone(bench):
    """What is no terminal belongs to the caller, who may want to read it after us."""
    reading, writing = os.pipe()
    os.write(writing, b"for the caller")
    bench.expect(OK, bench.guest("exit", VALUE=0x10), stdin=reading)
    assert os.read(reading, 100) == b"for the caller"
    os.close(reading)
    os.close(writing)


def terminal(bench):
    """Keys reach the guest; the terminal is as before afterwards."""
    import termios  # noqa: PLC0415

    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)

    def own_terminal():
        os.setsid()
        import fcntl  # noqa: PLC0415

        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    process = bench.start(bench.guest("echo"), stdin=slave, preexec_fn=own_terminal)
    assert process.stdout.readline() == b"hello\r\n"
    os.write(master, b"k")
    output, said = process.communicate(timeout=machine.TIME_LIMIT)
    assert process.returncode == OK and output == b"k", (process.returncode, output, said)
    assert termios.tcgetattr(slave) == before
    os.close(master)
    os.close(slave)


CASES = {
    function.__name__.replace("_", "-"): function
    for function in (
        success, failure, unknown_value, reset, triple_fault, time_out, silent_halt, boot_error, boot_error_on_e9, boot_error_then_reset,
        success_pattern, without_serial, image_is_not_changed, every_disk, isa_debug_exit_of_the_user, exit_port_of_any_width,
        judged_by_qemu, kernel, kernel_refused, no_image, bad_options, qemu_missing, qemu_lists, qemu_refuses, qemu_killed, interrupted,
        killed, input_is_left_alone, terminal,
    )
}  # fmt: skip
LABELS = dict.fromkeys(("success", "failure", "reset", "boot-error", "bad-options", "qemu-missing", "interrupted"), "quick")


def main(cases, labels, bench):
    if sys.argv[1:] == ["list"]:
        for name in cases:
            print(labels.get(name, "default"), name)
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgtool", required=True)
    parser.add_argument("--kernels", required=True)
    parser.add_argument("--keep")
    parser.add_argument("case")
    arguments = parser.parse_args()
    machine.clean_up_when_terminated()
    machine.need("qemu-system-x86_64", "qemu-system-x86")
    with tempfile.TemporaryDirectory(prefix="stagecoach,run-") as directory:
        cases[arguments.case](bench(arguments, Path(directory)))


if __name__ == "__main__":
    main(CASES, LABELS, Bench)
