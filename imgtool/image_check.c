#include "boot_volume.h"
#include "fat.h"
#include "host_block.h"
#include "image_write.h"
#include "partition.h"

/* As the loader finds it: a further partition must not get in the way. */
static enum status mount_volume(const struct image_plan *plan, struct block *disk, struct fat *fat, struct error *error)
{
    static struct partition_table table;
    const struct partition *partition;
    enum status status = partition_read(disk, &table, error);
    if (status == STATUS_OK)
        status = boot_volume_mount(disk, &table, fat, &partition, error);
    if (status != STATUS_OK)
        return status;
    if (table.from_backup)
        return error_set(error, STATUS_GPT_BAD, "the primary partition table is not valid");
    if (fat->start != plan->layout.esp.first * LAYOUT_SECTOR_SIZE)
        return error_set(error, STATUS_NO_PARTITION,
                         "the loader would take partition %u for the boot volume; give it %s", partition->number,
                         "another TYPE than esp");
    return STATUS_OK;
}

static enum status check_item(struct fat *fat, const struct image_item *item, struct error *error)
{
    struct fat_file file;
    uint8_t byte;
    enum status status = fat_open(fat, item->path, &file, error);
    if (status != STATUS_OK)
        return status;
    if (file.size != image_item_size(item))
        return error_set(error, STATUS_FILE_SHORT, "%s has %u bytes, not %lu", item->path, file.size,
                         image_item_size(item));
    return file.size == 0 ? STATUS_OK : fat_read(&file, file.size - 1, 1, &byte, error); /* follows the whole chain */
}

enum exit_code image_check(const struct image_plan *plan, int fd, const char *to)
{
    static struct fat fat;
    struct block disk;
    struct error error;
    host_block_init(&disk, fd, plan->layout.sectors * LAYOUT_SECTOR_SIZE, LAYOUT_SECTOR_SIZE);
    enum status status = mount_volume(plan, &disk, &fat, &error);
    for (uint32_t i = 0; i < plan->content->count && status == STATUS_OK; i++)
        status = check_item(&fat, &plan->content->items[i], &error);
    if (status == STATUS_OK)
        return EXIT_OK;
    return failure(EXIT_VERIFY_FAILED, "%s: the finished image does not read back: %s; nothing was kept", to,
                   error.text);
}
