#!/usr/bin/env python3
"""Makes the seeds corpus/tftp/*, corpus/dhcp/* and corpus/pxe/* anew. They are kept in the tree; run this to change them."""
import os
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = bytes(i % 251 for i in range(1500))
PORT = 69


def write(folder, name, content):
    os.makedirs(os.path.join(HERE, "corpus", folder), exist_ok=True)
    with open(os.path.join(HERE, "corpus", folder, name), "wb") as file:
        file.write(content)


# --- TFTP: datagrams of a server ---------------------------------------------------------------------------------------


def datagram(content, port=PORT):
    return struct.pack(">HB", len(content), port) + content


def options(**values):
    text = b"".join(name.encode() + b"\0" + str(value).encode() + b"\0" for name, value in values.items())
    return datagram(b"\0\6" + text)


def error(code, text):
    return datagram(struct.pack(">HH", 5, code) + text + b"\0")


def blocks(size):
    count = len(FILE) // size + 1
    return [datagram(struct.pack(">HH", 3, i + 1) + FILE[i * size : (i + 1) * size]) for i in range(count)]


def tftp_seeds():
    size = struct.pack(">H", len(FILE))
    told = options(tsize=len(FILE), blksize=1408)
    plain = b"".join(blocks(512))
    yield "granted", size + told + told + b"".join(blocks(1408))
    yield "no-options", size + plain + plain
    yield "options-refused", size + (error(8, b"no") + plain) * 2
    yield "missing", size + error(1, b"File not found") * 2
    yield "refused", size + error(2, b"Access violation") * 2
    yield "silence", size + told + told + blocks(1408)[0] + b"\0\0" * 3 + blocks(1408)[1]
    yield "repeats", size + told * 3 + b"".join(block * 3 for block in blocks(1408))
    yield "stranger", size + told + told + datagram(b"\0\3\0\1x", 7) + b"".join(blocks(1408))
    yield "too-small", size + options(tsize=3) * 2 + b"".join(blocks(512))
    yield "odd-blocks", size + options(tsize=len(FILE), blksize=700) * 2 + b"".join(blocks(700))


# --- DHCP --------------------------------------------------------------------------------------------------------------


def dhcp4(head_file=b"", extra=b"", overload=b""):
    packet = bytearray(240)
    packet[0:3] = b"\2\1\6"
    packet[16:24] = bytes([10, 0, 2, 15, 10, 0, 2, 2])
    packet[28:34] = b"\x52\x54\0\x12\x34\x56"
    packet[108 : 108 + len(head_file)] = head_file
    packet[44 : 44 + len(overload)] = overload
    packet[236:240] = b"\x63\x82\x53\x63"
    return b"\0" + bytes(packet) + extra + b"\xff"


def option6(code, content):
    return struct.pack(">HH", code, len(content)) + content


def dhcp_seeds():
    yield "bootp", dhcp4(b"dir/stagecoach.0")
    yield "url", dhcp4(b"tftp://10.9.8.1:1069/lab%20x/stagecoach.0")
    yield "url-option", dhcp4(extra=b"\x43\x14http://10.9.8.1/a/sc")
    yield "backslash", dhcp4(b"lab\\stagecoach.0")
    yield "options", dhcp4(extra=b"\x35\1\5\1\4\xff\xff\xff\0\3\4\x0a\0\2\1\x36\4\x0a\0\2\3\x43\x0cstagecoach.0")
    yield "overload", dhcp4(extra=b"\x34\1\2", overload=b"\x43\x06lab/sc\xff")
    yield "overload-both", dhcp4(b"\x43\x03a/b\xff", b"\0\0\x34\1\3", b"\3\4\x0a\0\2\1\xff")
    url = option6(59, b"tftp://[fec0::2]/lab/BOOTX64.EFI")
    yield "version6", b"\1" + b"\7\1\2\3" + option6(1, b"\0\1\0\1") + url
    yield "version6-full", b"\1" + b"\7\1\2\3" + option6(59, b"tftp://[2001:db8:0:1:2:3:4:5]/BOOTX64.EFI;mode=octet")


# --- PXE ---------------------------------------------------------------------------------------------------------------


def summed(structure, at):
    structure[at] = 0
    structure[at] = -sum(structure) % 256
    return bytes(structure)


def pxe_seeds():
    new = bytearray(0x58)
    new[0:5] = b"!PXE\x58"
    new[16:20] = struct.pack("<HH", 0x0A2B, 0x9000)
    yield "new", summed(new, 5)
    for name, version, length in (("old", 0x0200, 0x26), ("old-with-new", 0x0201, 0x2C)):
        old = bytearray(length)
        old[0:6] = b"PXENV+"
        old[6:9] = struct.pack("<HB", version, length)
        old[10:14] = struct.pack("<HH", 0x0123, 0x9000)
        if length > 40:
            old[40:44] = struct.pack("<HH", 0x0070, 0x9000)
        yield name, summed(old, 9)


def main():
    for folder, seeds in (("tftp", tftp_seeds()), ("dhcp", dhcp_seeds()), ("pxe", pxe_seeds())):
        for name, content in seeds:
            write(folder, name, content)


if __name__ == "__main__":
    main()
