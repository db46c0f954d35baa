"""A small client of the GDB remote protocol: registers and one breakpoint of the CPU in QEMU."""

import re
import socket

import machine
import monitor


class Stub:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(machine.TIME_LIMIT)
        monitor.wait_for(lambda: self.socket.connect_ex(str(path)) == 0, f"QEMU's gdbstub at {path}")
        self.buffer = b""
        self.registers = self.read_registers()

    def receive(self):
        """The body of the next packet, acknowledged."""
        while not (found := re.search(rb"\$([^#]*)#..", self.buffer, re.DOTALL)):
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("QEMU has gone")
            self.buffer += data
        self.buffer = self.buffer[found.end() :]
        self.socket.sendall(b"+")
        return re.sub(rb"}(.)", lambda escape: bytes([escape[1][0] ^ 0x20]), found[1], flags=re.DOTALL)

    def send(self, body):
        self.socket.sendall(b"$%s#%02x" % (body, sum(body) & 255))

    def ask(self, body):
        self.send(body)
        return self.receive()

    def read_document(self, name):
        text, offset = b"", 0
        while True:
            part = self.ask(b"qXfer:features:read:%s:%x,%x" % (name, offset, 2048))
            text += part[1:]
            offset += len(part) - 1
            if part[:1] == b"l":
                return text.decode()

    def read_registers(self):
        """Number and bytes of each register by its name, in the order in which the descriptions list them."""
        self.ask(b"qSupported:qXfer:features:read+")
        found, number = {}, 0
        for name in re.findall(r'<xi:include href="([^"]+)"', self.read_document(b"target.xml")):
            for register in re.findall(r"<reg [^>]*>", self.read_document(name.encode())):
                found[re.search(r'name="([^"]+)"', register)[1]] = (number, int(re.search(r'bitsize="(\d+)"', register)[1]) // 8)
                number += 1
        return found

    def read(self, name):
        return int.from_bytes(bytes.fromhex(self.ask(b"p%x" % self.registers[name][0]).decode()), "little")

    def write(self, name, value):
        number, size = self.registers[name]
        answer = self.ask(b"P%x=%s" % (number, value.to_bytes(size, "little").hex().encode()))
        if answer != b"OK":
            raise RuntimeError(f"{name} can't be written: {answer}")

    def read_memory(self, address, size):
        return bytes.fromhex(self.ask(b"m%x,%x" % (address, size)).decode())

    def write_memory(self, address, data):
        for at in range(0, len(data), 1024):
            part = data[at : at + 1024]
            answer = self.ask(b"M%x,%x:%s" % (address + at, len(part), part.hex().encode()))
            if answer != b"OK":
                raise RuntimeError(f"memory at {address + at:#x} can't be written: {answer}")

    def run_to(self, address):
        """Until the CPU is about to execute the instruction at a physical address."""
        kind = b"1,%x,1" % address  # a breakpoint of the hardware: the code is not in memory yet
        if self.ask(b"Z" + kind) != b"OK":
            raise RuntimeError("no breakpoint")
        self.ask(b"c")
        self.ask(b"z" + kind)

    def run_on(self):
        self.send(b"c")
