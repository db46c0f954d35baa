"""Makes a copy of an image in which a file of its FAT32 volume lies in pieces with gaps of the same size between them."""

import shutil
import struct

VOLUME = 2 << 20  # where imgtool puts the EFI system partition


def make(source, target, short_name, piece):
    shutil.copy(source, target)
    with open(target, "r+b") as file:
        move(file, short_name.encode(), piece)
    return target


def move(file, short_name, piece):
    """Returns where in the image each piece begins."""
    file.seek(VOLUME)
    boot = file.read(512)
    per_cluster, reserved, fats = boot[13] * 512, struct.unpack_from("<H", boot, 14)[0] * 512, boot[16]
    sectors, fat_sectors, root = struct.unpack_from("<I", boot, 32)[0], *struct.unpack_from("<I4xI", boot, 36)
    data = reserved + fats * fat_sectors * 512
    count = (sectors * 512 - data) // per_cluster

    def at(cluster):
        return VOLUME + data + (cluster - 2) * per_cluster

    file.seek(VOLUME + reserved)
    table = list(struct.unpack(f"<{count + 2}I", file.read((count + 2) * 4)))
    file.seek(at(root))
    directory = bytearray(file.read(per_cluster))
    entry = next(i for i in range(0, len(directory), 32) if directory[i : i + 11] == short_name and directory[i + 11] != 15)
    first = struct.unpack_from("<H", directory, entry + 20)[0] << 16 | struct.unpack_from("<H", directory, entry + 26)[0]
    chain = [first]
    while table[chain[-1]] < 0x0FFFFFF8:
        chain.append(table[chain[-1]])
    end = max(i for i, value in enumerate(table) if value != 0) + 1
    step = piece // per_cluster
    places = [end + i // step * 2 * step + i % step for i in range(len(chain))]
    assert places[-1] < count + 2, "the volume is too small for the gaps"
    for old, new in zip(chain, places, strict=True):
        file.seek(at(old))
        content = file.read(per_cluster)
        file.seek(at(new))
        file.write(content)
    for old in chain:
        table[old] = 0
    for new, following in zip(places, [*places[1:], 0x0FFFFFFF], strict=True):
        table[new] = following
    struct.pack_into("<H", directory, entry + 20, places[0] >> 16)
    struct.pack_into("<H", directory, entry + 26, places[0] & 0xFFFF)
    file.seek(at(root))
    file.write(directory)
    for copy in range(fats):
        file.seek(VOLUME + reserved + copy * fat_sectors * 512)
        file.write(struct.pack(f"<{count + 2}I", *table))
    return [at(place) for place in places[::step]]
