#include "partition.h"

#include "gpt.h"
#include "mbr.h"
#include "memory.h"

#include <stagecoach/boot.h>

#define SECTOR_SIZE_MAX 4096u
#define DISK_SECTOR_SIZE 512u
#define ISO_MAGIC "CD001"
#define ISO_MAGIC_OFFSET 32769u /* ECMA-119, 8.1.2 */

const uint8_t partition_guid_esp[16] = {/* C12A7328-F81F-11D2-BA4B-00A0C93EC93B */
                                        0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                        0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
const uint8_t partition_guid_bios_boot[16] = {/* 21686148-6449-6E6F-744E-656564454649 */
                                              0x48, 0x61, 0x68, 0x21, 0x49, 0x64, 0x6f, 0x6e,
                                              0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49};

static bool is_protective(const struct mbr *mbr)
{
    for (uint32_t i = 0; i < MBR_SLOTS; i++)
        if (mbr->entries[i].type == MBR_TYPE_PROTECTIVE)
            return true;
    return false;
}

static bool has_no_entries(const struct mbr *mbr)
{
    for (uint32_t i = 0; i < MBR_SLOTS; i++)
        if (mbr->entries[i].type != 0)
            return false;
    return true;
}

/* A disk that is one file system has that file system's boot sector here: a jump, and a FAT parameter block. Its code
 * lies where a partition table would be, so anything may stand there. */
static bool is_file_system(const struct mbr *mbr)
{
    const uint8_t *sector = mbr->code;
    bool jumps = (sector[0] == 0xeb && sector[2] == 0x90) || sector[0] == 0xe9;
    uint32_t sector_size = sector[11] | (uint32_t)sector[12] << 8;
    bool sizes = sector_size >= 512 && sector_size <= SECTOR_SIZE_MAX && (sector_size & (sector_size - 1)) == 0;
    return jumps && sizes && (sector[16] == 1 || sector[16] == 2) && sector[21] >= 0xf0;
}

/* One image serves as a CD, with sectors of 2048 bytes, and as a disk, for which its table was made. A damaged
 * descriptor of the CD does no harm if there is a GPT. */
static bool counts_disk_sectors(struct block *disk)
{
    struct error ignored;
    uint64_t signature;
    char iso[sizeof ISO_MAGIC - 1];
    if (disk->sector_size != CD_SECTOR_SIZE)
        return false;
    if (block_read(disk, GPT_PRIMARY_LBA * DISK_SECTOR_SIZE, sizeof signature, &signature, &ignored) == STATUS_OK &&
        signature == GPT_SIGNATURE)
        return true;
    return block_read(disk, ISO_MAGIC_OFFSET, sizeof iso, iso, &ignored) == STATUS_OK &&
           memcmp(iso, ISO_MAGIC, sizeof iso) == 0;
}

static enum status check_disk(const struct block *disk, struct error *error)
{
    if (disk->sector_size != 512 && disk->sector_size != 1024 && disk->sector_size != 2048 &&
        disk->sector_size != SECTOR_SIZE_MAX)
        return error_set(error, STATUS_SECTOR_SIZE, "the disk has sectors of %u bytes; 512, 1024, 2048 and 4096 work",
                         disk->sector_size);
    if (disk->size < disk->sector_size)
        return error_set(error, STATUS_DISK_SHORT, "the disk has %lu bytes, less than one sector", disk->size);
    return STATUS_OK;
}

enum status partition_read(struct block *disk, struct partition_table *table, struct error *error)
{
    struct mbr mbr;
    memset(table, 0, sizeof *table);
    enum status status = check_disk(disk, error);
    if (status == STATUS_OK && counts_disk_sectors(disk))
        disk->sector_size = DISK_SECTOR_SIZE;
    if (status == STATUS_OK)
        status = block_read(disk, 0, sizeof mbr, &mbr, error);
    if (status != STATUS_OK)
        return status;
    if (mbr.boot_signature[0] != 0x55 || mbr.boot_signature[1] != 0xaa)
        return error_set(error, STATUS_MBR_BAD, "MBR: bytes 510 and 511 are %02x %02x, not 55 aa",
                         mbr.boot_signature[0], mbr.boot_signature[1]);
    if (is_protective(&mbr)) {
        table->kind = BOOT_DISK_GPT;
        return gpt_read(disk, table, error);
    }
    memcpy(&table->signature, mbr.signature, sizeof table->signature);
    struct error why;
    status = mbr_read(disk, &mbr, table, &why);
    if (is_file_system(&mbr) && (status != STATUS_OK || has_no_entries(&mbr))) {
        memset(table, 0, sizeof *table);
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        table->count = 0;
        return error_set(error, status, "%s", why.text);
    }
    table->kind = BOOT_DISK_MBR;
    return STATUS_OK;
}
