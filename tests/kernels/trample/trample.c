/* Fills every frame that the memory map calls usable, and looks whether anything that the loader handed over has changed:
 * what it left in such a frame is gone then. */
#include "../conformance/bytes.h"

#include <stagecoach/debug.h>
#include <stagecoach/memory.h>
#include <stagecoach/print.h>

#define HASH_SIZE 8u /* payload.py: a file ends with the hash of the rest */
#define TABLES_MAX 64u

BOOT_CONFIG(.physical_memory = BOOT_ANYWHERE);
BOOT_ENTRY(kernel_main);

static _Noreturn void finish(const char *problem, uint64_t found)
{
    if (problem == NULL)
        boot_print("BOOT-OK trample\n");
    else
        boot_print("BOOT-BAD trample, %s: %lx\n", problem, found);
    boot_outb(BOOT_PORT_DEBUG_EXIT, problem == NULL ? BOOT_EXIT_SUCCESS : BOOT_EXIT_FAILURE);
    boot_halt();
}

static const uint8_t *phys_pointer(const struct boot_info *info, uint64_t phys, uint64_t size)
{
    const uint8_t *bytes = boot_phys_to_pointer(info, phys, size);
    if (bytes == NULL)
        finish("not in the window", phys);
    return bytes;
}

static uint32_t word_at(const uint8_t *bytes, unsigned offset)
{
    return (uint32_t)bytes[offset] | (uint32_t)bytes[offset + 1] << 8 | (uint32_t)bytes[offset + 2] << 16 |
           (uint32_t)bytes[offset + 3] << 24;
}

/* The root pointer and every table of the RSDT. */
static uint64_t hash_acpi(const struct boot_info *info, uint64_t hash)
{
    if (info->rsdp_phys == 0)
        return hash;
    const uint8_t *rsdp = phys_pointer(info, info->rsdp_phys, 20);
    if (fnv1a(0, rsdp, 8) != fnv1a(0, "RSD PTR ", 8))
        finish("no root pointer", info->rsdp_phys);
    hash = fnv1a(hash, rsdp, 20);
    uint32_t phys = word_at(rsdp, 16);
    if (phys == 0)
        return hash;
    const uint8_t *rsdt = phys_pointer(info, phys, 36);
    uint32_t size = word_at(rsdt, 4);
    rsdt = phys_pointer(info, phys, size);
    hash = fnv1a(hash, rsdt, size);
    for (uint32_t at = 36; at + 4 <= size && at < 36 + 4 * TABLES_MAX; at += 4) {
        const uint8_t *table = phys_pointer(info, word_at(rsdt, at), 36);
        hash = fnv1a(hash, phys_pointer(info, word_at(rsdt, at), word_at(table, 4)), word_at(table, 4));
    }
    return hash;
}

static uint64_t hash_file(uint64_t hash, const void *address, uint64_t size)
{
    uint64_t own;
    const uint8_t *bytes = address;
    if (size < HASH_SIZE)
        return hash;
    __builtin_memcpy(&own, bytes + size - HASH_SIZE, sizeof own);
    if (fnv1a(FNV_OFFSET, bytes, size - HASH_SIZE) != own)
        finish("a file is damaged", (uintptr_t)address);
    return fnv1a(hash, bytes, size);
}

static uint64_t hash_all(const struct boot_info *info)
{
    uint64_t hash = fnv1a(FNV_OFFSET, info, sizeof *info);
    hash = fnv1a(hash, info->memory_map, info->memory_map_count * sizeof *info->memory_map);
    hash = fnv1a(hash, info->command_line, info->command_line_size + 1);
    hash = fnv1a(hash, info->log, info->log_size + 1);
    hash = fnv1a(hash, info->segments, info->segment_count * sizeof *info->segments);
    hash = fnv1a(hash, info->modules, info->module_count * sizeof *info->modules);
    hash = fnv1a(hash, info->timeline, info->timeline_count * sizeof *info->timeline);
    hash = fnv1a(hash, info->efi.memory_map, info->efi.memory_map_size);
    if (info->ramdisk_size > 0)
        hash = hash_file(hash, info->ramdisk, info->ramdisk_size);
    for (uint64_t i = 0; i < info->module_count; i++) {
        const struct boot_module *module = &info->modules[i];
        hash = fnv1a(hash, module->name, text_size(module->name) + 1);
        hash = fnv1a(hash, module->arguments, text_size(module->arguments) + 1);
        hash = hash_file(hash, module->address, module->size);
    }
    return hash_acpi(info, hash);
}

static void fill(void *to, uint64_t size)
{
    uint64_t count = size / 8;
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(0xdeadbeefdeadbeefull) : "memory");
}

static void kernel_main(struct boot_info *info)
{
    uint64_t before = hash_all(info), filled = 0;
    for (uint64_t i = 0; i < info->memory_map_count; i++) {
        const struct boot_memory_region *region = &info->memory_map[i];
        if (region->type != BOOT_MEMORY_USABLE)
            continue;
        fill((void *)(uintptr_t)phys_pointer(info, region->phys, region->size), region->size);
        filled += region->size;
    }
    boot_print("%lu MiB filled, command line '%s', %lu modules\n", filled >> 20, info->command_line, info->module_count);
    uint64_t after = hash_all(info);
    finish(before == after ? NULL : "something has changed", after);
}
