/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stagecoach/memory.h>
#include <stagecoach/print.h>

static const char *firmware_name(uint32_t firmware)
{
    static const char *const names[] = {"unknown", "BIOS", "UEFI", "none"};
    return names[firmware <= BOOT_FIRMWARE_NONE ? firmware : 0];
}

static const char *source_name(uint32_t source)
{
    static const char *const names[] = {"unknown", "disk", "CD", "network", "PVH", "Multiboot 1", "Multiboot 2"};
    return names[source <= BOOT_SOURCE_MULTIBOOT2 ? source : 0];
}

static const char *phase_name(uint32_t phase)
{
    static const char *const names[BOOT_PHASE_JUMP + 1] = {
        "unknown",
        [BOOT_PHASE_ENTRY] = "entry",
        [BOOT_PHASE_LOADER] = "loader",
        [BOOT_PHASE_CONFIG] = "config",
        [BOOT_PHASE_KERNEL_HEADERS] = "kernel headers",
        [BOOT_PHASE_VIDEO] = "video",
        [BOOT_PHASE_ADDRESS_SPACE] = "address space",
        [BOOT_PHASE_SEGMENTS] = "segments",
        [BOOT_PHASE_PAGE_TABLES] = "page tables",
        [BOOT_PHASE_LEFT] = "firmware left",
        [BOOT_PHASE_JUMP] = "jump",
    };
    return names[phase <= BOOT_PHASE_JUMP ? phase : 0];
}

/* A GUID's first three groups are little endian on disk (UEFI 2.10, appendix A). */
static void print_guid(const uint8_t *guid)
{
    static const uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    for (unsigned i = 0; i < 16; i++)
        boot_print("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", guid[order[i]]);
    boot_print("\n");
}

static void report_origin(const struct boot_info *info)
{
    const struct boot_disk *disk = &info->disk;
    boot_print("loader           %s, protocol %u, boot info of %u bytes at %p\n", info->loader, info->version,
               info->size, (const void *)info);
    boot_print("started by       %s, from %s\n", firmware_name(info->firmware), source_name(info->boot_source));
    boot_print("command line     '%s'\n", info->command_line);
    if (disk->table == BOOT_DISK_UNKNOWN)
        return;
    boot_print("disk             %s, BIOS drive 0x%02x, partition %u at LBA %lu\n",
               disk->table == BOOT_DISK_GPT ? "GPT" : "MBR", disk->bios_drive, disk->partition_number,
               disk->partition_lba);
    if (disk->table == BOOT_DISK_MBR) {
        boot_print("MBR signature    0x%08x\n", disk->mbr_signature);
        return;
    }
    boot_print("disk GUID        ");
    print_guid(disk->disk_guid);
    boot_print("partition GUID   ");
    print_guid(disk->partition_guid);
}

static void report_kernel(const struct boot_info *info)
{
    boot_print("kernel           %016lx, %lu bytes, physical %lx, bias %lx\n", info->kernel_address, info->kernel_size,
               info->kernel_phys, info->kernel_bias);
    for (uint64_t i = 0; i < info->segment_count; i++) {
        const struct boot_segment *segment = &info->segments[i];
        boot_print("  segment        %016lx, %7lu bytes, physical %lx, %c%c%c\n", segment->address, segment->size,
                   segment->phys, segment->rights & 4 ? 'r' : '-', segment->rights & 2 ? 'w' : '-',
                   segment->rights & 1 ? 'x' : '-');
    }
    boot_print("tls              %p, %lu of %lu bytes, alignment %lu\n", info->tls.address, info->tls.file_size,
               info->tls.memory_size, info->tls.alignment);
    boot_print("stack            %016lx, %lu bytes\n", info->stack_address, info->stack_size);
    boot_print("physical memory  %016lx, %lu MiB\n", info->physical_memory, info->physical_memory_size >> 20);
    boot_print("page tables      %lx", info->page_table_phys);
    if (info->recursive_slot < 512)
        boot_print(", recursive slot %u", info->recursive_slot);
    boot_print("\n");
}

