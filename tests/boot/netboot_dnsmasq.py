#!/usr/bin/env python3
"""Boots from dnsmasq, with the configuration that build-netboot writes, in a network namespace that exists for this alone.

netboot_dnsmasq.py list                                                    prints "label name" lines for CMake
netboot_dnsmasq.py --imgtool PROGRAM --kernels DIRECTORY [--keep DIRECTORY] FIRMWARE  boots one

Needs root, for the namespace and its network card.
"""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import machine

RAMDISK_SIZE = 200000
READY_SECONDS = 30
ADDRESS, RANGE = "192.168.66.1/24", "192.168.66.10,192.168.66.99,1h"
# As in most networks there is IPv6 too, told by a router: iPXE waits a quarter of a minute for one.
ADDRESS6, RANGE6 = "fd00:66::1/64", "fd00:66::,ra-only"
CARD = "tap0"


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def namespace():
    name = f"stagecoach-{os.getpid()}"
    added = subprocess.run(["ip", "netns", "add", name], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                           check=False)  # fmt: skip
    if added.returncode != 0:
        machine.skip(f"no network namespace can be made: {added.stderr.strip()}")
    try:
        run("ip", "-n", name, "tuntap", "add", "dev", CARD, "mode", "tap")
        run("ip", "-n", name, "address", "add", ADDRESS, "dev", CARD)
        run("ip", "-n", name, "address", "add", ADDRESS6, "dev", CARD, "nodad")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "link", "set", CARD, "up")
        yield name
    finally:
        run("ip", "netns", "delete", name)


@contextlib.contextmanager
def dnsmasq(name, config, directory):
    """The server, as the configuration's first lines say it is started, with the range that they ask for."""
    log = directory / "dnsmasq.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            ["ip", "netns", "exec", name, "dnsmasq", "--no-daemon", f"--conf-file={config}", f"--dhcp-range={RANGE}",
             "--enable-ra", f"--dhcp-range={RANGE6}", f"--interface={CARD}", "--user=root", f"--dhcp-leasefile={directory}/leases", "--pid-file="],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output)  # fmt: skip
    try:
        deadline = time.monotonic() + READY_SECONDS
        while b"TFTP root" not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit("dnsmasq did not start:\n" + machine.text_of(log))
        yield log
    finally:
        process.terminate()
        process.wait()


def boot(arguments, directory):
    firmware = arguments.case
    ramdisk = machine.write_payload(directory, RAMDISK_SIZE, 1)
    target = directory / "net boot"  # a blank, which the configuration must quote
    words = f"firmware={firmware} source=network ramdisk={RAMDISK_SIZE}"
    machine.build_netboot(arguments.imgtool, Path(arguments.kernels) / "conformance.elf", target, "--ramdisk", ramdisk,
                          "--cmdline", machine.command_line(words))  # fmt: skip
    blank = directory / "blank.img"  # imgtool wants a disk, the firmware goes on to the network card
    blank.write_bytes(bytes(1 << 20))
    with namespace() as name, dnsmasq(name, target / "dnsmasq.conf", directory) as log:
        inside = directory / "imgtool"
        inside.write_text(f'#!/bin/sh\nexec ip netns exec {name} "{os.path.abspath(arguments.imgtool)}" "$@"\n')
        inside.chmod(0o755)
        outcome = machine.run_qemu(inside, blank, directory, "--firmware", firmware, "--", "-netdev",
                                   f"tap,id=cable,ifname={CARD},script=no,downscript=no",
                                   "-device", "virtio-net-pci,netdev=cable,bootindex=1")  # fmt: skip
        return outcome, machine.text_of(log)


def judge(arguments, directory):
    if os.geteuid() != 0:
        machine.skip("needs root, for a network namespace")
    machine.need("ip", "iproute2")
    machine.need("dnsmasq", "dnsmasq-base")
    outcome, log = boot(arguments, directory)
    sound = outcome.code == 0 and "BOOT-OK" in outcome.e9 and "BOOT-ERR" not in outcome.e9
    return None if sound else f"no BOOT-OK\n{outcome.describe()}--- dnsmasq\n{log}"


if __name__ == "__main__":
    machine.run_cases([("default", "bios"), ("default", "uefi")], judge)
