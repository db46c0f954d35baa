#include "cmocka_all.h"

#include "support/disk_image.h"

#include <stagecoach/boot.h>

#include <string.h>

#define SECTORS 400u

static struct partition_table table;
static struct error error;

static enum status read_table(struct disk_image *image)
{
    return partition_read(&image->disk.block, &table, &error);
}

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

/* --- logical partitions --- */

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

/* One image as a CD: sectors of 2048 bytes, a table that counts 512. */
static void a_cd_counts_the_sectors_of_its_table(void **state)
{
    (void)state;
    struct disk_image image;
    disk_image_make(&image, SECTORS, 512);
    disk_image_gpt(&image);
    image.disk.block.sector_size = CD_SECTOR_SIZE;
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(image.disk.block.sector_size, 512);
    assert_int_equal(table.partitions[1].last_lba, 299);
    disk_image_header(&image, GPT_PRIMARY_LBA)->signature = 0; /* only the descriptor of the CD says what it is */
    memcpy(image.bytes + 32769, "CD001", 5);
    image.disk.block.sector_size = CD_SECTOR_SIZE;
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_true(table.from_backup);
    disk_image_free(&image);

    disk_image_make(&image, SECTORS, 512);
    disk_image_mbr(&image, 0, 0, 0x0c, 300, 100);
    image.disk.block.sector_size = CD_SECTOR_SIZE;
    assert_int_equal(read_table(&image), STATUS_MBR_BAD); /* a disk of a hundred big sectors */
    assert_int_equal(image.disk.block.sector_size, CD_SECTOR_SIZE);
    memcpy(image.bytes + 32769, "CD001", 5);
    assert_int_equal(read_table(&image), STATUS_OK);
    assert_int_equal(table.partitions[0].last_lba, 399);
    disk_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mbr_partitions_are_read),
        cmocka_unit_test(bad_mbrs_are_refused),
        cmocka_unit_test(a_cd_counts_the_sectors_of_its_table),
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