static void report_payload(const struct boot_info *info)
{
    if (info->ramdisk_size > 0)
        boot_print("ramdisk          %p, %lu bytes, physical %lx\n", info->ramdisk, info->ramdisk_size,
                   info->ramdisk_phys);
    for (uint64_t i = 0; i < info->module_count; i++) {
        const struct boot_module *module = &info->modules[i];
        boot_print("module           %s: %p, %lu bytes, physical %lx, arguments '%s'\n", module->name, module->address,
                   module->size, module->phys, module->arguments);
    }
}

static void report_framebuffer(const struct boot_framebuffer *f)
{
    if (f->phys == 0) {
        boot_print("framebuffer      none\n");
        return;
    }
    boot_print("framebuffer      %ux%u, %u bits, pitch %u, at %p, physical %lx\n", f->width, f->height,
               f->bits_per_pixel, f->pitch, (const void *)f->address, f->phys);
    boot_print("pixel            red %u+%u, green %u+%u, blue %u+%u, EDID of %lu bytes\n", f->red_shift, f->red_size,
               f->green_shift, f->green_size, f->blue_shift, f->blue_size, f->edid_size);
}

static void report_tables(const struct boot_info *info)
{
    boot_print("ACPI             RSDP at %lx\n", info->rsdp_phys);
    boot_print("SMBIOS           %lx (3.x), %lx (2.x)\n", info->smbios_phys, info->smbios32_phys);
    if (info->efi.system_table_phys != 0)
        boot_print("EFI              system table at %lx, map of %lu bytes at %p, %u bytes each, version %u\n",
                   info->efi.system_table_phys, info->efi.memory_map_size, info->efi.memory_map,
                   info->efi.descriptor_size, info->efi.descriptor_version);
}

static void report_memory(const struct boot_info *info)
{
    boot_print("memory map       %lu regions, %lu MiB usable\n", info->memory_map_count,
               boot_memory_total(info, BOOT_MEMORY_USABLE) >> 20);
    for (uint64_t i = 0; i < info->memory_map_count; i++) {
        const struct boot_memory_region *region = &info->memory_map[i];
        boot_print("  %016lx %10lu KiB  %s\n", region->phys, region->size >> 10, boot_memory_type_name(region->type));
    }
}

/* The seed itself is nobody's business. */
static void report_seed(const struct boot_info *info)
{
    static const char *const names[] = {"RDSEED", "RDRAND", "firmware", "timer"};
    boot_print("random seed      %u bits from", info->seed_bits);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((info->seed_sources & 1u << i) != 0)
            boot_print(" %s", names[i]);
    boot_print("%s\n", info->seed_sources == 0 ? " nothing" : "");
}

static void report_timeline(const struct boot_info *info)
{
    uint64_t megahertz = info->tsc_hz / 1000000;
    boot_print("timeline         TSC at %lu MHz%s\n", megahertz, megahertz == 0 ? " (unknown)" : "");
    for (uint64_t i = 0; i < info->timeline_count; i++) {
        const struct boot_event *event = &info->timeline[i];
        uint64_t ticks = event->tsc - info->timeline[0].tsc;
        boot_print("  %-14s %12lu %s, %5u firmware calls, %9lu bytes read\n", phase_name(event->phase),
                   megahertz == 0 ? ticks : ticks / megahertz, megahertz == 0 ? "ticks" : "us", event->firmware_calls,
                   event->bytes_read);
    }
}

void report_boot_info(const struct boot_info *info)
{
    boot_print("example kernel: this is what the loader says\n");
    report_origin(info);
    report_kernel(info);
    report_payload(info);
    report_framebuffer(&info->framebuffer);
    report_tables(info);
    report_seed(info);
    report_memory(info);
    report_timeline(info);
    boot_print("loader's log     %lu bytes\n%s", info->log_size, info->log);
}
