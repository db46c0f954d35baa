#include "boot_volume.h"

#include "config.h"
#include "mbr.h"
#include "memory.h"

#include <stagecoach/boot.h>

#define DEFAULT_KERNEL "/kernel.elf"

struct search {
    struct block *disk;
    const struct partition_table *table;
    struct fat *fat;
    const struct partition *found;
    bool complete;            /* `found` has files for us, and is mounted */
    struct error first_error; /* of the likeliest volume; STATUS_OK: none */
};

bool boot_volume_is_esp(const struct partition_table *table, const struct partition *partition)
{
    if (table->kind == BOOT_DISK_GPT)
        return memcmp(partition->type_guid, partition_guid_esp, sizeof partition->type_guid) == 0;
    return partition->mbr_type == MBR_TYPE_EFI_SYSTEM;
}

static enum status mount(const struct search *search, const struct partition *partition, struct error *error)
{
    uint64_t start = 0, size = search->disk->size;
    if (partition != NULL) {
        start = partition->first_lba * search->disk->sector_size;
        size = (partition->last_lba - partition->first_lba + 1) * search->disk->sector_size;
    }
    return fat_mount(search->fat, search->disk, start, size, error);
}

static bool has_file(struct fat *fat, const char *path)
{
    struct fat_file file;
    struct error ignored;
    return fat_open(fat, path, &file, &ignored) == STATUS_OK;
}

/* Looks at the EFI system partitions, or at all others. */
static void look_at(struct search *search, bool esp)
{
    for (uint32_t i = 0; i < search->table->count && !search->complete; i++) {
        const struct partition *partition = &search->table->partitions[i];
        struct error error;
        if (boot_volume_is_esp(search->table, partition) != esp)
            continue;
        if (mount(search, partition, &error) != STATUS_OK) {
            if (search->first_error.status == STATUS_OK)
                search->first_error = error;
            continue;
        }
        search->complete = has_file(search->fat, CONFIG_PATH) || has_file(search->fat, DEFAULT_KERNEL);
        if (search->complete || (esp && search->found == NULL))
            search->found = partition;
    }
}

enum status boot_volume_mount(struct block *disk, const struct partition_table *table, struct fat *fat,
                              const struct partition **partition, struct error *error)
{
    struct search search = {.disk = disk, .table = table, .fat = fat, .first_error = {.status = STATUS_OK}};
    *partition = NULL;
    if (table->kind == BOOT_DISK_UNKNOWN)
        return mount(&search, NULL, error);
    look_at(&search, true);
    look_at(&search, false);
    *partition = search.found;
    if (search.complete)
        return STATUS_OK;
    if (search.found != NULL)
        return mount(&search, search.found, error);
    if (search.first_error.status == STATUS_OK)
        return error_set(error, STATUS_NO_PARTITION,
                         "the boot disk has no FAT partition with %s or %s: write the image to the disk again", CONFIG_PATH,
                         DEFAULT_KERNEL);
    return error_set(error, search.first_error.status, "%s", search.first_error.text);
}
