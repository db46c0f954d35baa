/* verify: the master boot record and what stands in its four entries. */
#include "verify.h"

#include "gpt.h"
#include "mbr.h"
#include "mbr_write.h"

#include <string.h>

#define ENTRY_OFFSET(i) (offsetof(struct mbr, entries) + (i) * sizeof(struct mbr_entry))
#define ENTRY_FIELD(i, field) (ENTRY_OFFSET(i) + offsetof(struct mbr_entry, field))
#define MESSAGE_PREFIX "MBR: "

static uint32_t load32(const uint8_t bytes[4])
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* UEFI 2.10, table 5.4. A disk that an image was copied to may well be larger than the image. */
static void check_protective(struct verify *verify, const struct mbr_entry *entry, unsigned index)
{
    struct findings *findings = &verify->findings;
    const struct block *block = &verify->files.image.block;
    uint64_t rest = block->size / block->sector_size - 1, sectors = load32(entry->sectors);
    uint64_t offset = ENTRY_OFFSET(index);
    bool whole = sectors == (rest > UINT32_MAX ? UINT32_MAX : rest);
    if (load32(entry->first_lba) != GPT_PRIMARY_LBA)
        findings_add(findings, "protective MBR entry", offset, "begins at sector %u, not 1", load32(entry->first_lba));
    else if (!whole && (!verify->files.image.device || sectors > rest))
        findings_add(findings, "protective MBR entry", offset, "covers %lu sectors, not the %lu behind the MBR",
                     sectors, rest);
}

/* Some BIOSes guess the disk's geometry from these, or boot by them. Tools that do not care write the largest. */
static bool chs_fits(const uint8_t chs[3], uint64_t lba)
{
    uint8_t wanted[3];
    mbr_put_chs(wanted, lba);
    return memcmp(chs, wanted, sizeof wanted) == 0 || (chs[0] >= 0xfe && chs[1] == 0xff && chs[2] == 0xff);
}

static void check_chs(struct verify *verify, const struct mbr_entry *entry, unsigned index, const char *name)
{
    uint64_t first = load32(entry->first_lba), last = first + load32(entry->sectors) - 1;
    if (!chs_fits(entry->first_chs, first))
        findings_add(&verify->findings, name, ENTRY_FIELD(index, first_chs),
                     "%u has another first sector by cylinder, head and sector than by its number, %lu", index + 1,
                     first);
    if (!chs_fits(entry->last_chs, last))
        findings_add(&verify->findings, name, ENTRY_FIELD(index, last_chs),
                     "%u has another last sector by cylinder, head and sector than by its number, %lu", index + 1,
                     last);
}

/* Of any disk. There are BIOSes that boot no disk with an entry they can't make sense of. */
static void check_entry(struct verify *verify, const struct mbr_entry *entry, unsigned index)
{
    static const struct mbr_entry none;
    struct findings *findings = &verify->findings;
    const char *name = entry->type == MBR_TYPE_PROTECTIVE ? "protective MBR entry" : "MBR entry";
    if (memcmp(entry, &none, sizeof none) == 0)
        return;
    if (entry->status != 0 && entry->status != MBR_ACTIVE)
        findings_add(findings, name, ENTRY_OFFSET(index), "%u has status %#x, not 0 or 0x80", index + 1, entry->status);
    else if (entry->type == 0 || load32(entry->sectors) == 0)
        findings_add(findings, name, ENTRY_OFFSET(index), "%u is no partition, and not empty", index + 1);
    else
        check_chs(verify, entry, index, name);
}

static unsigned count_protective(const struct mbr *mbr)
{
    unsigned count = 0;
    for (unsigned i = 0; i < MBR_SLOTS; i++)
        count += mbr->entries[i].type == MBR_TYPE_PROTECTIVE;
    return count;
}

static void check_entries(struct verify *verify, const struct mbr *mbr)
{
    unsigned active = 0;
    for (unsigned i = 0; i < MBR_SLOTS; i++) {
        active += mbr->entries[i].status == MBR_ACTIVE;
        check_entry(verify, &mbr->entries[i], i);
        if (mbr->entries[i].type == MBR_TYPE_PROTECTIVE)
            check_protective(verify, &mbr->entries[i], i);
    }
    if (count_protective(mbr) > 1)
        findings_add(&verify->findings, "protective MBR entry", ENTRY_OFFSET(0), "is there %u times",
                     count_protective(mbr));
    if (active > 1)
        findings_add(&verify->findings, "MBR", ENTRY_OFFSET(0),
                     "has %u active entries: there are BIOSes that boot no such disk", active);
}

/* A table without a GPT, as the loader reads it. A volume that is the whole disk has code where the entries would be.
 */
static void check_plain(struct verify *verify, const struct mbr *mbr)
{
    struct error error;
    size_t before = verify->findings.count;
    verify->has_table = partition_read(&verify->files.image.block, &verify->files.table, &error) == STATUS_OK;
    if (verify->has_table && verify->files.table.kind == BOOT_DISK_MBR)
        check_entries(verify, mbr);
    if (verify->has_table || before != 0)
        return;
    const char *text = error.text;
    if (strncmp(text, MESSAGE_PREFIX, strlen(MESSAGE_PREFIX)) == 0)
        text += strlen(MESSAGE_PREFIX);
    findings_add(&verify->findings, "MBR", ENTRY_OFFSET(0), "is refused by the loader: %s", text);
}

bool verify_mbr(struct verify *verify, bool *protective)
{
    struct mbr mbr;
    if (!verify_read(verify, "MBR", 0, sizeof mbr, &mbr))
        return false;
    if (mbr.boot_signature[0] != 0x55 || mbr.boot_signature[1] != 0xaa)
        findings_add(&verify->findings, "MBR", 510, "ends in %02x %02x, not 55 aa: no firmware takes it for bootable",
                     mbr.boot_signature[0], mbr.boot_signature[1]);
    *protective = count_protective(&mbr) > 0;
    if (*protective)
        check_entries(verify, &mbr);
    else
        check_plain(verify, &mbr);
    return true;
}
