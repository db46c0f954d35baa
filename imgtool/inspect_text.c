/* inspect, for people. */
#include "cli.h"
#include "inspection.h"
#include "linux_text.h"
#include "multiboot_text.h"
#include "partition_text.h"
#include "size.h"
#include "wish_text.h"

#include <inttypes.h>

static const char *table_name(const struct verify *tables)
{
    const struct partition_table *table = &tables->files.table;
    if (!tables->has_table)
        return "no partition table that the loader could read";
    return table->kind == BOOT_DISK_GPT ? "GPT" : table->kind == BOOT_DISK_MBR ? "MBR" : "no partition table";
}

static void print_partitions(const struct verify *tables)
{
    const struct partition_table *table = &tables->files.table;
    const struct block *block = &tables->files.image.block;
    char size[32], name[PARTITION_NAME_SIZE], type[PARTITION_NAME_SIZE], picture[PARTITION_PICTURE_CELLS + 1];
    printf("%s: %s, sectors of %u bytes, %s%s\n", tables->files.image.path, size_text(block->size, size, sizeof size),
           block->sector_size, table_name(tables),
           table->from_backup ? " (the primary is damaged; this is the backup)" : "");
    if (table->count == 0)
        return;
    partition_picture(table, block->size / block->sector_size, picture);
    printf("\n  |%s|\n\n", picture);
    printf("  %2s %12s %12s  %-12s %-20s %s\n", "", "first sector", "last sector", "size", "type", "name");
    for (uint32_t i = 0; i < table->count; i++) {
        const struct partition *partition = &table->partitions[i];
        uint64_t bytes = (partition->last_lba - partition->first_lba + 1) * block->sector_size;
        printf("  %2u %12" PRIu64 " %12" PRIu64 "  %-12s %-20s %s\n", partition->number, partition->first_lba,
               partition->last_lba, size_about(bytes, size, sizeof size), partition_type_text(table, partition, type),
               partition_name_text(partition, name));
    }
}

static void print_firmware(const char *firmware, const char *problem, const char *finds, const char *version)
{
    if (problem != NULL)
        printf("  %s  does not boot: %s\n", firmware, problem);
    else if (*version != '\0')
        printf("  %s  boots: %s, Stagecoach %s\n", firmware, finds, version);
    else
        printf("  %s  boots: %s\n", firmware, finds);
}

static void print_volume(const struct inspection *inspection)
{
    char size[32], used[32];
    const struct boot_files *files = &inspection->volume.files;
    const struct fat *fat = &files->fat;
    if (!inspection->volume.is_mounted)
        return;
    uint64_t taken = (uint64_t)(fat->cluster_count - inspection->free_clusters) * fat->cluster_size;
    printf("\nBoot volume: FAT%u, %s, clusters of %u bytes, %s in use\n", fat->bits,
           size_about(fat->size, size, sizeof size), fat->cluster_size, size_about(taken, used, sizeof used));
    for (size_t i = 0; i < inspection->file_count; i++) {
        const struct inspected_file *file = &inspection->list[i];
        if (file->directory)
            printf("  %10s  %s/\n", "", file->path);
        else
            printf("  %10u  %s\n              sha256 %s\n", file->size, file->path,
                   *file->sha256 != '\0' ? file->sha256 : "unknown");
    }
    if (inspection->tree_error.status != STATUS_OK)
        cli_warn("the volume is damaged: %s", inspection->tree_error.text);
}

static void print_cd(const struct inspection *inspection)
{
    const struct iso_catalog *cd = &inspection->cd;
    const char *problem = inspection_cd_problem(inspection);
    if (!inspection->volume.is_cd)
        return;
    printf("\nCD: ISO 9660 volume %s%s%s%s\n", cd->volume_name, cd->joliet ? ", Joliet names" : "",
           problem != NULL ? "; damaged: " : "", problem != NULL ? problem : "");
    for (uint32_t i = 0; i < cd->count; i++)
        printf("  %-5s %s, from block %u on, %u sectors%s\n", iso_platform_name(cd->entries[i].platform),
               cd->entries[i].bootable ? "boots" : "does not boot", cd->entries[i].block, cd->entries[i].sectors,
               cd->entries[i].sectors == 0 ? ": up to the end" : "");
}

static void print_config(const struct inspection *inspection)
{
    const struct boot_config_file *file = &inspection->config;
    if (!inspection->volume.is_mounted)
        return;
    if (inspection->config_error.status != STATUS_OK) {
        printf("\nConfiguration: not valid: %s\n", inspection->config_error.text);
        return;
    }
    printf("\nConfiguration: %s\n", file->text != NULL ? CONFIG_PATH : "none; the defaults");
    for (uint32_t start = 0, end; file->text != NULL && start < file->size; start = end + 1) {
        for (end = start; end < file->size && file->text[end] != '\n'; end++)
            ;
        printf("  %.*s\n", (int)(end - start), file->text + start);
    }
}

static void print_kernel(const struct inspection *inspection)
{
    char protocol[32], text[32];
    const struct kernel_plan *plan = &inspection->kernel;
    struct named_wish wishes[WISH_COUNT];
    if (inspection->kernel_error.status != STATUS_OK) {
        printf("\nKernel: %s\n", inspection->kernel_error.text);
        return;
    }
    kernel_protocol_name(plan, protocol, sizeof protocol);
    if (!kernel_has_wishes(plan)) {
        printf("\nKernel: %s%s, %" PRIu64 " bytes\n", protocol, plan->protocol == KERNEL_LINUX ? ", bzImage" : "",
               inspection->kernel_size);
        if (*inspection->linux_version != '\0')
            printf("  %-22s %s\n", "version", inspection->linux_version);
        linux_print(plan);
        multiboot_print(plan);
        return;
    }
    printf("\nKernel: %s protocol, %s, %u segments, entry 0x%" PRIx64 "%s\n", protocol,
           plan->elf.relocatable ? "relocatable (ET_DYN)" : "at fixed addresses (ET_EXEC)", plan->elf.segment_count,
           plan->elf.entry, plan->elf.relocatable ? " + base" : "");
    printf("  %-22s %s\n", "stack size", size_text(plan->stack_size, text, sizeof text));
    printf("  %-22s %s\n", "random addresses", plan->aslr ? "yes" : "no");
    wish_list(plan, wishes);
    for (size_t i = 0; i < WISH_COUNT; i++)
        printf("  %-22s %s\n", wishes[i].name, wish_text(wishes[i].wish, text, sizeof text));
    printf("  %-22s 0x%016" PRIx64 " to 0x%016" PRIx64 "\n", "free addresses", plan->dynamic_start, plan->dynamic_end);
    if (plan->minimum_width != 0)
        printf("  %-22s %ux%u\n", "smallest screen", plan->minimum_width, plan->minimum_height);
}

void inspection_print(const struct inspection *inspection)
{
    print_partitions(&inspection->tables);
    printf("\nWhat each firmware finds:\n");
    print_firmware("BIOS", inspection_bios_problem(inspection),
                   "stage 1 in the boot sector, its stages with the right checksum", inspection->bios_version);
    print_firmware("UEFI", inspection_uefi_problem(inspection), "/EFI/BOOT/BOOTX64.EFI, a PE32+ application for x86_64",
                   inspection->uefi_version);
    print_cd(inspection);
    print_volume(inspection);
    print_config(inspection);
    print_kernel(inspection);
}
