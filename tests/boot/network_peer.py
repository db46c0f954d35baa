"""A DHCP and TFTP server at the other end of a virtual network cable: Ethernet frames through a datagram socket of QEMU's.

Needs no rights and no network of the host's. The server can be told, for each file, how to misbehave.
"""

import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field

OUR_MAC = bytes.fromhex("525400aabbcc")
BROADCAST = b"\xff" * 6
SERVER, CLIENT, NETMASK = (socket.inet_aton(text) for text in ("10.9.8.1", "10.9.8.7", "255.255.255.0"))
ETHERTYPE_IP, ETHERTYPE_ARP, ETHERTYPE_IPV6 = 0x0800, 0x0806, 0x86DD
ROUTER, ALL_NODES = (socket.inet_pton(socket.AF_INET6, text) for text in ("fe80::1", "ff02::1"))
ALL_NODES_MAC = bytes.fromhex("333300000001")
ICMPV6, ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT = 58, 133, 134
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
MAGIC_COOKIE = bytes([99, 130, 83, 99])
READ_REQUEST, DATA, ACKNOWLEDGE, ERROR, OPTIONS = 1, 3, 4, 5, 6
RESEND_SECONDS = 1.0
TFTP_PORT = 69


@dataclass
class Fault:
    """How the server treats one file."""

    no_options: bool = False
    no_tsize: bool = False
    size_off_by: int = 0  # added to what tsize says
    copies: int = 1  # of each packet
    lose: int = 0  # of so many packets, one is lost
    refuse: tuple = ()  # (code, text) instead of the file
    fail_at: tuple = ()  # (block, code, text)
    silent_at: int = 0  # block


