/* What a starter - a VMM or another loader - tells, whatever protocol it speaks. One parser for each protocol fills
 * this in; nothing is copied, so the ranges listed in `in_use` must stay untouched until the kernel runs. */
#ifndef STAGECOACH_BIOS_DIRECT_STARTER_H
#define STAGECOACH_BIOS_DIRECT_STARTER_H

#include "config.h"
#include "phys_view.h"

#include <stagecoach/boot.h>

#define STARTER_MODULES_MAX (CONFIG_MODULES_MAX + 4) /* kernel, ramdisk, configuration, archive besides */
#define STARTER_RANGES_MAX (2 * STARTER_MODULES_MAX + 8)
#define STARTER_TEXT_MAX (64u * 1024u) /* of one string */

struct starter_module {
    uint64_t phys, size;
    struct config_text text; /* what stands with it */
};

enum starter_map_kind {
    STARTER_MAP_NONE,
    STARTER_MAP_RECORDS,    /* address, size: 8 bytes each; E820 type: 4 bytes; `step` from one to the next */
    STARTER_MAP_MULTIBOOT1, /* each has its own size in front: 4 bytes, which do not count */
    STARTER_MAP_EFI,        /* EFI memory descriptors, `step` from one to the next */
    STARTER_MAP_BASIC,      /* no list: KiB from 0 and from 1 MiB on */
};

struct starter_map {
    enum starter_map_kind kind;
    struct span entries;
    uint32_t step;
    uint32_t lower_kib, upper_kib;
};

struct starter_range {
    uint64_t phys, size;
};

struct starter {
    uint32_t boot_source;      /* BOOT_SOURCE_* */
    struct config_text loader; /* its name and version; size 0: unknown */
    struct config_text command_line;
    struct starter_module modules[STARTER_MODULES_MAX];
    uint32_t module_count;
    struct starter_map map;
    struct starter_map efi_map; /* kind EFI or NONE */
    uint32_t efi_map_version;
    uint64_t efi_system_table_phys;
    uint64_t rsdp_phys;                  /* 0: not told */
    struct span rsdp_copy;               /* a copy of it, of unknown origin */
    struct boot_framebuffer framebuffer; /* phys 0: none */
    struct starter_range in_use[STARTER_RANGES_MAX];
    uint32_t in_use_count;
};

/* The parsers: `phys` is where the starter's information lies. STATUS_STARTER_INFO says what is wrong with it. */
enum status multiboot1_parse(const struct phys_view *view, uint64_t phys, struct starter *starter, struct error *error);
enum status multiboot2_parse(const struct phys_view *view, uint64_t phys, struct starter *starter, struct error *error);
enum status start_info_parse(const struct phys_view *view, uint64_t phys, struct starter *starter, struct error *error);

struct starter_region { /* one entry of the map */
    uint64_t phys, size;
    uint32_t type;          /* enum boot_memory_type */
    uint32_t firmware_type; /* E820's or EFI's number; UINT32_MAX: none */
};

/* The entry at *place, which is moved on; begin with 0. False at the end, and where the list breaks off. */
bool starter_map_next(const struct starter_map *map, uint64_t *place, struct starter_region *region);

/* --- for the parsers --------------------------------------------------------------------------------------------- */

void starter_init(struct starter *starter, uint32_t boot_source);

/* The bytes [phys, phys + size), which are now in use; NULL after an error that calls them `what`. */
const uint8_t *starter_take(struct starter *starter, const struct phys_view *view, uint64_t phys, uint64_t size,
                            const char *what, struct error *error);

/* The NUL-terminated string at `phys`; phys 0 is the empty string. */
enum status starter_take_text(struct starter *starter, const struct phys_view *view, uint64_t phys,
                              struct config_text *text, const char *what, struct error *error);

/* Notes a module; an empty one is left out. */
enum status starter_add_module(struct starter *starter, uint64_t phys, uint64_t size, const struct config_text *text,
                               struct error *error);

/* Notes a framebuffer as both Multiboots describe it: `at` is the address field, `colours` the colour information of
 * direct RGB. False, and nothing noted, for anything but linear RGB of 24 or 32 bits per pixel. */
bool starter_set_framebuffer(struct starter *starter, const uint8_t *at, const uint8_t *colours);

#endif
