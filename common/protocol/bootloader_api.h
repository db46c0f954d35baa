/* Kernels written in Rust against the bootloader_api crate, 0.11.0 to 0.11.16: what their .bootloader-config section
 * asks, and the BootInfo that they expect. The layouts are those of rust-osdev/bootloader api/src/config.rs and info.rs
 * as compiled; the crate's own loader identifies a layout by the section's length, and so do we, but look at the
 * version too. */
#ifndef STAGECOACH_PROTOCOL_BOOTLOADER_API_H
#define STAGECOACH_PROTOCOL_BOOTLOADER_API_H

#include "kernel_plan.h"

#define BOOTLOADER_API_SECTION ".bootloader-config"

/* Translates the section's bytes into the native protocol's wishes. `version` says which BootInfo the kernel expects.
 * STATUS_WISH_SIZE, _VERSION, _VALUE name what is wrong. */
enum status bootloader_api_read(struct span section, struct boot_config *config, struct kernel_api_version *version,
                                struct error *error);

/* --- BootInfo ---------------------------------------------------------------------------------------------------- */

struct bootloader_api_optional64 { /* Rust: Optional<u64> */
    uint32_t tag;                  /* BOOTLOADER_API_SOME, _NONE */
    uint32_t reserved;
    uint64_t value;
};
#define BOOTLOADER_API_SOME 0u /* in this order: the crate's enum has Some first */
#define BOOTLOADER_API_NONE 1u

struct bootloader_api_region {
    uint64_t start, end; /* end excluded */
    uint32_t kind;       /* BOOTLOADER_API_* */
    uint32_t value;      /* the firmware's number for UNKNOWN_* */
};
#define BOOTLOADER_API_USABLE 0u
#define BOOTLOADER_API_BOOTLOADER 1u
#define BOOTLOADER_API_UNKNOWN_UEFI 2u
#define BOOTLOADER_API_UNKNOWN_BIOS 3u

struct bootloader_api_framebuffer {
    uint64_t start, size, width, height;
    uint32_t pixel_format;                                         /* BOOTLOADER_API_RGB, _BGR, _UNKNOWN */
    uint8_t red_position, green_position, blue_position, reserved; /* of an unknown format */
    uint64_t bytes_per_pixel;
    uint64_t stride; /* pixels from one row to the next */
};
#define BOOTLOADER_API_RGB 0u
#define BOOTLOADER_API_BGR 1u
#define BOOTLOADER_API_UNKNOWN 3u

struct bootloader_api_info {
    uint16_t version_major, version_minor, version_patch;    /*   0 */
    uint8_t version_pre_release, reserved0;                  /*   6 */
    uint64_t memory_regions, memory_region_count;            /*   8 */
    uint32_t framebuffer_tag, reserved1;                     /*  24 */
    struct bootloader_api_framebuffer framebuffer;           /*  32 */
    struct bootloader_api_optional64 physical_memory_offset; /* 88 */
    uint32_t recursive_index_tag;                            /* 104 */
    uint16_t recursive_index, reserved2;                     /* 108 */
    struct bootloader_api_optional64 rsdp_addr;              /* 112 */
    uint32_t tls_tag, reserved3;                             /* 128 */
    uint64_t tls_start, tls_file_size, tls_memory_size;      /* 136 */
    struct bootloader_api_optional64 ramdisk_addr;           /* 160 */
    uint64_t ramdisk_len;                                    /* 176 */
    uint64_t kernel_addr, kernel_len, kernel_image_offset;   /* 184 */
    uint64_t kernel_stack_bottom, kernel_stack_len;          /* 208 */
    uint64_t test_sentinel;                                  /* 224 */
};
_Static_assert(sizeof(struct bootloader_api_region) == 24, "MemoryRegion");
_Static_assert(sizeof(struct bootloader_api_framebuffer) == 56, "FrameBuffer");
_Static_assert(sizeof(struct bootloader_api_info) == 232, "BootInfo of 0.11.14");

struct bootloader_api_facts { /* what the native boot_info does not say */
    struct kernel_api_version version;
    uint64_t stack_size; /* as the kernel asked for it, not rounded */
    uint64_t kernel_file_phys, kernel_file_size;
    uint64_t test_sentinel;
    uint64_t regions_address; /* where the kernel sees `regions` */
    struct bootloader_api_region *regions;
    const struct boot_memory_region *memory_map; /* the loader's pointer to the final map */
};

/* Fills in `info` and facts->regions (as many as the final map has) from a finished boot_info. The sentinel goes where
 * the kernel's version has it: fields that were added later move it. */
void bootloader_api_fill(struct bootloader_api_info *info, const struct boot_info *boot,
                         const struct bootloader_api_facts *facts);

#endif
