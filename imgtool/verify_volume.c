/* verify: the boot sectors, FSInfo and tables of the boot volume. */
#include "verify.h"

#include "boot_volume.h"
#include "checked.h"
#include "fat_table.h"
#include "little_endian.h"
#include "progress.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define PIECE (1u << 16) /* of a table, when the copies are compared */
#define UNKNOWN UINT32_MAX
#define SECTOR_CODE_END 510u /* of a boot sector: the signature follows */

/* --- boot sectors ------------------------------------------------------------------------------------------------ */

/* Forwards, behind what the file system keeps in front, and to something. */
static bool jumps_to_code(const uint8_t *sector, uint32_t header_end)
{
    uint32_t target = 0;
    if (sector[0] == 0xeb && sector[2] == 0x90 && sector[1] < 0x80)
        target = 2u + sector[1];
    else if (sector[0] == 0xe9)
        target = 3u + little_endian(sector + 1, 2);
    if (target < header_end || target + 1 >= SECTOR_CODE_END)
        return false;
    return target == header_end || sector[target] != 0 ||
           sector[target + 1] != 0; /* elsewhere there is some reason to go to */
}

/* What the loader does not look at, but firmware and operating systems do. */
static void check_boot_sector(struct verify *verify, const uint8_t *sector)
{
    struct findings *findings = &verify->findings;
    const struct fat *fat = &verify->files.fat;
    const struct partition *partition = verify->files.partition;
    uint64_t start = fat->start;
    uint8_t media = sector[21], signature = sector[fat->bits == 32 ? 66 : 38];
    uint64_t first = partition != NULL ? partition->first_lba : 0;
    uint32_t few = little_endian(sector + 19, 2), many = little_endian(sector + 32, 4);
    if (!jumps_to_code(sector, fat->bits == 32 ? 90 : 62))
        findings_add(findings, "FAT boot sector", start,
                     "begins with %02x %02x %02x, which is no jump across the parameter block", sector[0], sector[1],
                     sector[2]);
    if (few != 0 && many != 0 && few != many)
        findings_add(findings, "FAT boot sector", start + 32, "has %u sectors by one count, %u by the other", many,
                     few);
    if (media != 0xf0 && media < 0xf8)
        findings_add(findings, "FAT boot sector", start + 21, "has media byte %#04x", media);
    if (little_endian(sector + 28, 4) != first &&
        little_endian(sector + 28, 4) != 0) /* 0: made as a file, by a tool that can't know */
        findings_add(findings, "FAT boot sector", start + 28,
                     "says that %u sectors precede it, the partition table %lu", little_endian(sector + 28, 4), first);
    if (signature != 0x28 && signature != 0x29)
        findings_add(findings, "FAT boot sector", start + (fat->bits == 32 ? 66 : 38),
                     "has extended signature %#04x, not 0x29", signature);
    if (partition != NULL && verify->files.image.block.sector_size != fat->sector_size)
        findings_add(findings, "FAT boot sector", start + 11, "has sectors of %u bytes, the disk of %u",
                     fat->sector_size, verify->files.image.block.sector_size);
}

static void check_fat32(struct verify *verify, const uint8_t *sector)
{
    struct findings *findings = &verify->findings;
    const struct fat *fat = &verify->files.fat;
    uint32_t backup = little_endian(sector + 50, 2), info = little_endian(sector + 48, 2),
             reserved = little_endian(sector + 14, 2);
    uint8_t copy[SECTOR];
    if (info == 0 || info >= reserved)
        findings_add(findings, "FAT boot sector", fat->start + 48, "puts FSInfo at sector %u of %u reserved ones", info,
                     reserved);
    if (backup == 0) {
        return; /* allowed: there is none */
    } else if (backup >= reserved) {
        findings_add(findings, "FAT boot sector", fat->start + 50, "puts its copy at sector %u of %u reserved ones",
                     backup, reserved);
        return;
    }
    uint64_t offset = fat->start + (uint64_t)backup * fat->sector_size;
    uint32_t at = 0;
    if (!verify_read(verify, "FAT backup boot sector", offset, sizeof copy, copy))
        return;
    while (at < SECTOR && copy[at] == sector[at])
        at++;
    if (at < SECTOR)
        findings_add(findings, "FAT backup boot sector", offset + at, "differs from the boot sector at byte %u", at);
}

/* --- FSInfo ------------------------------------------------------------------------------------------------------ */