@dataclass
class Transfer:
    client_port: int
    server_port: int
    name: str
    data: bytes
    fault: Fault
    block_size: int = 512
    block: int = 0  # the last one sent; 0: options
    packet: bytes = b""
    sent_at: float = 0.0
    silent: bool = False


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@dataclass
class Peer:
    ours: str  # paths of the sockets
    theirs: str
    boot_file: str
    files: dict  # name: bytes
    faults: dict = field(default_factory=dict)  # name: Fault

    def __post_init__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.ours)
        self.transfers = {}
        self.requests = []
        self.frames = {"in": 0, "out": 0, "refused": 0}
        self.problem = None
        self.next_port = 2000
        self.lost = 0
        self.client_mac = BROADCAST
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        self.socket.close()

    def qemu_options(self, card):
        return ["-netdev", f"dgram,id=cable,local.type=unix,local.path={self.theirs},remote.type=unix,remote.path={self.ours}",
                "-device", f"{card},netdev=cable,bootindex=1"]  # fmt: skip

    def describe(self):
        return f"peer: frames {self.frames}, asked for {self.requests}" + (f", ended by {self.problem!r}" if self.problem else "")

    def serve(self):
        try:
            self.answer()
        except Exception as problem:  # described with the outcome, which it explains
            self.problem = problem

    def answer(self):
        while not self.stopped.is_set():
            readable, _, _ = select.select([self.socket], [], [], 0.1)
            if readable:
                self.frames["in"] += 1
                self.take_frame(self.socket.recv(65536))
            for transfer in list(self.transfers.values()):
                if transfer.packet and not transfer.silent and time.monotonic() - transfer.sent_at > RESEND_SECONDS:
                    self.send_packet(transfer)

    # --- Ethernet, ARP, IP, UDP

    def send_frame(self, to, ethertype, payload):
        frame = to + OUR_MAC + struct.pack("!H", ethertype) + payload
        try:
            self.socket.sendto(frame.ljust(60, b"\0"), self.theirs)
            self.frames["out"] += 1
        except OSError:  # QEMU has ended, or its buffer is full: a network may lose what it likes
            self.frames["refused"] += 1

    def take_frame(self, frame):
        ethertype = struct.unpack_from("!H", frame, 12)[0]
        if ethertype == ETHERTYPE_ARP:
            self.take_arp(frame[14:])
        elif ethertype == ETHERTYPE_IPV6 and frame[14 + 6] == ICMPV6 and frame[14 + 40] == ROUTER_SOLICITATION:
            self.advertise()
        elif ethertype == ETHERTYPE_IP and frame[14 + 9] == 17:
            self.client_mac = frame[6:12]
            self.take_datagram(frame[14:])

    def take_arp(self, packet):
        operation = struct.unpack_from("!H", packet, 6)[0]
        sender_mac, sender_ip, wanted = packet[8:14], packet[14:18], packet[24:28]
        if operation == 1 and wanted == SERVER:
            self.send_frame(sender_mac, ETHERTYPE_ARP, packet[:6] + struct.pack("!H", 2) + OUR_MAC + SERVER + sender_mac + sender_ip)

    def advertise(self):
        """Says that there is no IPv6 here (RFC 4861, 4.2), for which iPXE would wait a quarter of a minute."""
        message = struct.pack("!BBHBBHII", ROUTER_ADVERTISEMENT, 0, 0, 64, 0, 0, 0, 0)
        pseudo = ROUTER + ALL_NODES + struct.pack("!II", len(message), ICMPV6)
        message = message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]
        header = struct.pack("!IHBB", 6 << 28, len(message), ICMPV6, 255) + ROUTER + ALL_NODES
        self.send_frame(ALL_NODES_MAC, ETHERTYPE_IPV6, header + message)

    def take_datagram(self, packet):
        header = (packet[0] & 15) * 4
        source, target, length = struct.unpack_from("!HHH", packet, header)
        data = packet[header + 8 : header + length]
        if target == 67:
            self.take_dhcp(data)
        elif target == TFTP_PORT:
            self.take_request(source, data)
        elif target in self.transfers:
            self.take_answer(self.transfers[target], source, data)

    def send_datagram(self, mac, address, source, target, data):
        datagram = struct.pack("!HHHH", source, target, 8 + len(data), 0) + data
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 0, 0, 64, 17, 0, SERVER, address)
        header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
        self.send_frame(mac, ETHERTYPE_IP, header + datagram)

    # --- DHCP

    def take_dhcp(self, data):
        if len(data) < 240 or data[236:240] != MAGIC_COOKIE:
            return
        at, kind = 240, 0
        while at + 1 < len(data) and data[at] != 255:
            if data[at] == 53:
                kind = data[at + 2]
            at += 1 if data[at] == 0 else 2 + data[at + 1]
        answer = {DISCOVER: OFFER, REQUEST: ACK}.get(kind)
        if answer is None:
            return
        head = struct.pack("!BBBB4sHH4s4s4s4s16s64s128s", 2, 1, 6, 0, data[4:8], 0, 0x8000, bytes(4), CLIENT, SERVER, bytes(4),
                           data[28:44], b"", self.boot_file.encode())  # fmt: skip
        options = MAGIC_COOKIE + bytes([53, 1, answer, 54, 4]) + SERVER + bytes([51, 4, 0, 0, 14, 16, 1, 4]) + NETMASK + b"\xff"
        self.send_datagram(BROADCAST, b"\xff" * 4, 67, 68, (head + options).ljust(300, b"\0"))

    # --- TFTP

    def send_packet(self, transfer):
        transfer.sent_at = time.monotonic()
        for _ in range(transfer.fault.copies):
            self.lost += 1
            if not transfer.fault.lose or self.lost % transfer.fault.lose:
                self.send_datagram(self.client_mac, CLIENT, transfer.server_port, transfer.client_port, transfer.packet)

    def send_error(self, transfer, code, text):
        transfer.packet = struct.pack("!HH", ERROR, code) + text.encode() + b"\0"
        self.send_packet(transfer)
        del self.transfers[transfer.server_port]

    def take_request(self, port, data):
        words = data[2:].split(b"\0")
        name = words[0].decode("utf-8", "replace")
        if struct.unpack_from("!H", data)[0] != READ_REQUEST:
            return
        self.requests.append(name)
        fault = self.faults.get(name, Fault())
        self.next_port += 1
        transfer = Transfer(port, self.next_port, name, self.files.get(name, b""), fault)
        self.transfers[transfer.server_port] = transfer
        wishes = dict(zip((word.lower() for word in words[2::2]), words[3::2], strict=False))
        wishes.pop(b"", None)
        if fault.refuse:
            self.send_error(transfer, *fault.refuse)
        elif name not in self.files:
            self.send_error(transfer, 1, "File not found")
        elif wishes and not fault.no_options:
            self.send_options(transfer, wishes)
        else:
            self.send_block(transfer, 1)

    def send_options(self, transfer, wishes):
        packet = struct.pack("!H", OPTIONS)
        if b"blksize" in wishes:
            transfer.block_size = min(int(wishes[b"blksize"]), 1456)
            packet += b"blksize\0%d\0" % transfer.block_size
        if b"tsize" in wishes and not transfer.fault.no_tsize:
            packet += b"tsize\0%d\0" % (len(transfer.data) + transfer.fault.size_off_by)
        transfer.packet = packet
        self.send_packet(transfer)

    def send_block(self, transfer, number):
        fault = transfer.fault
        if fault.fail_at and number == fault.fail_at[0]:
            self.send_error(transfer, *fault.fail_at[1:])
            return
        transfer.silent = fault.silent_at != 0 and number >= fault.silent_at
        if transfer.silent:
            return
        start = (number - 1) * transfer.block_size
        if start > len(transfer.data):
            del self.transfers[transfer.server_port]  # all of it has arrived
            return
        transfer.block = number
        transfer.packet = struct.pack("!HH", DATA, number & 0xFFFF) + transfer.data[start : start + transfer.block_size]
        self.send_packet(transfer)

    def take_answer(self, transfer, port, data):
        opcode, number = struct.unpack_from("!HH", data)
        if port != transfer.client_port:
            return
        if opcode == ERROR:
            del self.transfers[transfer.server_port]
        elif opcode == ACKNOWLEDGE and number == transfer.block & 0xFFFF:
            self.send_block(transfer, transfer.block + 1)
