#!/usr/bin/env python3
"""imgtool test, with guests of one sector each: check_test.py --imgtool PROGRAM --kernels DIRECTORY CASE

Its TAP is judged by prove, its JUnit file by xmllint and Python's parser. `check_test.py list` prints the cases with
their labels.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree
from pathlib import Path

import check_run
import machine
from check_run import FAILED, GUEST_FAILED, IO_ERROR, MISSING, OK, REJECTED, RESET, TIMEOUT, UNSAFE, USAGE
from picture import read_png

ONE = "case only firmware=bios\n"
TWO = "case first disk=ahci\ncase second disk=virtio\n"


class Bench(check_run.Bench):
    command = "test"

    def __init__(self, arguments, directory):
        super().__init__(arguments, directory)
        self.kept = directory / "kept"

    def matrix(self, text):
        path = self.directory / "matrix.conf"
        path.write_text(text)
        return path

    def test(self, code, image, *options, matrix=ONE, timeout=60, **more):
        """Runs the test; returns stdout and stderr."""
        words = [image, "--matrix", self.matrix(matrix), "--output", self.kept, *options]
        result = self.run(*words, timeout=timeout, **more)
        assert result[0] == code, result
        assert not list(self.temporary.iterdir()), "left behind: " + str(list(self.temporary.iterdir()))
        return result[1:]

    def files(self):
        return {path.name for path in self.kept.iterdir()} if self.kept.exists() else set()


def prove(bench, tap):
    """The numbers of the failed cases, as prove reads them."""
    program = machine.need("prove", "perl")
    path = bench.directory / "results.tap"
    path.write_text(tap)
    done = subprocess.run([program, "--exec", "cat", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          stdin=subprocess.DEVNULL, env=os.environ | {"LC_ALL": "C"}, text=True)  # fmt: skip
    assert "Parse errors" not in done.stdout, done.stdout
    assert (done.returncode == 0) == ("Result: PASS" in done.stdout), done.stdout
    return [line.split(":")[1].strip() for line in done.stdout.splitlines() if line.strip().startswith("Failed test")]


def read_junit(path):
    subprocess.run([machine.need("xmllint", "libxml2-utils"), "--noout", path], check=True)
    return xml.etree.ElementTree.parse(path).getroot().find("testsuite")


def verdicts(bench):
    """Only the success code passes."""
    for end, value, code, result in (
        ("exit", 0x10, OK, "success"),
        ("exit", 0x11, GUEST_FAILED, "failure"),
        ("exit", 0, GUEST_FAILED, "failure"),
        ("reset", 0, RESET, "reset"),
        ("triple", 0, RESET, "reset"),
        ("spin", 0, TIMEOUT, "timeout"),
        ("halt", 0, TIMEOUT, "timeout"),
    ):
        said, _ = bench.test(code, bench.guest(end, VALUE=value), "--json", timeout=3 if code == TIMEOUT else 60)
        report = json.loads(said)
        assert (report["schema"], report["version"]) == ("imgtool-test", 1), report
        (case,) = report["cases"]
        assert (case["result"], case["exit_code"], case["name"]) == (result, code, "only"), case
        assert (report["passed"], report["failed"]) == ((1, 0) if code == OK else (0, 1)), report


def boot_error(bench):
    image = bench.guest("halt", TEXT='"BOOT-ERR R 1", 1, 0xff, "<&]]>"')
    said, _ = bench.test(GUEST_FAILED, image, "--json", "--junit", bench.directory / "results.xml")
    (case,) = json.loads(said)["cases"]
    assert case["boot_error"] == "BOOT-ERR R 1??<&]]>", case
    assert case["boot_error"] in case["reason"], case
    assert (bench.kept / "only.serial.log").read_bytes() == b"BOOT-ERR R 1\x01\xff<&]]>\r\n"
    suite = read_junit(bench.directory / "results.xml")
    failed = suite.find("testcase/failure")
    assert failed.get("message") == "BOOT-ERR R 1??<&]]>", failed.attrib
    assert suite.find("testcase/system-out").text == "BOOT-ERR R 1\ufffd\ufffd<&]]>\n"


def tap(bench):
    passing = bench.guest("exit", VALUE=0x10)
    said, _ = bench.test(OK, passing, matrix=TWO)
    assert said.splitlines()[:2] == ["TAP version 13", "1..2"], said
    assert prove(bench, said) == [], said
    matrix = TWO + "case third -- -no-such-option\n"
    said, _ = bench.test(FAILED, passing, matrix=matrix)
    assert prove(bench, said) == ["3"], said
    said, _ = bench.test(RESET, bench.guest("reset"), matrix=TWO)
    assert prove(bench, said) == ["1-2"], said


def failures_of_two_kinds(bench):
    """One case resets, the other is stopped before its first instruction."""
    matrix = "case resets\ncase stands timeout=3 -- -S\n"
    said, _ = bench.test(GUEST_FAILED, bench.guest("reset"), "--json", matrix=matrix)
    assert [case["exit_code"] for case in json.loads(said)["cases"]] == [RESET, TIMEOUT], said


def junit(bench):
    report = bench.directory / "results.xml"
    image = bench.guest("exit", VALUE=0x10)
    bench.test(FAILED, image, "--junit", report, matrix=TWO + "case 'third' -- -no-such-option\n")
    suite = read_junit(report)
    counts = [suite.get(name) for name in ("name", "tests", "failures", "errors")]
    assert counts == [image.name, "3", "0", "1"], counts
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == ["first", "second", "third"]
    assert [len(case) for case in cases] == [0, 0, 1], [list(case) for case in cases]
    assert all(float(case.get("time")) > 0 for case in cases)
    assert "-no-such-option" in cases[2].find("error").text
    pipe = bench.directory / "pipe"
    os.mkfifo(pipe)
    bench.test(IO_ERROR, image, "--junit", pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    bench.test(FAILED, image, "--junit", pipe, matrix=TWO + "case 'third' -- -no-such-option\n")
    assert xml.etree.ElementTree.fromstring(os.read(reading, 1 << 16)).find("testsuite").get("tests") == "3"
    os.close(reading)
    said, _ = bench.test(IO_ERROR, image, "--junit", bench.directory / "none" / "x.xml")
    assert said == "", "it is told after the boots"


def files_of_failures(bench):
    """What failed leaves its output and its screen, what passes leaves nothing; the command can be run again."""
    bench.test(RESET, bench.guest("reset"), "--json")
    assert bench.files() == {"only.serial.log", "only.messages.log", "only.png"}, bench.files()
    assert (bench.kept / "only.serial.log").read_bytes() == b"hello\r\n"
    width, height, pixels = read_png(bench.kept / "only.png")
    assert pixels == b"\xa8\x00\x00" * (width * height), "the screen is not red"
    bench.test(OK, bench.guest("exit", VALUE=0x10))
    assert bench.files() == set(), bench.files()
    shutil.rmtree(bench.kept)
    bench.test(OK, bench.guest("exit", VALUE=0x10))
    assert not bench.kept.exists()
    said, _ = bench.test(RESET, bench.guest("reset"), "--json", matrix="case e9 vga=none cpu=qemu64 -- -name 'a b'\n")
    command = json.loads(said)["cases"][0]["command"]
    again = subprocess.run(["sh", "-c", command.replace("imgtool", bench.imgtool, 1)], stdin=subprocess.DEVNULL, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"IMGTOOL_ACCEL": "tcg"})  # fmt: skip
    assert (again.returncode, again.stdout) == (RESET, b"hello\r\n"), again
    assert bench.files() == {"e9.serial.log", "e9.messages.log"}, bench.files()


def success_pattern(bench):
    spins = bench.guest("spin", TEXT='"5 of 5 passed"')
    for pattern in ("of 5 pass", "/^5 of [0-9]+ passed$/"):
        bench.test(OK, spins, "--success-pattern", pattern)
    for pattern in ("5 of 6", "/^[0-9]+ passed/"):
        bench.test(TIMEOUT, spins, "--success-pattern", pattern, timeout=3)
    bench.test(OK, bench.guest("spin", TEXT='"done"', PORT="0xe9"), "--success-pattern", "done")
    bench.test(OK, bench.guest("exit", VALUE=0x10), "--success-pattern", "hello")
    said, _ = bench.test(GUEST_FAILED, bench.guest("exit", VALUE=0x10), "--success-pattern", "bye")
    assert "did not appear" in said, said
    bench.test(GUEST_FAILED, bench.guest("exit", VALUE=0x11), "--success-pattern", "bye")
    _, said = bench.test(USAGE, spins, "--success-pattern", "/(/")
    assert "regular expression" in said, said


def qemu_arguments(bench):
    """They reach QEMU, which then has one more debug console."""
    said = bench.directory / "what the guest said"
    path = str(said).replace(",", ",,")
    matrix = f"case only\nqemu -- -chardev 'file,id=said,path={path}' -device isa-debugcon,chardev=said,iobase=0x500\n"
    bench.test(OK, bench.guest("exit", VALUE=0x10, PORT="0x500"), matrix=matrix)
    assert said.read_bytes() == b"hello\r\n", said.read_bytes()


def bad_options(bench):
    image = bench.guest("exit", VALUE=0x10)
    for matrix, said in (
        ("disk ide\nmachine q35 pc\n", "--machine pc"),
        ("firmware coreboot\n", "bios, uefi"),
        ("smp 0\n", "--smp"),
        ("firmware bios\ndisc ide\n", "matrix.conf:2: 'disc'"),
    ):
        output, errors = bench.test(USAGE, image, matrix=matrix)
        assert said in errors and output == "", (output, errors)
    for options, said in (
        (["--timeout", "0"], "--timeout"),
        (["--timeout", "86401"], "86400"),
        (["--jobs", "-1"], "--jobs"),
        (["--junitt", "x"], "did you mean --junit"),
        (["more"], "one argument too many"),
    ):
        _, errors = bench.test(USAGE, image, *options)
        assert said in errors, errors
    code, _, errors = bench.run()
    assert code == USAGE and "an argument is missing" in errors, errors


def qemu_has_it(bench):
    """What this QEMU does not have is refused by line, with what may have been meant, and before a case begins."""
    image = bench.guest("exit", VALUE=0x10)
    for matrix, line, said in (
        ("firmware bios\n# more\ncpu max Hasswell,-nx\n", 3, "did you mean 'Haswell'?"),
        ("case one cpu=max\n\ncase two cpu=qemu65\n", 3, "did you mean 'qemu64'?"),
        ("cpu nothing-of-that-kind\n", 1, "-cpu help"),
    ):
        output, errors = bench.test(USAGE, image, matrix=matrix)
        assert f"matrix.conf:{line}: cpu" in errors and said in errors and output == "", (output, errors)
        assert not bench.files(), bench.files()


def can_not_begin(bench):
    """What would be the same in each case ends all of them, with its own exit code."""
    bench.test(IO_ERROR, bench.directory / "none.img")
    output, said = bench.test(REJECTED, bench.kernels / "refused-no-note.elf", matrix=TWO)
    assert "BOOT_CONFIG" in said and output.splitlines()[-1].startswith("Bail out!"), (output, said)
    image = bench.guest("exit", VALUE=0x10)
    _, said = bench.test(MISSING, image, environment={"PATH": "/none"})
    assert "apt-get install" in said, said
    pipe, before = bench.directory / "pipe", image.read_bytes()
    os.mkfifo(pipe)
    _, said = bench.test(REJECTED, pipe)
    assert "neither a disk image nor a kernel" in said, said
    _, said = bench.test(UNSAFE, image, "--junit", image)
    assert "itself" in said and image.read_bytes() == before, said
    bench.kept.write_text("in the way")
    bench.test(IO_ERROR, image)


def wait_for(condition, process):
    """Until it is true, while the test runs."""
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def hello(bench, name):
    path = bench.kept / f"{name}.serial.log"
    return path.exists() and path.read_bytes() == b"hello\r\n"


def descendants(pid):
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += [child, *descendants(child)]
    return found


def begin(bench, matrix, jobs, **more):
    return bench.start("--timeout", machine.TIME_LIMIT, "--jobs", jobs, "--output", bench.kept, "--matrix", bench.matrix(matrix),
                       bench.guest("spin"), **more)  # fmt: skip


def interrupted(bench):
    """Both guests are at work then: that they are so at the same time is what --jobs 2 means."""
    for number in (signal.SIGINT, signal.SIGTERM):
        process = begin(bench, TWO, 2)
        wait_for(lambda: hello(bench, "first") and hello(bench, "second"), process)  # noqa: B023
        children = descendants(process.pid)
        assert len(children) == 4, children
        process.send_signal(number)
        output, _ = process.communicate(timeout=machine.TIME_LIMIT)
        assert process.returncode == -number, process.returncode
        assert output.decode().splitlines()[-1].startswith("Bail out!"), output
        assert not [child for child in children if Path(f"/proc/{child}").exists()], "a guest is still there"
        assert not list(bench.temporary.iterdir()) and not bench.files(), bench.files()


def within_the_cpus(bench):
    """A guest with two CPUs takes both: the next one has to wait."""
    for matrix, jobs in ((TWO, 1), ("case first smp=2\ncase second\n", 2)):
        process = begin(bench, matrix, jobs)
        wait_for(lambda: hello(bench, "first"), process)
        assert len(descendants(process.pid)) == 2, "more than one run"
        assert not (bench.kept / "second.serial.log").exists()
        process.terminate()
        process.communicate(timeout=machine.TIME_LIMIT)


def killed(bench):
    """Even then the guests go."""
    process = begin(bench, TWO, 2, stderr=subprocess.DEVNULL)
    wait_for(lambda: hello(bench, "first") and hello(bench, "second"), process)
    children = descendants(process.pid)
    process.kill()
    process.communicate()
    while [child for child in children if Path(f"/proc/{child}").exists() and "Z" not in state(child)]:
        time.sleep(0.02)


def state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def reader_goes_away(bench):
    process = begin(bench, TWO + "case third\n", 1)
    assert process.stdout.readline() == b"TAP version 13\n"
    process.stdout.close()
    wait_for(lambda: hello(bench, "first"), process)
    os.kill(int(descendants(process.pid)[1]), signal.SIGKILL)  # QEMU of the first case: its result can't be written
    assert process.wait(timeout=machine.TIME_LIMIT) == -signal.SIGPIPE, process.returncode
    process.stderr.close()
    assert not list(bench.temporary.iterdir())


def reader_stands_still(bench):
    """Of stdout, a pipe that is full: all cases run to their ends, signals end the test, and nothing is lost."""
    for number, options in ((None, []), (signal.SIGTERM, []), (signal.SIGINT, ["--json"])):
        reading, writing = os.pipe()
        os.write(writing, b"#" * (fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096) - 1) + b"\n")
        process = bench.start("--timeout", 3, "--jobs", 1, "--output", bench.kept, "--matrix", bench.matrix(TWO), *options,
                              bench.guest("spin"), stdout=writing)  # fmt: skip
        os.close(writing)
        wait_for(lambda: hello(bench, "second") and not descendants(process.pid), process)  # noqa: B023
        if number:
            process.send_signal(number)
            process.communicate(timeout=machine.TIME_LIMIT)
            assert process.returncode == -number, process.returncode
        else:
            with os.fdopen(reading, "rb", closefd=False) as output:
                said = output.read().decode().lstrip("#\n")
            process.communicate(timeout=machine.TIME_LIMIT)
            assert process.returncode == TIMEOUT and prove(bench, said) == ["1-2"], (process.returncode, said)
        os.close(reading)
        shutil.rmtree(bench.kept)
        assert not list(bench.temporary.iterdir())


def kernel(bench):
    said, _ = bench.test(OK, bench.kernels / "smoke.elf", matrix="disk ahci nvme\nmemory 64M 256M\n")
    assert prove(bench, said) == [] and "1..4" in said, said


def direct(bench):
    """One more firmware in the matrix: the kernel is started without a disk, by the command that the report names."""
    machines = "case disk disk=nvme\ncase microvm firmware=direct\ncase pc firmware=direct machine=pc memory=64M\n"
    said, _ = bench.test(OK, bench.kernels / "smoke.elf", "--json", matrix=machines)
    commands = [case["command"].split() for case in json.loads(said)["cases"]]
    assert ["--direct" in command for command in commands] == [False, True, True], commands
    assert not [word for command in commands for word in command if word.startswith("--firmware")], commands
    _, said = bench.test(USAGE, bench.kernels / "smoke.elf", matrix="firmware bios direct\ndisk ahci\n")
    assert "direct-ahci can't be run" in said and "--disk" in said, said
    _, said = bench.test(REJECTED, bench.guest("exit", VALUE=0x10), matrix="case only firmware=direct\n")
    assert "ELF kernel" in said, said


def default_matrix(bench):
    code, said, errors = bench.run(bench.kernels / "smoke.elf", "--output", bench.kept, timeout=machine.TIME_LIMIT)
    assert code == OK and prove(bench, said) == [], (said, errors)
    code, matrix, _ = bench.run("--print-matrix")
    assert code == OK and f"1..{matrix.count('case ')}" in said, matrix


CASES = {
    function.__name__.replace("_", "-"): function
    for function in (
        verdicts, boot_error, tap, failures_of_two_kinds, junit, files_of_failures, success_pattern, qemu_arguments,
        bad_options, qemu_has_it, can_not_begin, interrupted, within_the_cpus, killed, reader_goes_away, reader_stands_still,
        kernel, direct, default_matrix,
    )
}  # fmt: skip
LABELS = {"bad-options": "quick", "default-matrix": "full"}

if __name__ == "__main__":
    check_run.main(CASES, LABELS, Bench)