static void check_info(struct verify *verify, const uint8_t *sector)
{
    struct findings *findings = &verify->findings;
    const struct fat *fat = &verify->files.fat;
    uint64_t offset = fat->start + (uint64_t)little_endian(sector + 48, 2) * fat->sector_size;
    uint8_t info[SECTOR];
    if (!verify_read(verify, "FSInfo", offset, sizeof info, info))
        return;
    if (memcmp(info, "RRaA", 4) != 0 || memcmp(info + 484, "rrAa", 4) != 0 ||
        little_endian(info + 508, 4) != 0xaa550000) {
        findings_add(findings, "FSInfo", offset, "lacks one of its signatures");
        return;
    }
    uint32_t free_count = little_endian(info + 488, 4), next = little_endian(info + 492, 4), real;
    struct error error;
    if (free_count != UNKNOWN && fat_table_count_free(fat, &real, &error) == STATUS_OK && free_count != real)
        findings_add(findings, "FSInfo", offset + 488, "says that %u clusters are free; the table has %u", free_count,
                     real);
    if (next != UNKNOWN && (next < 2 || next - 2 >= fat->cluster_count))
        findings_add(findings, "FSInfo", offset + 492, "looks for free clusters from %u on, of %u", next,
                     fat->cluster_count);
}

/* --- tables ------------------------------------------------------------------------------------------------------ */

/* Entries 0 and 1 hold the media byte and whether the volume was closed. */
static void check_first_entries(struct verify *verify, const uint8_t *sector)
{
    const struct fat *fat = &verify->files.fat;
    uint64_t offset = fat->start + fat->fat_offset;
    uint8_t bytes[8];
    if (!verify_read(verify, "FAT", offset, sizeof bytes, bytes))
        return;
    uint32_t zero = little_endian(bytes, 4) & 0x0fffffff, one = little_endian(bytes + 4, 4) & 0x0fffffff,
             ones = 0x0fffff00;
    uint32_t closed = 0x0fffffff;
    if (fat->bits == 16) {
        zero = little_endian(bytes, 2);
        one = little_endian(bytes + 2, 2);
        ones = 0xff00;
        closed = 0xffff;
    } else if (fat->bits == 12) {
        zero = little_endian(bytes, 2) & 0xfff;
        one = little_endian(bytes + 1, 2) >> 4;
        ones = 0xf00;
        closed = 0xfff;
    }
    if (zero != (ones | sector[21]))
        findings_add(&verify->findings, "FAT", offset, "has entry 0 = %#x, which does not repeat the media byte", zero);
    if ((one | 7) != closed)
        findings_add(&verify->findings, "FAT", offset + fat->bits / 8,
                     "has entry 1 = %#x: the volume was not closed properly; run fsck.fat", one);
}

static void compare_tables(struct verify *verify, const uint8_t *sector)
{
    const struct fat *fat = &verify->files.fat;
    uint64_t first = fat->start + (uint64_t)little_endian(sector + 14, 2) * fat->sector_size, at = 0;
    uint8_t *one = malloc(2 * PIECE), *other = one + PIECE;
    if (one == NULL)
        exit(failure_memory());
    progress_begin("comparing the FATs", fat->fat_size);
    for (; sector[16] == 2 && at < fat->fat_size; at += PIECE) {
        uint64_t size = fat->fat_size - at < PIECE ? fat->fat_size - at : PIECE, i = 0;
        progress_add(size);
        if (!verify_read(verify, "FAT", first + at, size, one) ||
            !verify_read(verify, "second FAT", first + fat->fat_size + at, size, other))
            break;
        while (i < size && one[i] == other[i])
            i++;
        if (i == size)
            continue;
        findings_add(&verify->findings, "second FAT", first + fat->fat_size + at + i,
                     "differs from the first at entry %lu", (at + i) * 8 / fat->bits);
        break;
    }
    progress_end();
    free(one);
}

static void check_mounted(struct verify *verify)
{
    struct fat *fat = &verify->files.fat;
    uint8_t sector[SECTOR];
    if (!verify_read(verify, "FAT boot sector", fat->start, sizeof sector, sector))
        return;
    check_boot_sector(verify, sector);
    if (fat->bits == 32)
        check_fat32(verify, sector);
    check_first_entries(verify, sector);
    compare_tables(verify, sector);
    if (fat->bits == 32 && little_endian(sector + 48, 2) != 0 &&
        little_endian(sector + 48, 2) < little_endian(sector + 14, 2))
        check_info(verify, sector);
}

/* Where the boot volume ought to be. */
static uint64_t likely_start(const struct verify *verify)
{
    const struct partition_table *table = &verify->files.table;
    for (uint32_t i = 0; i < table->count; i++)
        if (boot_volume_is_esp(table, &table->partitions[i]))
            return table->partitions[i].first_lba * verify->files.image.block.sector_size;
    return 0;
}

void verify_volume(struct verify *verify)
{
    struct boot_files *files = &verify->files;
    struct error error;
    enum status status = boot_volume_mount(&files->image.block, &files->table, &files->fat, &files->partition, &error);
    verify->is_mounted = status == STATUS_OK;
    if (verify->is_mounted)
        check_mounted(verify);
    else
        findings_add(&verify->findings, "FAT boot sector", likely_start(verify), "%s", error.text);
}
