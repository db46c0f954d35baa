/* The information that a Multiboot kernel is given: tags (version 2), or a structure and what it points to (version 1).
 */
#ifndef STAGECOACH_PROTOCOL_MULTIBOOT_INFO_H
#define STAGECOACH_PROTOCOL_MULTIBOOT_INFO_H

#include "config.h"
#include "firmware.h"
#include "multiboot.h"
#include "payload.h"
#include "version.h"

#define MULTIBOOT_LOADER "Stagecoach " STAGECOACH_VERSION
#define MULTIBOOT1_MAGIC 0x2badb002u /* in EAX */
#define MULTIBOOT2_MAGIC 0x36d76289u

struct multiboot_facts {
    const struct multiboot_plan *plan;
    struct config_text command_line;
    const struct payloads *payloads;            /* loaded: the modules */
    const struct boot_framebuffer *framebuffer; /* size 0: none */
    const struct boot_disk *disk;
    bool text_screen;   /* 80x25 at 0xb8000 */
    bool boot_services; /* EFI's go on: what they know of memory is the kernel's to ask for */
    uint32_t load_base;
    const uint8_t *sections; /* the section headers, or NULL */
    struct firmware_tables tables;
    struct firmware_apm apm; /* version 0: none */
    struct firmware_rom rom; /* for version 1 */
    struct memmap map;   /* the final one; before that only its count tells: room for so many */
    struct boot_efi efi; /* likewise: memory_map_size; memory_map is the loader's view of it */
};

enum { /* tags of the information (Multiboot2 2.0, 3.6) */
       MULTIBOOT_END_TAG,
       MULTIBOOT_COMMAND_LINE,
       MULTIBOOT_LOADER_NAME,
       MULTIBOOT_MODULE, /* up to here, they end with a string */
       MULTIBOOT_BASIC_MEMORY,
       MULTIBOOT_BOOT_DEVICE,
       MULTIBOOT_MEMORY_MAP,
       MULTIBOOT_VBE,
       MULTIBOOT_FRAMEBUFFER,
       MULTIBOOT_SECTIONS,
       MULTIBOOT_APM,
       MULTIBOOT_EFI64_SYSTEM_TABLE = 12,
       MULTIBOOT_SMBIOS,
       MULTIBOOT_ACPI_OLD,
       MULTIBOOT_ACPI_NEW,
       MULTIBOOT_NETWORK,
       MULTIBOOT_EFI_MAP,
       MULTIBOOT_BOOT_SERVICES,
       MULTIBOOT_EFI64_IMAGE = 20,
       MULTIBOOT_LOAD_BASE,
       MULTIBOOT_DRIVES, /* version 1 has these, and no tags */
       MULTIBOOT_TAGS,
};

struct multiboot_out {
    uint8_t *memory;                 /* NULL: only `used` is of interest */
    uint64_t phys;                   /* multiple of 8 */
    uint64_t used;                   /* bytes, up to now */
    uint32_t places[MULTIBOOT_TAGS]; /* of each tag's content, of the first of several; 0: none */
};

void multiboot1_write(struct multiboot_out *out, const struct multiboot_facts *facts);
void multiboot2_write(struct multiboot_out *out, const struct multiboot_facts *facts);

/* All tags, behind `from` bytes of zeroes. */
void multiboot_tags(struct multiboot_out *out, const struct multiboot_facts *facts, uint64_t from);

/* Of a tag with so many bytes, and what they are filled up with. */
static inline uint32_t multiboot_tag_size(uint32_t bytes)
{
    return (8 + bytes + 7) & ~7u;
}

/* --- shared by the two -------------------------------------------------------------------------------------------- */

/* KiB of memory from 0, and from 1 MiB on, up to the first hole. */
struct multiboot_basic {
    uint32_t lower, upper;
};
struct multiboot_basic multiboot_basic(const struct memmap *map);

struct multiboot_memory {
    uint64_t phys, size;
    uint32_t type, reserved;
};

struct multiboot_screen {
    uint64_t phys;
    uint32_t pitch, width, height;
    uint8_t bits_per_pixel, type;
    uint8_t colours[6]; /* position and size of red, green, blue */
} __attribute__((packed));
_Static_assert(sizeof(struct multiboot_screen) == 28, "Multiboot 0.6.96, 3.3");
struct multiboot_drive {
    uint32_t size; /* of this */
    uint8_t number, by_block;
    uint16_t cylinders;
    uint8_t heads, sectors;
    uint16_t ports_end; /* a list of I/O ports, which a BIOS does not tell: 0 ends it */
};
_Static_assert(sizeof(struct multiboot_drive) == 12, "Multiboot 0.6.96, 3.3");

#define MULTIBOOT_SCREEN_RGB 1u
#define MULTIBOOT_SCREEN_TEXT 2u

/* False if there is none. */
bool multiboot_screen(const struct multiboot_facts *facts, struct multiboot_screen *screen);

#endif
