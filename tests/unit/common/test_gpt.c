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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
