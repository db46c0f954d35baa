#include "cmocka_all.h"

#include "support/disk_image.h"

#include "crc32.h"

#include <stagecoach/boot.h>

#include <string.h>

#define SECTORS 400u

static struct partition_table table;
static struct error error;

static enum status read_table(struct disk_image *image)
{
    return partition_read(&image->disk.block, &table, &error);
}

/* --- GPT ------------------------------------------------------------------------------------------------------------
 */

static void gpt_is_read_from_all_sector_sizes(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {512, 1024, 2048, 4096};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct disk_image image;
        disk_image_make(&image, SECTORS, sizes[i]);
        disk_image_gpt(&image);
        assert_int_equal(read_table(&image), STATUS_OK);
        assert_int_equal(table.kind, BOOT_DISK_GPT);
        assert_false(table.from_backup);
        assert_memory_equal(table.disk_guid, "disk", 5);
        assert_int_equal(table.count, 2);
        assert_int_equal(table.partitions[0].number, 1);
        assert_int_equal(table.partitions[0].first_lba, 100);
        assert_int_equal(table.partitions[0].last_lba, 199);
        assert_int_equal(table.partitions[0].name[3], 's');
        assert_memory_equal(table.partitions[1].type_guid, partition_guid_esp, 16);
        assert_memory_equal(table.partitions[1].guid, "two", 4);
        assert_int_equal(table.partitions[1].attributes, 1);
        disk_image_free(&image);
    }
}

static void odd_sector_sizes_are_refused(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 256, 513, 8192};
    struct disk_image image;
    disk_image_make(&image, SECTORS, 512);
    disk_image_gpt(&image);
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        image.disk.block.sector_size = sizes[i];
        assert_int_equal(read_table(&image), STATUS_SECTOR_SIZE);
    }
    image.disk.block.sector_size = 512;
    image.disk.block.size = 511;
    assert_int_equal(read_table(&image), STATUS_DISK_SHORT);
    image.disk.block.size = 512; /* the MBR is there, and nothing else */
    assert_int_equal(read_table(&image), STATUS_GPT_BAD);
    disk_image_free(&image);
}

/* What a header may not say: both copies say it, with right CRCs. */
#define SPOIL(name, ...)                                                                                               \
    static void spoil_##name(struct gpt_header *header, struct gpt_entry *entry)                                       \
    {                                                                                                                  \
        (void)header;                                                                                                  \
        (void)entry;                                                                                                   \
        __VA_ARGS__;                                                                                                   \
    }
SPOIL(signature, header->signature ^= 1)
SPOIL(revision, header->revision = 0x00010001)
SPOIL(small_header, header->header_size = 91)
SPOIL(big_header, header->header_size = 513)
SPOIL(my_lba, header->my_lba ^= 2)
SPOIL(alternate_lba, header->alternate_lba = header->my_lba)
SPOIL(first_usable_low, header->first_usable_lba = 1)
SPOIL(last_usable_high, header->last_usable_lba = SECTORS)
SPOIL(last_usable_huge, header->last_usable_lba = UINT64_MAX)
SPOIL(usable_reversed, header->first_usable_lba = header->last_usable_lba + 1)
SPOIL(small_entries, header->entry_size = 120)
SPOIL(big_entries, header->entry_size = 520)
SPOIL(odd_entries, header->entry_size = 132)
SPOIL(no_entries, header->entry_count = 0)
SPOIL(many_entries, header->entry_count = UINT32_MAX)
SPOIL(too_many_entries, header->entry_count = 4097)
SPOIL(entries_on_mbr, header->entries_lba = 0)
SPOIL(entries_on_header, header->entries_lba = 1)
SPOIL(entries_past_end, header->entries_lba = SECTORS)
SPOIL(entries_run_out, header->entries_lba = SECTORS - 31)
SPOIL(entries_wrap, header->entries_lba = UINT64_MAX)
SPOIL(entries_on_partitions, header->entries_lba = 50)
SPOIL(reversed, entry->first_lba = entry->last_lba + 1)
SPOIL(overlap, entry->last_lba = 200)
SPOIL(before_usable, entry->first_lba = 33)
SPOIL(behind_usable, entry[1].last_lba = SECTORS - 33)
SPOIL(far_behind, entry[1].last_lba = UINT64_MAX)

