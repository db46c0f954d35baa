#!/usr/bin/env python3
"""Test files and command lines that the conformance kernel can check by itself.

payload.py file SIZE SEED OUTPUT   SIZE bytes of noise; the last 8 are the FNV-1a hash of the rest, little endian
payload.py cmdline TEXT            prints TEXT with " fnv=<hash of TEXT>" appended

Files above 16 MiB are hashed at every 4093rd byte; all others are zero.
"""
import sys

HASHED_WHOLE = 16 << 20
STRIDE = 4093
FNV_OFFSET, FNV_PRIME, MASK = 0xcbf29ce484222325, 0x100000001b3, (1 << 64) - 1


def fnv1a(data):
    value = FNV_OFFSET
    for byte in data:
        value = (value ^ byte) * FNV_PRIME & MASK
    return value


def noise(seed):
    """Bytes of a 64-bit linear congruential generator."""
    state = int(seed) & MASK
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        yield state >> 56


def write_file(size, seed, path):
    if size < 8:
        sys.exit("payload: a file holds at least its 8-byte hash")
    stride = STRIDE if size > HASHED_WHOLE else 1
    source = noise(seed)
    hashed = bytes(next(source) for _ in range(0, size - 8, stride))
    with open(path, "wb") as out:
        if stride == 1:
            out.write(hashed)
        else:
            for i, byte in enumerate(hashed):
                out.seek(i * stride)
                out.write(bytes([byte]))
        out.seek(size - 8)
        out.write(fnv1a(hashed).to_bytes(8, "little"))


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "file":
        write_file(int(sys.argv[2]), sys.argv[3], sys.argv[4])
    elif len(sys.argv) == 3 and sys.argv[1] == "cmdline":
        print(f"{sys.argv[2]} fnv={fnv1a(sys.argv[2].encode()):016x}")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
