#!/usr/bin/env python3
"""imgtool run, with guests of one sector each: check_run.py --imgtool PROGRAM --kernels DIRECTORY CASE

Every way in which a guest, QEMU or the user can end a run, and what imgtool makes of it. `check_run.py list` prints the
cases with their labels.
"""

import argparse
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
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


def unfilter(kind, row, above):
    """One row of a PNG picture of 3 bytes a pixel (PNG 1.2, chapter 6)."""
    row = bytearray(row)
    for i, value in enumerate(row):
        left, up, corner = (row[i - 3] if i >= 3 else 0), above[i], (above[i - 3] if i >= 3 else 0)
        guess = left + up - corner
        paeth = min((left, up, corner), key=lambda near: abs(guess - near))
        row[i] = (value + (0, left, up, (left + up) // 2, paeth)[kind]) & 255
    return bytes(row)


def read_png(path):
    """Width, height and pixels of an 8-bit RGB picture without interlacing."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", data, at + 8)
        if kind == b"IDAT":
            packed += data[at + 8 : at + 8 + size]
        at += 12 + size
    assert (depth, colour) == (8, 2), (depth, colour)
    filtered, stride = zlib.decompress(packed), 3 * width
    rows = [bytes(stride)]
    for start in range(0, len(filtered), stride + 1):
        rows.append(unfilter(filtered[start], filtered[start + 1 : start + 1 + stride], rows[-1]))
    return width, height, b"".join(rows[1:])


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


def report(bench):
    path = bench.directory / "report.json"
    for end, code, verdict in (("exit", OK, "success"), ("reset", RESET, "reset"), ("spin", TIMEOUT, "timeout")):
        image = bench.guest(end, VALUE=0x10)
        bench.expect(code, image, "--report", path, timeout=3 if end == "spin" else 60)
        said = json.loads(path.read_text())
        found = [said[name] for name in ("schema", "version", "image", "verdict", "exit_code")]
        assert found == ["imgtool-run", 1, str(image), verdict, code], said
        assert said["reason"] and "boot_error" not in said, said
    bench.expect(GUEST_FAILED, bench.guest("halt", TEXT='"BOOT-ERR R 1"'), "--report", path, output="BOOT-ERR R 1\r\n")
    assert json.loads(path.read_text())["boot_error"] == "BOOT-ERR R 1"
    bench.expect(IO_ERROR, bench.guest("exit", VALUE=0x10), "--report", "/dev/full", said="report")
    link = bench.directory / "link"
    link.symlink_to("new.json")
    bench.expect(OK, bench.guest("exit", VALUE=0x10), "--report", link)
    assert link.is_symlink() and json.loads((bench.directory / "new.json").read_text())["exit_code"] == OK


def without_serial(bench):
    bench.expect(OK, bench.guest("exit", VALUE=0x10, PORT="0xe9"), "--no-serial")


def serial_log(bench):
    log = bench.directory / "serial.log"
    log.write_text("old text that is longer than the new one")
    bench.expect(OK, bench.guest("exit", VALUE=0x10), "--serial-log", log)
    assert log.read_bytes() == b"hello\r\n"


def screenshot(bench):
    for end, code in (("exit", OK), ("reset", RESET), ("spin", TIMEOUT)):
        picture = bench.directory / f"{end}.png"
        bench.expect(code, bench.guest(end, VALUE=0x10), "--screenshot", picture, timeout=3 if end == "spin" else 60)
        width, height, pixels = read_png(picture)
        assert width >= 320 and height >= 200, (width, height)
        assert pixels == b"\xa8\x00\x00" * (width * height), "the screen is not red"


def screenshot_without_screen(bench):
    picture = bench.directory / "none.png"
    bench.expect(OK, bench.guest("exit", VALUE=0x10), "--vga", "none", "--screenshot", picture, said="no screenshot")
    assert not picture.exists()


def timeline(bench):
    """Of a real boot: the loader's own line, as a document and as a chart."""
    kernel = bench.kernels / "smoke.elf"
    code, output, said = bench.run(kernel, "--timeline", "--json", timeout=200)
    assert code == OK and "BOOT-OK" in said, (code, output, said)
    document = json.loads(output)
    assert document["schema"] == "imgtool-timeline" and document["firmware"] == "bios", document
    events = document["events"]
    assert [event["phase"] for event in events][:2] == ["firmware", "loader"], events
    assert events[-1]["phase"] == "jump" and events[-1]["bytes_read"] >= kernel.stat().st_size, events
    assert all(a["tsc"] <= b["tsc"] for a, b in zip(events, events[1:], strict=False)), events
    code, output, said = bench.run(kernel, "--timeline", timeout=200)
    assert code == OK and "BOOT-OK" in output and "page tables" in output, (code, output, said)
    assert not list(bench.temporary.iterdir())


def no_timeline(bench):
    bench.expect(OK, bench.guest("exit", VALUE=0x10), "--timeline", said="no timeline")


def lost_output(bench):
    """A log or picture that was asked for and is not there: the guest's success is not all."""
    image = bench.guest("exit", VALUE=0x10)
    bench.expect(IO_ERROR, image, "--serial-log", "/dev/full", said="but /dev/full could not be written")
    bench.expect(GUEST_FAILED, bench.guest("exit", VALUE=0x11), "--serial-log", "/dev/full", said="not complete")
    gone = bench.directory / "gone"
    gone.mkdir()
    qemu = bench.directory / "qemu"
    qemu.write_text(f"#!/bin/sh\nrmdir '{gone}'\nexec {machine.need('qemu-system-x86_64', 'qemu-system-x86')} \"$@\"\n")
    qemu.chmod(0o755)
    image = bench.guest("exit", VALUE=0x10)
    bench.expect(IO_ERROR, image, "--qemu", qemu, "--screenshot", gone / "picture.png", said="no screenshot")


def output_onto_input(bench):
    """Opening an output empties it: neither the image, by any of its names, nor the file of another option."""
    image = bench.guest("exit", VALUE=0x10)
    before = image.read_bytes()
    link, hard, new, dangling = (bench.directory / name for name in ("link", "hard", "new", "dangling"))
    link.symlink_to(image)
    hard.hardlink_to(image)
    dangling.symlink_to("new")
    for option in ("--serial-log", "--e9-log", "--report", "--screenshot"):
        for path in (image, link, hard):
            bench.expect(UNSAFE, image, option, path, output="", said="itself")
            assert image.read_bytes() == before, f"{option} {path}"
    for other in (new, bench.directory / "." / "new", dangling):
        bench.expect(UNSAFE, image, "--serial-log", new, "--report", other, output="", said="--serial-log, too")
    assert not new.exists()
    bench.expect(OK, image, "--serial-log", "/dev/null", "--e9-log", "/dev/null")


def open_pipe(path=None):
    """Reading and writing end, also of the FIFO that is made there."""
    if not path:
        return os.pipe()
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    return reading, os.open(path, os.O_WRONLY)


def wait_until_full(writing, process):
    while select.select([], [writing], [], 0)[1]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def reader_stands_still(bench):
    """Of stdout or of a log that is a pipe: the time-out and signals end the run in spite of it."""
    image = bench.guest("spin", PORT="0xe9", REPEAT=0)
    for log in (None, bench.directory / "log"):
        reading, writing = open_pipe(log)
        options = ["--e9-log", log] if log else ["--no-serial"]
        for number in (None, signal.SIGINT, signal.SIGTERM):
            process = bench.start("--timeout", 5 if number is None else machine.TIME_LIMIT, *options, image,
                                  stdout=subprocess.DEVNULL if log else writing)  # fmt: skip
            wait_until_full(writing, process)
            if number:
                process.send_signal(number)
            _, said = process.communicate(timeout=machine.TIME_LIMIT)
            assert process.returncode == (-number if number else TIMEOUT), (process.returncode, said)
            assert not list(bench.temporary.iterdir())
            os.read(reading, 1 << 20)
        for end in (reading, writing):
            os.close(end)
    bench.expect(IO_ERROR, image, "--e9-log", bench.directory / "log", output="", said="nobody reads")


def slow_reader(bench):
    """Gets all, after the guest's end too."""
    reading, writing = open_pipe()
    process = bench.start("--no-serial", bench.guest("exit", VALUE=0x10, PORT="0xe9", REPEAT=20000), stdout=writing)
    wait_until_full(writing, process)
    os.close(writing)
    with os.fdopen(reading, "rb") as output:
        got = output.read()
    _, said = process.communicate(timeout=machine.TIME_LIMIT)
    assert (got, process.returncode) == (b"hello\r\n" * 20000, OK), (len(got), process.returncode, said)


def output_is_a_pipe(bench):
    """A FIFO, or one that a shell has opened for us; with a reader."""
    pipe, picture, image = bench.directory / "pipe", bench.directory / "picture.png", bench.guest("exit", VALUE=0x10)
    os.mkfifo(pipe)
    for option in ("--report", "--screenshot"):
        bench.expect(IO_ERROR, image, option, pipe, output="", said="nobody reads from this pipe")
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, 1 << 20)
    bench.expect(OK, image, "--report", pipe)
    assert json.loads(os.read(reading, 1 << 20))["verdict"] == "success"
    bench.expect(OK, image, "--screenshot", pipe)
    picture.write_bytes(os.read(reading, 1 << 20))
    width, height, pixels = read_png(picture)
    assert len(pixels) == 3 * width * height > 0, (width, height)
    bench.expect(OK, image, "--screenshot", "/dev/null")
    bench.expect(IO_ERROR, image, "--screenshot", "/dev/full", said="no screenshot: No space")
    done = subprocess.run(["bash", "-c", f'"$0" run --report >(cat > {picture}) {image}; wait $!', bench.imgtool],
                          env=os.environ | {"IMGTOOL_ACCEL": "tcg"}, check=True, capture_output=True, timeout=60)  # fmt: skip
    assert json.loads(picture.read_bytes())["verdict"] == "success", done


def reader_of_a_report(bench):
    """Goes away, or stands still: then a signal ends the run."""
    pipe, image = bench.directory / "pipe", bench.guest("exit", VALUE=0x10)
    os.mkfifo(pipe)
    reading, spin = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), bench.guest("spin")
    process = bench.start("--timeout", 3, "--report", pipe, spin)
    assert process.stdout.readline() == b"hello\r\n"
    os.close(reading)
    _, said = process.communicate(timeout=machine.TIME_LIMIT)
    assert process.returncode == IO_ERROR and b"can't write the report: nobody reads" in said, (process.returncode, said)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writing = os.open(pipe, os.O_WRONLY)
    os.write(writing, bytes(fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)))
    process = bench.start("--timeout", 60, "--report", pipe, image)
    while b"success" not in (line := process.stderr.readline()):
        assert line, "has ended"
    process.terminate()
    process.communicate(timeout=machine.TIME_LIMIT)
    assert process.returncode == -signal.SIGTERM, process.returncode
    assert not list(bench.temporary.iterdir())
    for end in (reading, writing):
        os.close(end)


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


