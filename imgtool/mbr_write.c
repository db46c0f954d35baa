#include "mbr_write.h"

#include "../bios/image_format.h"
#include "gpt.h"
#include "mbr.h"

#include <string.h>

/* The geometry that BIOSes guess from a partition table, and that every table assumes. */
#define HEADS 255u
#define SECTORS_PER_TRACK 63u
#define CYLINDERS 1024u

static void put_chs(uint8_t chs[3], uint64_t lba)
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

static void put_entry(struct mbr_entry *entry, uint8_t type, uint64_t first, uint64_t count)
{
    uint32_t first_lba = (uint32_t)first, sectors = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
    /* Some BIOSes boot only disks that have an active partition, protective or not. */
    entry->status = MBR_ACTIVE;
    entry->type = type;
    put_chs(entry->first_chs, first);
    put_chs(entry->last_chs, first + count - 1);
    memcpy(entry->first_lba, &first_lba, sizeof first_lba);
    memcpy(entry->sectors, &sectors, sizeof sectors);
}

enum exit_code mbr_write(const struct layout *layout, const struct ids *ids, struct span stage1, int fd, const char *to)
{
    struct mbr mbr = {.boot_signature = {0x55, 0xaa}};
    struct bios_stage1_patch patch = {
        .stages_lba = layout->stages.first,
        .image_id = ids->image_id,
        .stages_sectors = (uint16_t)layout->stages.count,
    };
    if (stage1.size != sizeof mbr.code)
        return failure(EXIT_FAILED, "bug: stage 1 has %lu bytes, not %zu", stage1.size, sizeof mbr.code);
    memcpy(mbr.code, stage1.data, stage1.size);
    memcpy(mbr.code + BIOS_STAGE1_PATCH_OFFSET, &patch, sizeof patch);
    memcpy(mbr.signature, &ids->disk_signature, sizeof ids->disk_signature);
    if (layout->table == LAYOUT_GPT)
        put_entry(&mbr.entries[0], MBR_TYPE_PROTECTIVE, GPT_PRIMARY_LBA, layout->sectors - GPT_PRIMARY_LBA);
    else
        put_entry(&mbr.entries[0], MBR_TYPE_EFI_SYSTEM, layout->esp.first, layout->esp.count);
    return host_write(fd, 0, &mbr, sizeof mbr, to);
}
