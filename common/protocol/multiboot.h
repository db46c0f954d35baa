/* Kernels of the Multiboot Specifications (0.6.96, and Multiboot2 2.0): what their header asks for, and the information
 * that they are given. Such a kernel lies at physical addresses below 4 GiB and is entered in 32-bit mode. */
#ifndef STAGECOACH_PROTOCOL_MULTIBOOT_H
#define STAGECOACH_PROTOCOL_MULTIBOOT_H

#include "error.h"
#include "span.h"

#define MULTIBOOT_SEARCH 32768u /* of the file: header, ELF header and program headers lie in there */
#define MULTIBOOT_SEGMENTS_MAX 32u
#define MULTIBOOT_END (1ull << 32) /* of what is addressed */

struct multiboot_segment { /* sorted by address, disjoint */
    uint64_t phys, memory_size, file_offset, file_size;
};

struct multiboot_sections { /* of an ELF file; count 0: none */
    uint64_t offset;        /* of the section headers in the file */
    uint32_t count, entry_size, names;
    uint64_t size; /* bytes of those that no segment loads, behind one another */
};

enum multiboot_preference { MULTIBOOT_ANYWHERE, MULTIBOOT_LOWEST, MULTIBOOT_HIGHEST };

struct multiboot_plan {
    unsigned version;       /* 1 or 2; 0: no such kernel */
    bool relocatable;       /* as a whole: to a multiple of `alignment` in [lowest, highest] */
    bool framebuffer;       /* it can draw on one */
    bool needs_console;     /* it does not run without any */
    bool boot_services;     /* EFI's go on beneath it; it is entered at efi_entry then */
    bool wide;              /* an ELF64 file */
    uint32_t width, height; /* of the framebuffer that it likes best; 0: any */
    uint32_t lowest, highest, alignment, preference;
    uint64_t start, end;       /* of all segments */
    uint64_t entry, efi_entry; /* inside of them; efi_entry 0: none */
    uint32_t segment_count;
    struct multiboot_segment segments[MULTIBOOT_SEGMENTS_MAX];
    struct multiboot_sections sections;
};

/* One that a segment does not load, so that the loader has to. */
struct multiboot_section {
    uint64_t offset, size, alignment; /* a power of two, at most a page */
    uint32_t address_field;           /* offset of the field in the headers that tells where it lies */
};

/* A header of either version is there, the newer first: *version and its offset. head: the file's start, as far as
 * MULTIBOOT_SEARCH. */
bool multiboot_find(struct span head, unsigned *version, uint32_t *offset);

/* Checks header and segments of a file that has a header; the sections' ranges are still to be measured. */
enum status multiboot_plan_read(struct span head, uint64_t file_size, struct multiboot_plan *plan, struct error *error);

/* Segments and entry of an ELF file, or where the header's addresses say they are: multiboot_image.c. */
enum status multiboot_image_elf(struct span head, uint64_t file_size, struct multiboot_plan *plan, struct error *error);
/* addresses: of the header, of what is loaded, its end, the end of the zeroes behind it. */
enum status multiboot_image_raw(const uint32_t addresses[4], uint32_t header_offset, uint64_t file_size,
                                struct multiboot_plan *plan, struct error *error);

/* More sections than the file header can count: the first of their headers tells their number (System V ABI, 4.1). */
static inline bool multiboot_sections_counted_apart(const struct multiboot_sections *sections)
{
    return sections->count == 0 && sections->offset != 0;
}
enum status multiboot_sections_count(const uint8_t *header, uint64_t file_size, struct multiboot_plan *plan,
                                     struct error *error);

/* Checks the bytes of the next `count` section headers, and adds to sections.size. */
enum status multiboot_sections_measure(const uint8_t *headers, uint32_t count, uint64_t file_size,
                                       struct multiboot_plan *plan, struct error *error);

/* The index-th section, if it has to be loaded apart. `headers` are those that were measured. */
bool multiboot_section_at(const struct multiboot_plan *plan, const uint8_t *headers, uint32_t index,
                          struct multiboot_section *section);

/* What is wrong with the file, and what the kernel wants that nobody can give it. */
enum status multiboot_refuse(struct error *error, const char *what, uint64_t value);
enum status multiboot_demand(struct error *error, const char *what, uint32_t value);

#endif
