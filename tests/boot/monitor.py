"""QEMU's control socket, and waiting for what can be seen there."""

import json
import socket
import time

import machine


class Monitor:
    """A connection to the socket that `-qmp unix:PATH,server=on,wait=off` makes."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(machine.TIME_LIMIT)
        wait_for(lambda: self.socket.connect_ex(str(path)) == 0, f"QEMU at {path}")
        self.lines = self.socket.makefile("r")
        self.lines.readline()  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            answer = json.loads(self.lines.readline())
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]


def wait_for(condition, what, pause=0.05):
    deadline = time.monotonic() + machine.TIME_LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(pause)
