#include "volume.h"

#include "boot_volume.h"
#include "disk.h"
#include "identity.h"
#include "large.h"
#include "memory.h"

LARGE("partition_table") static struct partition_table table;
LARGE("fat") static struct fat fat;

/* Of a CD the firmware's number is all: what kernels look for is not in the tables of the image that it was made from.
 */
static void describe(const struct partition *partition, uint32_t drive, bool cd, struct boot_disk *disk)
{
    *disk = (struct boot_disk){.bios_drive = drive};
    if (cd)
        return;
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
    const struct partition *partition = NULL;
    uint32_t drive_sector = 0;
    enum status status = disk_open(drive, &block, error);
    if (status == STATUS_OK) {
        drive_sector = block->sector_size;
        status = partition_read(block, &table, error);
    }
    if (status == STATUS_OK)
        status = boot_volume_mount(block, &table, &fat, &partition, error);
    if (status != STATUS_OK)
        return error_prefix(error, "drive %#x", drive);
    bool cd = block->sector_size != drive_sector; /* the table counts other sectors than the drive has */
    if (cd)
        identity_set_cd();
    describe(partition, drive, cd, disk);
    *volume = &fat;
    return STATUS_OK;
}