typedef void spoil(struct gpt_header *header, struct gpt_entry *entry);

static const struct {
    const char *name;
    spoil *spoil;
} spoils[] = {
#define ROW(name)                                                                                                      \
    {                                                                                                                  \
#name, spoil_##name                                                                                            \
    }
    ROW(signature),        ROW(revision),
    ROW(small_header),     ROW(big_header),
    ROW(my_lba),           ROW(alternate_lba),
    ROW(first_usable_low), ROW(last_usable_high),
    ROW(last_usable_huge), ROW(usable_reversed),
    ROW(small_entries),    ROW(big_entries),
    ROW(odd_entries),      ROW(no_entries),
    ROW(many_entries),     ROW(too_many_entries),
    ROW(entries_on_mbr),   ROW(entries_on_header),
    ROW(entries_past_end), ROW(entries_run_out),
    ROW(entries_wrap),     ROW(entries_on_partitions),
    ROW(reversed),         ROW(overlap),
    ROW(before_usable),    ROW(behind_usable),
    ROW(far_behind),
#undef ROW
};

static void spoil_copy(struct disk_image *image, uint64_t lba, spoil *how)
{
    struct gpt_header *header = disk_image_header(image, lba);
    struct gpt_entry *entry = disk_image_gpt_entry(image, lba, 0);
    how(header, entry);
    uint64_t array = (uint64_t)((uint8_t *)entry - image->bytes);
    header->entries_crc32 = crc32_add(0, image->bytes + array, GPT_ENTRY_COUNT * GPT_ENTRY_SIZE);
    header->header_crc32 = 0;
    header->header_crc32 = crc32_add(0, header, header->header_size <= 512 ? header->header_size : 512);
}

static void both_copies_bad_is_refused_and_one_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(spoils); i++) {
        struct disk_image image;
        disk_image_make(&image, SECTORS, 512);
        disk_image_gpt(&image);
        spoil_copy(&image, 1, spoils[i].spoil);
        if (read_table(&image) != STATUS_OK || !table.from_backup || table.count != 2)
            fail_msg("%s: the backup was not taken", spoils[i].name);
        spoil_copy(&image, SECTORS - 1, spoils[i].spoil);
        if (read_table(&image) != STATUS_GPT_BAD || table.count != 0)
            fail_msg("%s: was not refused", spoils[i].name);
        disk_image_free(&image);
    }
}

/* All bytes of the header and of the entries in use, samples of the others. */
static void every_flipped_byte_is_noticed(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, SECTORS, 512);
    disk_image_gpt(&image);
    for (uint32_t offset = 512; offset < 1024 + 16384; offset += offset < 1024 + 256 ? 1 : 61) {
        if (offset >= 512 + GPT_HEADER_SIZE && offset < 1024)
            continue;
        image.bytes[offset] ^= 0x10;
        assert_int_equal(read_table(&image), STATUS_OK);
        assert_true(table.from_backup);
        assert_int_equal(table.partitions[1].first_lba, 200);
        image.bytes[offset] ^= 0x10;
    }
    disk_image_free(&image);
}

/* An image copied to a bigger disk: the backup is not at its end, but where the primary says. */
static void backup_is_found_on_a_bigger_disk(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, 2 * SECTORS, 512);
    image.sectors = SECTORS;
    disk_image_gpt(&image);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_false(table.from_backup);
    disk_image_gpt_entry(&image, 1, 5)->first_lba = 7; /* wrong CRC of the entries */
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_true(table.from_backup);
    disk_image_header(&image, 1)->alternate_lba = UINT64_MAX;
    assert_int_equal(read_table(&image), STATUS_GPT_BAD);
    disk_image_free(&image);
}

static void unreadable_primary_is_replaced_and_unreadable_disk_reported(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, SECTORS, 512);
    disk_image_gpt(&image);
    image.disk.fail_start = 1024;
    image.disk.fail_end = 1025;
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_true(table.from_backup);
    image.disk.fail_end = UINT64_MAX;
    assert_int_equal(read_table(&image), STATUS_READ_ERROR);
    image.disk.fail_start = 0;
    assert_int_equal(read_table(&image), STATUS_READ_ERROR);
    disk_image_free(&image);
}

