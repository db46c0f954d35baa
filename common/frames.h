/* Physical memory taken for the kernel: one policy for both firmwares. common/ chooses an address from the firmware's
 * map, firmware_claim() makes it ours; the ledger of what was taken types the final map. */
#ifndef STAGECOACH_FRAMES_H
#define STAGECOACH_FRAMES_H

#include "error.h"
#include "memmap.h"
#include "random.h"

#define FRAMES_CLAIM_LIMIT 512

struct frames_claim {
    uint64_t phys;
    uint64_t pages;
    uint32_t type; /* enum boot_memory_type */
};

struct frames {
    struct memmap map; /* the firmware's, normalised; see firmware_memory_map() */
    struct frames_claim claims[FRAMES_CLAIM_LIMIT];
    size_t claim_count;
    bool cramped; /* a block that was to lie at random lies in the lowest place: memory is too short for chance */
};

struct frames_wish {
    uint64_t pages;        /* > 0 */
    uint64_t alignment;    /* power of two, >= 4 KiB */
    uint64_t offset;       /* the block starts at a multiple of alignment plus this (multiple of 4 KiB, < alignment) */
    uint64_t below;        /* the block ends at or below; 0: no limit */
    uint32_t type;         /* how the final map shall call it */
    const char *what;      /* for the message when there is no room: "kernel", "page tables" */
    bool prefers;          /* the alignment is for large pages: where no room has it, 2 MiB or 4 KiB will do */
    struct random *random; /* not the lowest place, but any; NULL: the lowest */
    uint64_t spare; /* with `random`: so many bytes below 4 GiB must stay free in one piece for what comes later */
    uint64_t above; /* the block starts at or above; not with `random` */
    bool highest;   /* not the lowest place, but the highest; not with `random`, nor an offset */
};

/* A piece of free memory: usable, and not claimed. */
struct frames_piece {
    uint64_t start, end;
    size_t region; /* of the map; frames_next_piece()'s own */
};

/* The next piece behind *piece; begin with {0}. */
bool frames_next_piece(const struct frames *frames, struct frames_piece *piece);

/* Below 1 MiB nothing is taken: that is the kernel's, for starting its other CPUs. */
#define FRAMES_LOWEST (1ull << 20)

/* The lowest address at or above `from` that the wish's alignment allows. */
bool frames_next_fitting(uint64_t from, const struct frames_wish *wish, uint64_t *phys);

/* One of all places that there are for the wish, each as likely as any other. False if none is found that leaves the
 * spare bytes. */
bool frames_draw(const struct frames *frames, const struct frames_wish *wish, uint64_t *phys);

/* Reads the firmware's current map. */
enum status frames_init(struct frames *frames, struct error *error);

/* Takes a block: lowest fitting address at or above 1 MiB (the first MiB stays free for the kernel's SMP start code),
 * below 4 GiB if it fits there; or at random. The frames hold whatever was there before. STATUS_OUT_OF_MEMORY names
 * what was wanted, how much, and the largest free block. */
enum status frames_take(struct frames *frames, const struct frames_wish *wish, uint64_t *phys, struct error *error);

/* The whole pages that `size` bytes need, where they are the lowest. */
enum status frames_take_pages(struct frames *frames, uint64_t size, uint64_t below, uint32_t type, const char *what,
                              uint64_t *phys, struct error *error);

/* Keeps clear of memory that is in use, whatever the firmware's map says of it, and types it in the final map. */
enum status frames_avoid(struct frames *frames, uint64_t phys, uint64_t size, uint32_t type, struct error *error);

/* Types every claim in `map` (raw entries are appended, then normalised). */
enum status frames_overlay(const struct frames *frames, struct memmap *map, struct error *error);

#endif
