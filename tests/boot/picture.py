"""Pictures that imgtool writes, read by this script."""

import struct
import zlib


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