static void more_entries_than_we_keep_are_fine(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, 2000, 512);
    disk_image_gpt(&image);
    struct gpt_header *header = disk_image_header(&image, 1);
    header->entry_count = 300;
    header->first_usable_lba = 200;
    for (uint32_t i = 0; i < 300; i++) {
        struct gpt_entry *entry = disk_image_gpt_entry(&image, 1, i);
        entry->type_guid[0] = 1;
        entry->first_lba = entry->last_lba = 200 + i;
    }
    disk_image_seal(&image, 1, true);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_false(table.from_backup);
    assert_int_equal(table.count, PARTITION_LIMIT);
    disk_image_gpt_entry(&image, 1, 299)->name[0] = 'x'; /* the CRC is of all of them */
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_true(table.from_backup);
    disk_image_free(&image);
}

static void entries_are_read_once(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, SECTORS, 512);
    disk_image_gpt(&image);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(image.disk.bytes_read, 512 + 512 + 16384);
    assert_in_range(image.disk.reads, 3, 10);
    disk_image_free(&image);
}

/* --- MBR ------------------------------------------------------------------------------------------------------------
 */

static void mbr_partitions_are_read(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, SECTORS, 512);
    disk_image_mbr(&image, 0, 0, 0x0c, 10, 20);
    disk_image_mbr(&image, 0, 2, MBR_TYPE_EFI_SYSTEM, 30, SECTORS - 30);
    ((struct mbr *)image.bytes)->entries[2].status = MBR_ACTIVE;
    memcpy(((struct mbr *)image.bytes)->signature, "\x78\x56\x34\x12", 4);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(table.kind, BOOT_DISK_MBR);
    assert_int_equal(table.signature, 0x12345678);
    assert_int_equal(table.count, 2);
    assert_int_equal(table.partitions[0].mbr_type, 0x0c);
    assert_int_equal(table.partitions[0].last_lba, 29);
    assert_false(table.partitions[0].active);
    assert_int_equal(table.partitions[1].number, 3);
    assert_true(table.partitions[1].active);
    disk_image_free(&image);
}

struct mbr_case {
    const char *name;
    struct {
        uint8_t status, type;
        uint32_t first, count;
    } entries[4];
    enum status status;
    uint32_t count;
};

static void bad_mbrs_are_refused(void **state)
{
    (void)state;
    static const struct mbr_case cases[] = {
        {"four empty ones", {{0}}, STATUS_OK, 0},
        {"type without sectors", {{0, 0x0c, 5, 0}}, STATUS_OK, 0},
        {"sectors without type", {{0, 0, 5, 9}}, STATUS_OK, 0},
        {"bad status", {{1, 0x0c, 5, 9}}, STATUS_MBR_BAD, 0},
        {"covers the MBR", {{0, 0x0c, 0, 9}}, STATUS_MBR_BAD, 0},
        {"up to the end", {{0, 0x0c, 1, SECTORS - 1}}, STATUS_OK, 1},
        {"past the end", {{0, 0x0c, 1, SECTORS}}, STATUS_MBR_BAD, 0},
        {"begins past the end", {{0, 0x0c, SECTORS, 1}}, STATUS_MBR_BAD, 0},
        {"wraps", {{0, 0x0c, UINT32_MAX, UINT32_MAX}}, STATUS_MBR_BAD, 0},
        {"overlap", {{0, 0x0c, 5, 9}, {0, 0x0c, 13, 9}}, STATUS_MBR_BAD, 0},
        {"overlap the other way", {{0, 0x0c, 13, 9}, {0, 0x0c, 5, 9}}, STATUS_MBR_BAD, 0},
        {"overlap an extended one", {{0, 0x0c, 13, 9}, {0, 0x0f, 5, 9}}, STATUS_MBR_BAD, 0},
        {"two neighbours, both active", {{0x80, 0x0c, 5, 9}, {0x80, 0x0c, 14, 9}}, STATUS_OK, 2},
        {"hybrid without a GPT", {{0, 0x0c, 5, 9}, {0, 0xee, 20, 9}}, STATUS_GPT_BAD, 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct disk_image image;
        disk_image_make(&image, SECTORS, 512);
        for (uint32_t slot = 0; slot < 4; slot++) {
            disk_image_mbr(&image, 0, slot, cases[i].entries[slot].type, cases[i].entries[slot].first,
                           cases[i].entries[slot].count);
            ((struct mbr *)image.bytes)->entries[slot].status = cases[i].entries[slot].status;
        }
        if (read_table(&image) != cases[i].status || table.count != cases[i].count)
            fail_msg("%s: %u partitions, %s", cases[i].name, table.count, error.text);
        disk_image_free(&image);
    }
}

static void no_signature_is_refused(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, SECTORS, 512);
    assert_int_equal(read_table(&image), STATUS_MBR_BAD);
    assert_string_equal(error.text, "MBR: bytes 510 and 511 are 00 00, not 55 aa");
    disk_image_free(&image);
}