def outputs(bench):
    """What can't be written is known before the guest runs."""
    image, missing = bench.guest("spin"), bench.directory / "none" / "file"
    for option in ("--serial-log", "--e9-log", "--screenshot", "--report"):
        bench.expect(IO_ERROR, image, option, missing, output="", said=f"{missing}: can't be written")
        bench.expect(IO_ERROR, image, option, bench.directory, output="", said=f"{bench.directory}: can't be written")


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


def reader_goes_away(bench):
    process = bench.start(bench.guest("spin"))
    assert process.stdout.readline() == b"hello\r\n"
    process.stdout.close()
    assert process.wait(timeout=machine.TIME_LIMIT) == -signal.SIGPIPE, process.returncode
    process.stderr.close()
    assert not list(bench.temporary.iterdir())


def full_disk(bench):
    with open("/dev/full", "wb") as full:
        code, _, said = bench.run(bench.guest("spin"), stdout=full)
    assert code == IO_ERROR and "No space left" in said, (code, said)


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
        success, failure, unknown_value, reset, triple_fault, time_out, silent_halt, boot_error, boot_error_on_e9,
        boot_error_then_reset, success_pattern, report, without_serial, serial_log, screenshot, screenshot_without_screen, image_is_not_changed,
        every_disk, isa_debug_exit_of_the_user, exit_port_of_any_width, judged_by_qemu, kernel, kernel_refused, no_image, bad_options,
        qemu_missing, outputs, qemu_lists, qemu_refuses, lost_output, output_onto_input, output_is_a_pipe,
        reader_of_a_report, reader_stands_still, slow_reader,
        qemu_killed, interrupted, killed, reader_goes_away, full_disk, input_is_left_alone, terminal,
        timeline, no_timeline,
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
