/* A disk of the BIOS: INT 13h with its extensions (EDD 3.0). */
#ifndef STAGECOACH_BIOS_DISK_H
#define STAGECOACH_BIOS_DISK_H

#include "block.h"

#include <stdbool.h>

#define DISK_SIZE_UNKNOWN (1ull << 62) /* block.size of a disk whose BIOS doesn't tell */

/* Opens drive `number`. There is one disk at a time; *block points to a cache before it. */
enum status disk_open(uint32_t number, struct block **block, struct error *error);

/* Reads of the disk that is open, past the cache; offset and size in bytes, whatever its sectors. */
enum status disk_read_raw(uint64_t offset, uint64_t size, void *to, struct error *error);

/* The BIOS reads it by the extensions. */
bool disk_has_edd(uint32_t number);

#endif
