"""What a disk may hold if a program that writes to it is stopped: the program's writes, noted by write_log.c, cut anywhere.

Between two flushes a disk may have done any of the writes, in any order, each 512-byte sector of them as a whole or not at
all.
"""

import os
import random
import struct
import subprocess

SECTOR = 512


def record(write_log, image, command):
    """Runs a command and returns its writes to the image: a list of phases, each a list of (offset, bytes)."""
    notes = image.with_suffix(".notes")
    environment = dict(os.environ, LD_PRELOAD=str(write_log), WRITE_LOG_FILE=str(image), WRITE_LOG=str(notes))
    # The sanitizer's library refuses to be loaded second; what is preloaded here calls on to it, so nothing is lost.
    options = [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]
    environment["ASAN_OPTIONS"] = ":".join(option for option in options if option)
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    data, at, phases = notes.read_bytes(), 0, [[]]
    while at < len(data):
        kind, at = data[at : at + 1], at + 1
        if kind == b"F":
            phases.append([])
            continue
        offset, size = struct.unpack_from("<QQ", data, at)
        phases[-1].append((offset, data[at + 16 : at + 16 + size]))
        at += 16 + size
    return [phase for phase in phases if phase]


def sectors_of(phase):
    """The phase's writes as single sectors, in order."""
    return [(offset + at, data[at : at + SECTOR]) for offset, data in phase for at in range(0, len(data), SECTOR)]


def cuts_of_phase(phase, samples, seed):
    """Lists of sectors that may have reached the disk, when all phases before have: by name."""
    whole = [sectors_of([write]) for write in phase]
    every = sectors_of(phase)
    for count in range(len(whole)):
        before = [sector for write in whole[:count] for sector in write]
        yield f"before write {count}", before
        torn = whole[count]
        if len(torn) > 1:
            yield f"first half of write {count}", before + torn[: len(torn) // 2]
            yield f"second half of write {count}", before + torn[len(torn) // 2 :]
        yield f"only write {count}", torn
        yield f"all but write {count}", [sector for write in whole[:count] + whole[count + 1 :] for sector in write]
    chance = random.Random(seed)
    for sample in range(samples if len(every) > 1 else 0):
        share = chance.random()
        yield f"sample {sample}", [sector for sector in every if chance.random() < share]


def all_cuts(phases, samples, seed=1):
    """(name, sectors since the start) of each state that the disk may be left in, without repetitions."""
    done, seen = [], set()
    for number, phase in enumerate(phases):
        for name, sectors in cuts_of_phase(phase, samples, seed + number):
            key = (number, frozenset(offset for offset, _ in sectors))
            if key not in seen:
                seen.add(key)
                yield f"phase {number}, {name}", done + sectors
        done = done + sectors_of(phase)
    yield "finished", done
