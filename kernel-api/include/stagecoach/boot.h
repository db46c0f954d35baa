/* SPDX-License-Identifier: MIT
 *
 * Stagecoach boot protocol, version 1: what a kernel asks of the loader and what it is given.
 *
 * A kernel includes this header, states its wishes once with BOOT_CONFIG(...) and names its first function with
 * BOOT_ENTRY(function). The machine state at that function's first instruction, the drawings of every structure and
 * the rules of versioning are in kernel-api/README.md. Valid C11 and C++20; needs no library.
 *
 * Conventions of this header
 *   - little endian, x86_64 SysV ABI; every structure is a multiple of 8 bytes and naturally aligned
 *   - "phys" is a physical address; "address" and typed pointers are virtual in the kernel's page tables
 *   - sizes and lengths are in bytes unless the name says otherwise; ranges include their start, exclude their end
 *   - all memory that boot_info points to lies in regions of type BOOT_MEMORY_LOADER_RECLAIMABLE (or KERNEL, RAMDISK,
 *     MODULE as named there) and belongs to the kernel from its first instruction on: it may be written at any time,
 *     and reused once the kernel needs it no more
 */
#ifndef STAGECOACH_BOOT_H
#define STAGECOACH_BOOT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define BOOT_STATIC_ASSERT(condition, text) static_assert(condition, text)
extern "C" {
#else
#define BOOT_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/* ------------------------------------------------------------------------------------------------------------------
 * What the kernel asks: struct boot_config, carried in an ELF note (SHT_NOTE section .note.stagecoach, name
 * "Stagecoach", type BOOT_NOTE_CONFIG), which survives strip, --gc-sections and LTO.
 */

#define BOOT_PROTOCOL_VERSION 1u
#define BOOT_NOTE_NAME "Stagecoach"
#define BOOT_NOTE_CONFIG 1u

/* Values of the address fields of struct boot_config. Any other value is a fixed virtual address: canonical, 4 KiB
 * aligned (more where the field says so), inside the lower or the upper half as a whole. */
#define BOOT_DEFAULT 0ull  /* what the field's comment says */
#define BOOT_ANYWHERE 1ull /* the loader chooses inside [dynamic_range_start, dynamic_range_end) */
#define BOOT_NOWHERE 2ull  /* not mapped at all; the physical address is still told where there is one */

/* Bits of boot_config.flags. Unknown bits are refused. */
#define BOOT_CONFIG_ALLOW_WX (1ull << 0) /* load segments that are writable and executable (refused otherwise) */
#define BOOT_CONFIG_ASLR (1ull << 1)     /* choose every address that is ANYWHERE, and the kernel's frames, at random */

struct boot_config {
    uint32_t size;                      /*   0  sizeof(struct boot_config); set by BOOT_CONFIG */
    uint32_t version;                   /*   4  BOOT_PROTOCOL_VERSION; set by BOOT_CONFIG */
    uint64_t flags;                     /*   8  BOOT_CONFIG_* */
    uint64_t kernel_stack_size;         /*  16  bytes, rounded up to 4 KiB; 0: 64 KiB; at most 1 GiB */
    uint64_t kernel_stack;              /*  24  lowest usable byte; an unmapped guard page lies below. Default: ANYWHERE */
    uint64_t kernel_base;               /*  32  ET_DYN only: address of the lowest segment's page. Default: ANYWHERE */
    uint64_t boot_info;                 /*  40  Default: ANYWHERE; NOWHERE is refused */
    uint64_t framebuffer;               /*  48  address of the page that holds its first byte. Default: ANYWHERE */
    uint64_t physical_memory;           /*  56  window over physical memory, 2 MiB aligned. Default: NOWHERE */
    uint64_t page_table_recursive;      /*  64  512 GiB aligned: the PML4 slot that maps the tables. Default: NOWHERE */
    uint64_t ramdisk;                   /*  72  ramdisk. Default: ANYWHERE */
    uint64_t dynamic_range_start;       /*  80  4 KiB aligned; 0: 0xffff800000000000 */
    uint64_t dynamic_range_end;         /*  88  4 KiB aligned, exclusive; 0: 0xffffffffffe00000 */
    uint32_t minimum_framebuffer_width; /*  96  pixels; 0: no wish */
    uint32_t minimum_framebuffer_height; /* 100 pixels; 0: no wish */
    uint64_t kernel_symbols;            /* 104  the file's symbol table and names, for backtraces. Default: NOWHERE */
    uint64_t kernel_file;               /* 112  the whole ELF file of the kernel. Default: NOWHERE */
};
BOOT_STATIC_ASSERT(sizeof(struct boot_config) == 120, "boot_config is append-only");

struct boot_note {
    uint32_t name_size;        /* sizeof name, with its NUL: 11 */
    uint32_t descriptor_size;  /* sizeof config */
    uint32_t type;             /* BOOT_NOTE_CONFIG */
    char name[12];             /* BOOT_NOTE_NAME, NUL-padded: the same bytes for 4 and 8 byte note alignment */
    struct boot_config config;
};
BOOT_STATIC_ASSERT(sizeof(struct boot_note) == 24 + sizeof(struct boot_config), "note header is 24 bytes");

/* ------------------------------------------------------------------------------------------------------------------
 * What the kernel is given: struct boot_info, its address in RDI at entry.
 */

#define BOOT_INFO_MAGIC 0x3148434f43475453ull /* "STGCOCH1" in memory order */

enum boot_memory_type {
    BOOT_MEMORY_USABLE = 0,             /* free RAM */
    BOOT_MEMORY_LOADER_RECLAIMABLE = 1, /* boot info, page tables, stack, GDT, IDT: free once the kernel has its own */
    BOOT_MEMORY_KERNEL = 2,             /* the loaded segments of the kernel; its symbols and its file, if asked for */
    BOOT_MEMORY_RAMDISK = 3,
    BOOT_MEMORY_MODULE = 4,
    BOOT_MEMORY_FRAMEBUFFER = 5,
    BOOT_MEMORY_ACPI_RECLAIMABLE = 6,   /* ACPI tables: free once read (ACPI 6.5, table 15-374) */
    BOOT_MEMORY_ACPI_NVS = 7,
    BOOT_MEMORY_EFI_RUNTIME_CODE = 8,   /* must stay mapped for runtime services (UEFI 2.10, 8.4) */
    BOOT_MEMORY_EFI_RUNTIME_DATA = 9,
    BOOT_MEMORY_RESERVED = 10,
    BOOT_MEMORY_MMIO = 11,              /* EFI memory-mapped I/O (and its port space) */
    BOOT_MEMORY_PERSISTENT = 12,        /* non-volatile RAM, E820 type 7, EfiPersistentMemory */
    BOOT_MEMORY_BAD = 13,               /* failed the firmware's test: never touch */
};

struct boot_memory_region {
    uint64_t phys;          /*  0  4 KiB aligned */
    uint64_t size;          /*  8  bytes, multiple of 4 KiB, never 0 */
    uint32_t type;          /* 16  enum boot_memory_type */
    uint32_t firmware_type; /* 20  EFI's type if boot_info.efi has a memory map, else E820's; UINT32_MAX: not one for all */
};

struct boot_framebuffer {
    uint8_t *address;     /*  0  first pixel of the first row; NULL: no framebuffer (or not mapped: phys is set) */
    uint64_t phys;        /*  8  physical address of the same byte */
    uint64_t size;        /* 16  pitch * height */
    uint32_t width;       /* 24  pixels */
    uint32_t height;      /* 28  pixels */
    uint32_t pitch;       /* 32  bytes from one row to the next; may exceed width * bits_per_pixel / 8 */
    uint8_t bits_per_pixel; /* 36  24 or 32 */
    uint8_t red_shift;    /* 37  bit position of the lowest red bit inside a pixel */
    uint8_t red_size;     /* 38  bits of red */
    uint8_t green_shift;  /* 39 */
    uint8_t green_size;   /* 40 */
    uint8_t blue_shift;   /* 41 */
    uint8_t blue_size;    /* 42 */
    uint8_t reserved[5];  /* 43 */
    const uint8_t *edid;  /* 48  the display's EDID (VESA E-EDID 1.4), or NULL */
    uint64_t edid_size;   /* 56  bytes; multiple of 128 */
};

struct boot_segment { /* one page-granular run of the kernel with one set of rights */
    uint64_t address;
    uint64_t phys;
    uint64_t size;
    uint64_t rights; /* ELF PF_X = 1, PF_W = 2, PF_R = 4, after GNU_RELRO */
};

struct boot_module {
    void *address; /* readable and writable; page aligned; zero-filled to the end of the last page */
    uint64_t phys;
    uint64_t size;
    const char *name;      /* NUL-terminated */
    const char *arguments; /* NUL-terminated; "" if none */
};

struct boot_tls { /* PT_TLS, for variant II of ELF TLS (SysV ABI x86-64, 3.4.6) */
    const void *address; /* initialisation image; NULL: the kernel has no TLS */
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};

/* boot_disk.table */
#define BOOT_DISK_UNKNOWN 0u
#define BOOT_DISK_GPT 1u
#define BOOT_DISK_MBR 2u

struct boot_symbol { /* an entry of the ELF file's symbol table, as it is there (System V gABI, figure 4-16) */
    uint32_t name;    /*  0  offset in symbol_names */
    uint8_t info;     /*  4  low four bits: 0 no type, 1 object, 2 function; high four: binding */
    uint8_t other;    /*  5 */
    uint16_t section; /*  6  0: not defined here */
    uint64_t value;   /*  8  address without kernel_bias */
    uint64_t size;    /* 16  bytes; 0: unknown */
};

struct boot_disk {              /* where config, kernel and modules were read from */
    uint32_t table;             /*  0  BOOT_DISK_*; UNKNOWN: a CD, not a partitioned disk, or not known */
    uint32_t bios_drive;        /*  4  INT 13h number; 0: not started by a BIOS */
    uint8_t disk_guid[16];      /*  8  GPT disk GUID as on disk (UEFI 2.10, 5.3.2); zero unless GPT */
    uint8_t partition_guid[16]; /* 24  unique partition GUID as on disk; zero unless GPT */
    uint32_t mbr_signature;     /* 40  bytes 440..443 of LBA 0; 0 unless MBR */
    uint32_t partition_number;  /* 44  from 1; 0: unknown */
    uint64_t partition_lba;     /* 48  first block of the partition, in the disk's logical blocks */
};

struct boot_efi { /* all zero unless the firmware is UEFI, or NONE and whoever started us passed on what UEFI gave it */
    uint64_t system_table_phys;
    void *memory_map; /* EFI_MEMORY_DESCRIPTORs as ExitBootServices accepted them, for SetVirtualAddressMap */
    uint64_t memory_map_phys;
    uint64_t memory_map_size;
    uint32_t descriptor_size; /* step from one descriptor to the next, not sizeof */
    uint32_t descriptor_version;
};

enum boot_phase { /* boot_event.phase, in the order in which they happen; numbers are never reused */
    BOOT_PHASE_ENTRY = 1,        /* first measured instruction: stage 1 or 2 (BIOS), efi_main (UEFI), stage 3 (direct) */
    BOOT_PHASE_LOADER = 2,       /* the shared boot flow begins */
    BOOT_PHASE_CONFIG = 3,       /* configuration read */
    BOOT_PHASE_KERNEL_HEADERS = 4, /* kernel's headers read, ELF planned */
    BOOT_PHASE_VIDEO = 5,        /* video mode set */
    BOOT_PHASE_ADDRESS_SPACE = 6, /* addresses chosen */
    BOOT_PHASE_SEGMENTS = 7,     /* segments, ramdisk and modules in memory, relocated */
    BOOT_PHASE_PAGE_TABLES = 8,  /* page tables built */
    BOOT_PHASE_LEFT = 9,         /* firmware left, final memory map known */
    BOOT_PHASE_JUMP = 10,        /* last moment that can be written down before the jump */
};

struct boot_event {
    uint32_t phase;          /*  0  enum boot_phase: this is when it ended */
    uint32_t firmware_calls; /*  4  calls of firmware so far */
    uint64_t tsc;            /*  8  time-stamp counter */
    uint64_t bytes_read;     /* 16  bytes read from the boot medium so far */
};

#define BOOT_FIRMWARE_BIOS 1u
#define BOOT_FIRMWARE_UEFI 2u
#define BOOT_FIRMWARE_NONE 3u /* started directly by a VMM or another loader */

#define BOOT_SOURCE_DISK 1u
#define BOOT_SOURCE_CD 2u
#define BOOT_SOURCE_NETWORK 3u
#define BOOT_SOURCE_PVH 4u
#define BOOT_SOURCE_MULTIBOOT1 5u
#define BOOT_SOURCE_MULTIBOOT2 6u

/* Bits of boot_info.seed_sources: what the seed was made of, as far as it is worth something. */
#define BOOT_SEED_RDSEED (1u << 0)
#define BOOT_SEED_RDRAND (1u << 1)
#define BOOT_SEED_FIRMWARE (1u << 2) /* EFI_RNG_PROTOCOL */
#define BOOT_SEED_TIMER (1u << 3)    /* jitter between the time-stamp counter and the PC's timer */

struct boot_info {
    uint64_t magic;                    /*   0  BOOT_INFO_MAGIC */
    uint32_t size;                     /*   8  bytes of this structure that the loader filled in; grows, never shrinks */
    uint32_t version;                  /*  12  BOOT_PROTOCOL_VERSION of the loader */
    const char *loader;                /*  16  name and version, for humans */
    uint32_t firmware;                 /*  24  BOOT_FIRMWARE_* */
    uint32_t boot_source;              /*  28  BOOT_SOURCE_* */
    const char *command_line;          /*  32  NUL-terminated; "" if none */
    uint64_t command_line_size;        /*  40  without the NUL */

    struct boot_memory_region *memory_map; /* 48  sorted by phys, disjoint, neighbours of equal type merged */
    uint64_t memory_map_count;         /*  56 */

    struct boot_framebuffer framebuffer; /* 64 */

    uint64_t rsdp_phys;                /* 128  ACPI root pointer (ACPI 6.5, 5.2.5.3), 2.0 before 1.0; 0: none */
    uint64_t smbios_phys;              /* 136  SMBIOS 3.x 64-bit entry point; 0: none */
    uint64_t smbios32_phys;            /* 144  SMBIOS 2.x 32-bit entry point; 0: none */
    struct boot_efi efi;               /* 152 */

    uint64_t kernel_phys;              /* 192  of the page with the kernel's lowest address; later segments: see below */
    uint64_t kernel_address;           /* 200  the kernel's lowest page */
    uint64_t kernel_size;              /* 208  from there to the end of its last page */
    uint64_t kernel_bias;              /* 216  what was added to every ELF address; 0 for ET_EXEC */
    struct boot_segment *segments;     /* 224  sorted by address */
    uint64_t segment_count;            /* 232 */

    void *ramdisk;                     /* 240  page aligned; NULL: none (or not mapped: ramdisk_phys is set) */
    uint64_t ramdisk_phys;             /* 248 */
    uint64_t ramdisk_size;             /* 256 */
    struct boot_module *modules;       /* 264  in the order of the configuration */
    uint64_t module_count;             /* 272 */

    struct boot_tls tls;               /* 280 */
    uint64_t stack_address;            /* 312  lowest usable byte; one unmapped page below it */
    uint64_t stack_size;               /* 320 */
    uint64_t physical_memory;          /* 328  where physical address 0 appears; 0 with size 0: no window */
    uint64_t physical_memory_size;     /* 336  the window's length; reserved ranges inside may be unmapped */
    uint32_t recursive_slot;           /* 344  PML4 slot 0..511 of the recursive mapping; UINT32_MAX: none */
    uint32_t reserved;                 /* 348 */
    uint64_t page_table_phys;          /* 352  CR3 at entry */

    uint64_t tsc_hz;                   /* 360  time-stamp counter frequency; 0: unknown */
    struct boot_disk disk;             /* 368 */

    const char *log;                   /* 424  everything the loader logged, at every level; NUL-terminated */
    uint64_t log_size;                 /* 432  without the NUL */
    struct boot_event *timeline;       /* 440 */
    uint64_t timeline_count;           /* 448 */

    /* Read-only, in regions of type KERNEL. NULL: not asked for, or the file has none (stripped). */
    const struct boot_symbol *symbols; /* 456  page aligned */
    uint64_t symbol_count;             /* 464 */
    const char *symbol_names;          /* 472  anything may stand here, but a NUL follows the last byte */
    uint64_t symbol_names_size;        /* 480  without that NUL */
    const void *kernel_file;           /* 488  page aligned */
    uint64_t kernel_file_phys;         /* 496 */
    uint64_t kernel_file_size;         /* 504 */

    uint8_t seed[32];                  /* 512  random bytes for the kernel's own generator: wipe them once used */
    uint32_t seed_bits;                /* 544  how many bits of them can't be guessed, by a cautious count: 0..256 */
    uint32_t seed_sources;             /* 548  BOOT_SEED_* */
};
BOOT_STATIC_ASSERT(sizeof(struct boot_memory_region) == 24, "append-only ABI");
BOOT_STATIC_ASSERT(sizeof(struct boot_framebuffer) == 64, "append-only ABI");
BOOT_STATIC_ASSERT(sizeof(struct boot_disk) == 56, "append-only ABI");
BOOT_STATIC_ASSERT(sizeof(struct boot_symbol) == 24, "gABI, figure 4-16");
BOOT_STATIC_ASSERT(offsetof(struct boot_info, efi) == 152, "append-only ABI");
BOOT_STATIC_ASSERT(offsetof(struct boot_info, tls) == 280, "append-only ABI");
BOOT_STATIC_ASSERT(offsetof(struct boot_info, disk) == 368, "append-only ABI");
BOOT_STATIC_ASSERT(sizeof(struct boot_info) == 552, "append-only ABI");

/* ------------------------------------------------------------------------------------------------------------------
 * The two macros of a kernel.
 */

/* States the kernel's wishes, once per kernel, at file scope, all of them constants:
 *     BOOT_CONFIG(.kernel_stack_size = 64 * 1024, .physical_memory = BOOT_ANYWHERE);
 * Fields that are left out take their default; BOOT_CONFIG() takes every default. In C++ keep the order of the fields. */
#define BOOT_CONFIG(...)                                                                                              \
    BOOT_QUIET_BEGIN_                                                                                                 \
    BOOT_EXTERN_ const struct boot_note boot_note_ __attribute__((section(".note.stagecoach"), aligned(8)));          \
    __attribute__((used)) BOOT_CONSTANT_ const struct boot_note boot_note_ = {                                        \
        sizeof(BOOT_NOTE_NAME),                                                                                       \
        sizeof(struct boot_config),                                                                                   \
        BOOT_NOTE_CONFIG,                                                                                             \
        BOOT_NOTE_NAME,                                                                                               \
        {.size = sizeof(struct boot_config), .version = BOOT_PROTOCOL_VERSION, __VA_ARGS__},                          \
    };                                                                                                                \
    BOOT_QUIET_END_                                                                                                   \
    BOOT_STATIC_ASSERT(sizeof(struct boot_note) % 8 == 0, "the note keeps its neighbours aligned")

/* Names the kernel's first function, `static void function(struct boot_info *)`, which may be defined further down, and
 * defines the ELF entry point _start, which calls it and stops the CPU should it return. The state at entry is that of
 * any C function, so _start needs no assembly. */
#define BOOT_ENTRY(function)                                                                                          \
    static void function(struct boot_info *info);                                                                     \
    BOOT_EXTERN_ void _start(struct boot_info *info) __attribute__((noreturn));                                       \
    BOOT_ENTRY_ATTRIBUTES_ void _start(struct boot_info *info)                                                        \
    {                                                                                                                 \
        function(info);                                                                                               \
        for (;;)                                                                                                      \
            __asm__ volatile("cli\n\thlt");                                                                           \
    }                                                                                                                 \
    BOOT_STATIC_ASSERT(sizeof(void *) == 8, "a kernel for x86_64 is compiled as 64-bit code")

/* What the two macros are made of; not for use elsewhere. */
#define BOOT_QUIET_BEGIN_                                                                                             \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#define BOOT_QUIET_END_ _Pragma("GCC diagnostic pop")
#if defined(__has_attribute) && __has_attribute(no_stack_protector)
/* The canary lies at FS:0x28, which the kernel sets up only later. */
#define BOOT_ENTRY_ATTRIBUTES_ __attribute__((used, no_stack_protector))
#else
#define BOOT_ENTRY_ATTRIBUTES_ __attribute__((used))
#endif
#ifdef __cplusplus
#define BOOT_EXTERN_ extern "C"
#else
#define BOOT_EXTERN_ extern
#endif
#ifdef __cpp_constinit
#define BOOT_CONSTANT_ constinit
#else
#define BOOT_CONSTANT_
#endif

#ifdef __cplusplus
}
#endif

#endif
