#include "volume.h"

#include "config.h"
#include "disk.h"
#include "log.h"
#include "memory.h"
#include "partition.h"

#define MBR_TYPE_ESP 0xef
#define DEFAULT_KERNEL "/kernel.elf"

static struct partition_table table;
static struct fat fat;

/* The best partition so far: an EFI system partition that mounts, even if it has no files for us, names the problem better
 * than "no partition". */
struct choice {
    const struct partition *partition;
    bool found;
};

static bool is_esp(const struct partition *partition)
{
    if (table.kind == BOOT_DISK_GPT)
        return memcmp(partition->type_guid, partition_guid_esp, sizeof partition->type_guid) == 0;
    return partition->mbr_type == MBR_TYPE_ESP;
}

static enum status mount(struct block *disk, const struct partition *partition, struct error *error)
{
    uint64_t start = 0, size = disk->size;
    if (partition) {
        start = partition->first_lba * disk->sector_size;
        size = (partition->last_lba - partition->first_lba + 1) * disk->sector_size;
    }
    return fat_mount(&fat, disk, start, size, error);
}

static bool has_file(const char *path)
{
    struct fat_file file;
    struct error ignored;
    return fat_open(&fat, path, &file, &ignored) == STATUS_OK;
}

static bool is_ours(void)
{
    return has_file(CONFIG_PATH) || has_file(DEFAULT_KERNEL);
}

/* Looks at the EFI system partitions, or at all others. Keeps the first error, of the likeliest volume. */
static bool look_at(struct block *disk, bool esp, struct choice *choice, struct error *first_error)
{
    for (uint32_t i = 0; i < table.count; i++) {
        const struct partition *partition = &table.partitions[i];
        struct error error;
        if (is_esp(partition) != esp)
            continue;
        if (mount(disk, partition, &error) != STATUS_OK) {
            log_debug("partition %u: %s", partition->number, error.text);
            if (first_error->status == STATUS_OK)
                *first_error = error;
            continue;
        }
        if (is_ours()) {
            *choice = (struct choice){partition, true};
            return true;
        }
        if (esp && !choice->found)
            *choice = (struct choice){partition, true};
    }
    return false;
}

static enum status choose(struct block *disk, struct choice *choice, struct error *error)
{
    struct error first_error = {.status = STATUS_OK};
    if (table.kind == BOOT_DISK_UNKNOWN) {
        *choice = (struct choice){NULL, true};
        return mount(disk, NULL, error);
    }
    if (look_at(disk, true, choice, &first_error) || look_at(disk, false, choice, &first_error))
        return STATUS_OK;
    if (choice->found)
        return mount(disk, choice->partition, error);
    if (first_error.status == STATUS_OK)
        return error_set(error, STATUS_NO_PARTITION,
                         "the boot disk has no FAT partition with %s or %s: write the image to the disk again", CONFIG_PATH,
                         DEFAULT_KERNEL);
    *error = first_error;
    return error->status;
}

static void describe(const struct partition *partition, uint32_t drive, struct boot_disk *disk)
{
    *disk = (struct boot_disk){.table = table.kind, .bios_drive = drive};
    if (table.kind == BOOT_DISK_GPT)
        memcpy(disk->disk_guid, table.disk_guid, sizeof disk->disk_guid);
    if (table.kind == BOOT_DISK_MBR)
        disk->mbr_signature = table.signature;
    if (!partition)
        return;
    disk->partition_number = partition->number;
    disk->partition_lba = partition->first_lba;
    if (table.kind == BOOT_DISK_GPT)
        memcpy(disk->partition_guid, partition->guid, sizeof disk->partition_guid);
}

enum status volume_find(uint32_t drive, struct fat **volume, struct boot_disk *disk, struct error *error)
{
    struct block *block;
    struct choice choice = {NULL, false};
    enum status status = disk_open(drive, &block, error);
    if (status == STATUS_OK)
        status = partition_read(block, &table, error);
    if (status == STATUS_OK)
        status = choose(block, &choice, error);
    if (status != STATUS_OK)
        return error_prefix(error, "drive %#x", drive);
    describe(choice.partition, drive, disk);
    *volume = &fat;
    return STATUS_OK;
}
