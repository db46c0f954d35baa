/* SPDX-License-Identifier: MIT
 *
 * First steps with memory: questions to the memory map, and from physical addresses to pointers.
 */
#ifndef STAGECOACH_MEMORY_H
#define STAGECOACH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot.h"

#ifdef __cplusplus /* these functions are C, casts and all */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#endif

#define BOOT_PAGE_SIZE 4096ull

/* A name for people; "unknown" for a type of a later version. */
static inline const char *boot_memory_type_name(uint32_t type)
{
    switch (type) {
    case BOOT_MEMORY_USABLE:
        return "usable";
    case BOOT_MEMORY_LOADER_RECLAIMABLE:
        return "loader reclaimable";
    case BOOT_MEMORY_KERNEL:
        return "kernel";
    case BOOT_MEMORY_RAMDISK:
        return "ramdisk";
    case BOOT_MEMORY_MODULE:
        return "module";
    case BOOT_MEMORY_FRAMEBUFFER:
        return "framebuffer";
    case BOOT_MEMORY_ACPI_RECLAIMABLE:
        return "ACPI reclaimable";
    case BOOT_MEMORY_ACPI_NVS:
        return "ACPI NVS";
    case BOOT_MEMORY_EFI_RUNTIME_CODE:
        return "EFI runtime code";
    case BOOT_MEMORY_EFI_RUNTIME_DATA:
        return "EFI runtime data";
    case BOOT_MEMORY_RESERVED:
        return "reserved";
    case BOOT_MEMORY_MMIO:
        return "MMIO";
    case BOOT_MEMORY_PERSISTENT:
        return "persistent";
    case BOOT_MEMORY_BAD:
        return "bad";
    default:
        return "unknown";
    }
}

/* The region that holds all of [phys, phys + size), or NULL. */
static inline struct boot_memory_region *boot_memory_find(const struct boot_info *info, uint64_t phys, uint64_t size)
{
    for (uint64_t i = 0; i < info->memory_map_count; i++) {
        struct boot_memory_region *region = &info->memory_map[i];
        if (phys >= region->phys && phys - region->phys < region->size && size <= region->size - (phys - region->phys))
            return region;
    }
    return (struct boot_memory_region *)0;
}

/* Bytes of all regions of one type. */
static inline uint64_t boot_memory_total(const struct boot_info *info, uint32_t type)
{
    uint64_t total = 0;
    for (uint64_t i = 0; i < info->memory_map_count; i++)
        total += info->memory_map[i].type == type ? info->memory_map[i].size : 0;
    return total;
}

/* Takes `pages` pages of free RAM from the end of the last region that has them at or above `lowest`, for good: the
 * region shrinks (a region may end up empty). Returns the physical address; 0: there is no such room. */
static inline uint64_t boot_memory_take(struct boot_info *info, uint64_t pages, uint64_t lowest)
{
    if (pages == 0 || pages > UINT64_MAX / BOOT_PAGE_SIZE)
        return 0;
    for (uint64_t i = info->memory_map_count; i-- > 0;) {
        struct boot_memory_region *region = &info->memory_map[i];
        uint64_t start = region->phys > lowest ? region->phys : lowest;
        uint64_t end = region->phys + region->size;
        if (region->type != BOOT_MEMORY_USABLE || start >= end || end - start < pages * BOOT_PAGE_SIZE)
            continue;
        region->size -= pages * BOOT_PAGE_SIZE;
        return region->phys + region->size;
    }
    return 0;
}

/* Where [phys, phys + size) appears in the window over physical memory; NULL: the kernel asked for none, or the range
 * leaves it. Reserved ranges inside the window may be unmapped all the same. */
static inline void *boot_phys_to_pointer(const struct boot_info *info, uint64_t phys, uint64_t size)
{
    if (phys > info->physical_memory_size || size > info->physical_memory_size - phys ||
        info->physical_memory_size == 0)
        return (void *)0;
    return (void *)(uintptr_t)(info->physical_memory + phys);
}

/* The physical address of something in the kernel's own segments; false if it lies elsewhere. */
static inline bool boot_kernel_to_phys(const struct boot_info *info, const void *pointer, uint64_t *phys)
{
    uint64_t address = (uint64_t)(uintptr_t)pointer;
    for (uint64_t i = 0; i < info->segment_count; i++) {
        const struct boot_segment *segment = &info->segments[i];
        if (address < segment->address || address - segment->address >= segment->size)
            continue;
        *phys = segment->phys + (address - segment->address);
        return true;
    }
    return false;
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
#endif

#endif
