#!/usr/bin/env python3
"""What imgtool run leaves: output, logs, reports, pictures, to files and to pipes with readers of all kinds.

check_run_outputs.py --imgtool PROGRAM --kernels DIRECTORY CASE; see check_run.py.
"""

import fcntl
import json
import os
import select
import signal
import subprocess
import time

import check_run
import machine
from check_run import OK, IO_ERROR, UNSAFE, GUEST_FAILED, RESET, TIMEOUT
from picture import read_png


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


def outputs(bench):
    """What can't be written is known before the guest runs."""
    image, missing = bench.guest("spin"), bench.directory / "none" / "file"
    for option in ("--serial-log", "--e9-log", "--screenshot", "--report"):
        bench.expect(IO_ERROR, image, option, missing, output="", said=f"{missing}: can't be written")
        bench.expect(IO_ERROR, image, option, bench.directory, output="", said=f"{bench.directory}: can't be written")


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


CASES = {
    function.__name__.replace("_", "-"): function
    for function in (
        report, serial_log, screenshot, screenshot_without_screen, timeline, no_timeline, lost_output, output_onto_input,
        reader_stands_still, slow_reader, output_is_a_pipe, reader_of_a_report, outputs, reader_goes_away, full_disk,
    )
}  # fmt: skip


if __name__ == "__main__":
    check_run.main(CASES, {}, check_run.Bench)