static void hybrid_mbr_means_gpt(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, SECTORS, 512);
    disk_image_gpt(&image);
    disk_image_mbr(&image, 0, 0, 0x0c, 200, 100);
    disk_image_mbr(&image, 0, 3, MBR_TYPE_PROTECTIVE, 1, 99);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(table.kind, BOOT_DISK_GPT);
    disk_image_free(&image);
}

static void a_bare_file_system_has_no_table(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, SECTORS, 512);
    memcpy(image.bytes, "\xeb\x3c\x90TESTDISK\x00\x02\x01\x01\x00\x02", 17);
    image.bytes[21] = 0xf8;
    disk_image_mbr(&image, 0, 0, 0, 0, 0);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(table.kind, BOOT_DISK_UNKNOWN);
    memset(image.bytes + 446, 0x33, 64); /* code, where a table would be */
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(table.kind, BOOT_DISK_UNKNOWN);
    assert_int_equal(table.count, 0);
    image.bytes[16] = 3; /* not a FAT parameter block any more */
    assert_int_equal(read_table(&image), STATUS_MBR_BAD);
    disk_image_free(&image);
}

/* Some BIOSes write a parameter block into the boot sector of a partitioned disk. */
static void a_parameter_block_does_not_hide_partitions(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, SECTORS, 512);
    memcpy(image.bytes, "\xeb\x3c\x90TESTDISK\x00\x02\x01\x01\x00\x02", 17);
    image.bytes[21] = 0xf8;
    disk_image_mbr(&image, 0, 1, 0xef, 100, 50);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(table.kind, BOOT_DISK_MBR);
    assert_int_equal(table.count, 1);
    disk_image_free(&image);
}

/* --- logical partitions ---------------------------------------------------------------------------------------------
 */

#define EXTENDED 50u

/* Link `index` of a chain: a record at EXTENDED + 10 * index with a partition of five sectors behind it. */
static void put_link(struct disk_image *image, uint32_t index, uint32_t next)
{
    disk_image_mbr(image, EXTENDED + 10 * index, 0, 0x0c, 1, 5);
    if (next != 0)
        disk_image_mbr(image, EXTENDED + 10 * index, 1, 0x05, 10 * next, 10);
}

static void make_extended(struct disk_image *image, uint64_t sectors)
{
    disk_image_make(image, sectors, 512);
    disk_image_mbr(image, 0, 0, 0x0c, 10, 20);
    disk_image_mbr(image, 0, 1, 0x0f, EXTENDED, (uint32_t)sectors - EXTENDED);
}

static void logical_partitions_follow_the_chain(void **state)
{
    (void)state;
    struct disk_image image;
    make_extended(&image, SECTORS);
    put_link(&image, 0, 2);
    put_link(&image, 2, 1); /* out of order on the disk */
    put_link(&image, 1, 0);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(table.count, 4);
    assert_int_equal(table.partitions[0].number, 1);
    assert_int_equal(table.partitions[1].number, 5);
    assert_int_equal(table.partitions[1].first_lba, EXTENDED + 1);
    assert_int_equal(table.partitions[2].number, 6);
    assert_int_equal(table.partitions[2].first_lba, EXTENDED + 21);
    assert_int_equal(table.partitions[3].first_lba, EXTENDED + 11);
    disk_image_free(&image);
}

