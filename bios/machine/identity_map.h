/* The loaders that a BIOS, another loader or a VMM started run with memory mapped one to one. Stage 3 made tables for
 * the first 4 GiB, 2 MiB a page; here they get rights, and the rest of memory is added when asked for.
 *
 * Order of use: identity_map_init, identity_map_protect for each part of the loader, identity_map_start. */
#ifndef STAGECOACH_BIOS_IDENTITY_MAP_H
#define STAGECOACH_BIOS_IDENTITY_MAP_H

#include <stdint.h>

#define IDENTITY_MAP_END (4ull << 30) /* of what is always mapped */
#define IDENTITY_MAP_BITS 47u         /* of the highest address: the lower half of four levels of tables */

enum identity_rights {
    IDENTITY_NONE, /* not mapped: an access faults */
    IDENTITY_READ,
    IDENTITY_RUN, /* read, execute */
    IDENTITY_ALL, /* read, write, execute */
};

/* root: the frames that stage 3 filled: root, next level, four directories. tables: `count` frames, one for each 2 MiB
 * in which pages get rights of their own. */
void identity_map_init(uint64_t root, uint64_t tables, unsigned count);

/* Rights of the pages below 4 GiB that begin in [start, end), from now on. */
void identity_map_protect(uint64_t start, uint64_t end, enum identity_rights rights);

/* Takes the right to run from all pages that got no rights of their own. */
void identity_map_start(void);

/* Frames that tables for [start, end), not empty, need at most. */
uint64_t identity_map_frames(uint64_t start, uint64_t end);

/* Gives frames for further tables. */
void identity_map_room(uint64_t phys, uint64_t frames);

/* The one exception: [phys, phys + size) can be read and written at `virt`, too; whole pages, inside one 2 MiB of
 * addresses, and nothing else is mapped in the 512 GiB around them. tables: room for the tables, page aligned. */
#define IDENTITY_ALIAS_TABLES_SIZE (3 * 4096ull)
void identity_map_alias(uint64_t virt, uint64_t phys, uint64_t size, uint64_t tables);

#endif
