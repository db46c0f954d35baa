/* Linux by the x86 boot protocol (Documentation/arch/x86/boot.rst), entered in 64-bit mode: what the setup header of a
 * bzImage asks for, and the "zero page" that such a kernel is given. */
#ifndef STAGECOACH_PROTOCOL_LINUX_H
#define STAGECOACH_PROTOCOL_LINUX_H

#include "memmap.h"
#include "span.h"

#include <stagecoach/boot.h>

#define LINUX_HEADER_OFFSET 0x1f1u /* of the setup header, in the file and in the zero page */
#define LINUX_HEADER_MAX 0x9fu     /* bytes that the zero page has room for */
#define LINUX_HEAD_SIZE 0x290u     /* of the file: all of the setup header lies in there */
#define LINUX_ENTRY_64 0x200u      /* from the start of the protected-mode code */

struct linux_plan {
    uint16_t version;                /* of the boot protocol, 0x20f: 2.15 */
    bool efi_stub;                   /* the file is a UEFI application as well */
    bool relocatable;                /* else only `preferred` will do */
    bool above_4g;                   /* kernel and ramdisk may lie there */
    uint64_t code_offset, code_size; /* what is loaded of the file */
    uint64_t memory_size;            /* that the kernel needs at its address until it knows its memory map */
    uint64_t preferred, alignment;   /* lower than the preferred address it doesn't run */
    uint64_t ramdisk_limit;          /* where the ramdisk has to end; 0: no limit */
    uint32_t command_line_max;       /* without the final NUL */
    uint32_t header_size;
    uint8_t header[LINUX_HEADER_MAX];
};

#define LINUX_BOOT_FLAG_OFFSET 0x1feu
#define LINUX_MAGIC_OFFSET 0x202u

/* A boot sector with the setup header's magic: whatever is wrong with it, it is no ELF file. */
static inline bool linux_detect(struct span head)
{
    uint16_t flag;
    uint32_t magic;
    return span_u16(head, LINUX_BOOT_FLAG_OFFSET, &flag) && flag == 0xaa55 &&
           span_u32(head, LINUX_MAGIC_OFFSET, &magic) && magic == 0x53726448; /* "HdrS" */
}

/* Checks the setup header. head: the file's start, LINUX_HEAD_SIZE bytes or all. */
enum status linux_plan_read(struct span head, uint64_t file_size, struct linux_plan *plan, struct error *error);

/* "Linux x86 boot protocol 2.15": 32 bytes are enough. */
void linux_name(const struct linux_plan *plan, char *out, size_t size);

/* --- the zero page ----------------------------------------------------------------------------------------------- */

#define LINUX_PARAMS_SIZE 4096u
#define LINUX_SEED_SIZE 32u

/* The zero page, and behind it what it points to. */
struct linux_area {
    uint8_t *memory; /* as the loader sees it */
    uint64_t phys;
    uint32_t command_line_size;
    size_t regions_room; /* of the final memory map, see memmap_room() */
    size_t efi_map_room; /* bytes; 0: not an EFI */
};

struct linux_facts {
    const struct linux_plan *plan;
    uint64_t code_phys;
    const char *command_line;            /* of the area's command_line_size bytes */
    uint64_t ramdisk_phys, ramdisk_size; /* size 0: none */
    uint64_t rsdp_phys;
    const struct boot_framebuffer *framebuffer; /* size 0: none */
    const uint8_t *seed;                        /* LINUX_SEED_SIZE bytes */
};

/* Bytes that the area needs: made of its three sizes. */
uint64_t linux_area_size(const struct linux_area *area);

/* All but what is known only at the end. */
void linux_area_fill(const struct linux_area *area, const struct linux_facts *facts);

/* Where firmware_leave() is to put its maps. */
struct memmap linux_area_map(const struct linux_area *area);
struct boot_efi linux_area_efi(const struct linux_area *area);

/* The final memory map, normalised, as E820 entries; and the raw EFI map, if there is one. */
void linux_area_finish(const struct linux_area *area, const struct memmap *map, const struct boot_efi *efi);

#endif
