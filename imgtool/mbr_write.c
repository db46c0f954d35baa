#include "mbr_write.h"

#include "gpt.h"
#include "mbr.h"

#include <string.h>

/* The geometry that BIOSes guess from a partition table, and that every table assumes. */
#define HEADS 255u
#define SECTORS_PER_TRACK 63u
#define CYLINDERS 1024u

void mbr_put_chs(uint8_t chs[3], uint64_t lba)
{
    uint64_t cylinder = lba / (HEADS * SECTORS_PER_TRACK);
    uint64_t head = lba / SECTORS_PER_TRACK % HEADS, sector = lba % SECTORS_PER_TRACK + 1;
    if (cylinder >= CYLINDERS) {
        cylinder = CYLINDERS - 1;
        head = HEADS - 1;
        sector = SECTORS_PER_TRACK;
    }
    chs[0] = (uint8_t)head;
    chs[1] = (uint8_t)(sector | (cylinder >> 8 << 6));
    chs[2] = (uint8_t)cylinder;
}

static void put_entry(struct mbr_entry *entry, bool active, uint8_t type, struct layout_extent extent)
{
    uint32_t first_lba = (uint32_t)extent.first;
    uint32_t sectors = extent.count > UINT32_MAX ? UINT32_MAX : (uint32_t)extent.count;
    entry->status = active ? MBR_ACTIVE : 0;
    entry->type = type;
    mbr_put_chs(entry->first_chs, extent.first);
    mbr_put_chs(entry->last_chs, extent.first + extent.count - 1);
    memcpy(entry->first_lba, &first_lba, sizeof first_lba);
    memcpy(entry->sectors, &sectors, sizeof sectors);
}

static void put_protective(const struct image_plan *plan, struct mbr *mbr)
{
    struct layout_extent rest = {GPT_PRIMARY_LBA, plan->layout.sectors - GPT_PRIMARY_LBA};
    put_entry(&mbr->entries[plan->protective_slot - 1], plan->protective_active, MBR_TYPE_PROTECTIVE, rest);
}

/* Some BIOSes boot only disks that have an active partition, but none that have two. */
static void put_partitions(const struct image_plan *plan, struct mbr *mbr)
{
    const struct layout *layout = &plan->layout;
    put_entry(&mbr->entries[0], true, plan->volume_type.mbr, layout->esp);
    for (uint32_t i = 0; i < layout->extra_count; i++)
        put_entry(&mbr->entries[i + 1], false, plan->partitions[i].type.mbr, layout->extra[i]);
}

enum exit_code mbr_write(const struct image_plan *plan, const uint8_t code[BIOS_STAGE1_SIZE], int fd, const char *to)
{
    struct mbr mbr = {.boot_signature = {0x55, 0xaa}};
    memcpy(mbr.code, code, sizeof mbr.code);
    memcpy(mbr.signature, &plan->ids.disk_signature, sizeof plan->ids.disk_signature);
    if (plan->layout.table == LAYOUT_GPT)
        put_protective(plan, &mbr);
    else
        put_partitions(plan, &mbr);
    return host_write(fd, 0, &mbr, sizeof mbr, to);
}