static void an_unused_extended_partition_is_empty(void **state)
{
    (void)state;
    struct disk_image image;
    make_extended(&image, SECTORS);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(table.count, 1);
    disk_image_free(&image);
}

static void bad_chains_are_refused(void **state)
{
    (void)state;
    for (int row = 0; row < 7; row++) {
        struct disk_image image;
        make_extended(&image, SECTORS);
        put_link(&image, 0, 1);
        put_link(&image, 1, 2);
        put_link(&image, 2, row == 0 ? 1 : 0); /* a loop */
        if (row == 1)
            disk_image_mbr(&image, EXTENDED, 1, 0x05, 0, 10); /* to itself */
        if (row == 2)
            disk_image_mbr(&image, EXTENDED + 10, 1, 0x05, 10, 10); /* to itself */
        if (row == 3)
            disk_image_mbr(&image, EXTENDED + 20, 1, 0x05, SECTORS - EXTENDED, 10); /* out of the extended one */
        if (row == 4)
            disk_image_mbr(&image, EXTENDED + 20, 0, 0x0c, 1, SECTORS); /* past the disk's end */
        if (row == 5)
            disk_image_mbr(&image, EXTENDED + 20, 0, 0x0c, 0, 5); /* over its own record */
        if (row == 6)
            disk_image_mbr(&image, EXTENDED + 20, 1, 0x05, UINT32_MAX, 10);
        if (read_table(&image) != STATUS_MBR_BAD || table.count != 0)
            fail_msg("row %d: not refused", row);
        disk_image_free(&image);
    }
}

static void a_loop_without_partitions_ends(void **state)
{
    (void)state;
    struct disk_image image;
    make_extended(&image, SECTORS);
    disk_image_mbr(&image, EXTENDED, 1, 0x05, 10, 10);
    disk_image_mbr(&image, EXTENDED + 10, 1, 0x05, 20, 10);
    disk_image_mbr(&image, EXTENDED + 20, 1, 0x05, 10, 10);
    assert_int_equal(read_table(&image), STATUS_MBR_BAD);
    assert_in_range(image.disk.reads, 100, 200);
    disk_image_free(&image);
}

static void a_chain_of_ten_thousand_links_is_cut(void **state)
{
    (void)state;
    struct disk_image image;
    make_extended(&image, EXTENDED + 10u * 10000);
    for (uint32_t i = 0; i < 10000; i++)
        put_link(&image, i, i + 1 < 10000 ? i + 1 : 0);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(table.count, PARTITION_LIMIT);
    assert_in_range(image.disk.reads, 100, 200);
    disk_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gpt_is_read_from_all_sector_sizes),
        cmocka_unit_test(odd_sector_sizes_are_refused),
        cmocka_unit_test(both_copies_bad_is_refused_and_one_is_not),
        cmocka_unit_test(every_flipped_byte_is_noticed),
        cmocka_unit_test(backup_is_found_on_a_bigger_disk),
        cmocka_unit_test(unreadable_primary_is_replaced_and_unreadable_disk_reported),
        cmocka_unit_test(more_entries_than_we_keep_are_fine),
        cmocka_unit_test(entries_are_read_once),
        cmocka_unit_test(mbr_partitions_are_read),
        cmocka_unit_test(bad_mbrs_are_refused),
        cmocka_unit_test(no_signature_is_refused),
        cmocka_unit_test(hybrid_mbr_means_gpt),
        cmocka_unit_test(a_bare_file_system_has_no_table),
        cmocka_unit_test(a_parameter_block_does_not_hide_partitions),
        cmocka_unit_test(logical_partitions_follow_the_chain),
        cmocka_unit_test(an_unused_extended_partition_is_empty),
        cmocka_unit_test(bad_chains_are_refused),
        cmocka_unit_test(a_loop_without_partitions_ends),
        cmocka_unit_test(a_chain_of_ten_thousand_links_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
