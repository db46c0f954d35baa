/* The structure that the kernel receives, and the piece of memory that holds it with everything it points to. The room
 * is set aside and filled as far as possible while the firmware still runs; what is only known at the end (memory map,
 * log, timeline) has its place reserved. */
#ifndef STAGECOACH_BOOT_INFO_H
#define STAGECOACH_BOOT_INFO_H

#include "address_plan.h"
#include "boot_random.h"
#include "firmware.h"
#include "frames.h"
#include "kernel_load.h"
#include "payload.h"
#include "protocol/bootloader_api.h"

struct boot_info_area {
    uint8_t *memory;  /* as the loader sees it */
    uint64_t address; /* as the kernel sees it */
    uint64_t phys;
    uint64_t size; /* bytes, multiple of 4 KiB */
    uint64_t used;
    struct boot_info *info;
    struct bootloader_api_info *api; /* what a bootloader_api kernel gets, at the area's start; NULL: a native kernel */
    struct bootloader_api_facts api_facts;
    struct memmap map; /* the final map, in the area */
    struct boot_event *timeline;
    char *log;
};

struct boot_info_facts { /* all that the flow has found out */
    const struct config *config;
    const struct kernel_plan *kernel;
    const struct kernel_image *image;
    const struct payloads *payloads;
    const struct address_plan *addresses;
    const struct boot_random *random;
    const struct boot_framebuffer *framebuffer; /* address not yet set */
    const uint8_t *edid;
    size_t edid_size;
    uint64_t stack_size;
    uint64_t window_size;
    uint64_t page_table_phys;
};

/* Bytes that the area needs: a sum over parts, rounded up to pages. Needs config, kernel and payloads of the facts, and
 * the EDID's size. */
uint64_t boot_info_room(const struct boot_info_facts *facts);

/* Fills in all but the map, the log and the timeline. memory, address, phys and size of the area are set. */
enum status boot_info_prepare(struct boot_info_area *area, const struct boot_info_facts *facts, struct error *error);

/* After firmware_leave(): normalises area->map with the loader's claims and the framebuffer in it, and copies the log.
 */
enum status boot_info_finish(struct boot_info_area *area, const struct frames *frames, struct error *error);

/* Copies the timeline; the very last thing before the jump. */
void boot_info_seal(struct boot_info_area *area);

#endif
