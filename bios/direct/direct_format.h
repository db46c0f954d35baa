/* What imgtool fills in when it writes a directly started file, and where. direct_format.inc is the same for NASM.
 *
 * direct.bin, which the build of bios/ makes, is a flat file that lies in memory as it lies in the file: an ELF64
 * header, two program headers, struct direct_header, the headers of Multiboot 1 and 2, the notes for Xen's PVH, code,
 * data, .bss as zeroes. imgtool appends a cpio archive ("newc") with configuration, kernel and files, and fills in the
 * fields that say so. All numbers are little-endian. */
#ifndef STAGECOACH_BIOS_DIRECT_FORMAT_H
#define STAGECOACH_BIOS_DIRECT_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define DIRECT_LOAD_ADDRESS                                                                                            \
    0x200000u /* where it lies if nobody moves it; any multiple of 4 KiB below 4 GiB will do                           \
               */

#define DIRECT_SEGMENT_OFFSET 64u /* the program header of PT_LOAD, in the file */
#define DIRECT_HEADER_OFFSET 176u
#define DIRECT_MAGIC "STGCDRCT" /* 8 bytes, no NUL */
#define DIRECT_FORMAT 1u
struct direct_header {
    uint8_t magic[8];      /*  0  DIRECT_MAGIC; set by the build */
    uint32_t format;       /*  8  DIRECT_FORMAT; set by the build */
    uint32_t loader_size;  /* 12  bytes before the archive, a multiple of 4096; set by the build */
    uint64_t archive_size; /* 16  bytes behind; 0: none. Filled in by imgtool */
};

#define DIRECT_MULTIBOOT1_OFFSET 200u
struct direct_multiboot1 { /* Multiboot Specification 0.6.96, 3.1 */
    uint32_t magic;        /*  0  set to 0 by imgtool in a file that shall be entered by PVH */
    uint32_t flags, checksum, header_address, load_address;
    uint32_t load_end; /* 20  filled in by imgtool */
    uint32_t bss_end;  /* 24  filled in by imgtool */
    uint32_t entry;
};

_Static_assert(sizeof(struct direct_header) == 24, "entry.asm lays it out");
_Static_assert(offsetof(struct direct_header, archive_size) == 16, "entry.asm lays it out");
_Static_assert(DIRECT_HEADER_OFFSET + sizeof(struct direct_header) == DIRECT_MULTIBOOT1_OFFSET,
               "one follows the other");
_Static_assert(sizeof(struct direct_multiboot1) == 32, "the specification");

#endif
