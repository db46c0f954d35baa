/* boot_code: whose a boot sector is, told from what real ones have: ours, of other versions, damaged, others'. */
#include "cmocka_all.h"

#include <boot_code.h>
#include <loader_files.h>

#include <string.h>

#define SECTORS 300u
#define STAGES_LBA 8u
#define STAGES_SECTORS 200u
#define IMAGE_ID 0x12345678u

static uint8_t disk[SECTORS * BIOS_SECTOR_SIZE];
static uint64_t unreadable; /* the byte that can't be read; 0: none */

static enum status read_disk(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    (void)block;
    if (unreadable != 0 && offset <= unreadable && unreadable - offset < size)
        return error_set(error, STATUS_READ_ERROR, "the medium fails");
    memcpy(to, disk + offset, size);
    return STATUS_OK;
}

static struct block block = {.read = read_disk, .size = sizeof disk, .sector_size = BIOS_SECTOR_SIZE};

static struct boot_code look(uint64_t offset)
{
    struct boot_code code;
    struct error error;
    assert_int_equal(boot_code_read(&block, offset, &code, &error), STATUS_OK);
    return code;
}

static struct bios_stages_header *header(void)
{
    return (struct bios_stages_header *)(void *)(disk + STAGES_LBA * BIOS_SECTOR_SIZE);
}

/* What build-image writes, at `offset`. */
static void make_disk(uint64_t offset, uint64_t stages)
{
    struct layout layout = {.stages = {STAGES_LBA, stages}};
    struct ids ids = {.image_id = IMAGE_ID};
    memset(disk, 0, sizeof disk);
    unreadable = 0;
    assert_int_equal(boot_code_make(&layout, &ids, disk + offset), EXIT_OK);
    *header() = (struct bios_stages_header){.image_id = IMAGE_ID, .format = BIOS_STAGES_FORMAT};
    memcpy(header()->magic, BIOS_STAGES_MAGIC, sizeof header()->magic);
}

static void put_patch(struct bios_stage1_patch patch)
{
    memcpy(disk + BIOS_STAGE1_PATCH_OFFSET, &patch, sizeof patch);
}

static void our_own_are_known(void **state)
{
    (void)state;
    make_disk(0, STAGES_SECTORS);
    struct boot_code code = look(0);
    assert_int_equal(code.kind, BOOT_CODE_STAGES);
    assert_int_equal(code.patch.stages_lba, STAGES_LBA);
    assert_int_equal(code.header.image_id, IMAGE_ID);
    assert_true(boot_code_starts_bios(&code));
    make_disk(2048, STAGES_SECTORS);
    assert_int_equal(look(2048).kind, BOOT_CODE_STAGES);
    assert_int_equal(look(0).kind, BOOT_CODE_NONE);
    make_disk(0, 0);
    code = look(0);
    assert_int_equal(code.kind, BOOT_CODE_UEFI_ONLY);
    assert_false(boot_code_starts_bios(&code));
}

static void other_versions_are_ours(void **state)
{
    (void)state;
    make_disk(0, STAGES_SECTORS);
    memset(disk, 0x90, BIOS_STAGE1_PATCH_OFFSET); /* other code, without the text */
    header()->format = BIOS_STAGES_FORMAT + 1;
    header()->size = 1;
    assert_int_equal(look(0).kind, BOOT_CODE_STAGES);
}

static void damaged_ones_are_ours(void **state)
{
    (void)state;
    static const struct bios_stage1_patch bad[] = {
        {0},
        {.stages_lba = STAGES_LBA, .image_id = IMAGE_ID},
        {.stages_lba = SECTORS, .image_id = IMAGE_ID, .stages_sectors = 1},
        {.stages_lba = STAGES_LBA, .image_id = IMAGE_ID, .stages_sectors = SECTORS},
        {.stages_lba = ~0ull, .image_id = IMAGE_ID, .stages_sectors = 2},
        {.stages_lba = STAGES_LBA + 1, .image_id = IMAGE_ID, .stages_sectors = 1},
        {.stages_lba = STAGES_LBA, .image_id = ~IMAGE_ID, .stages_sectors = STAGES_SECTORS},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        make_disk(0, STAGES_SECTORS);
        put_patch(bad[i]);
        struct boot_code code = look(0);
        assert_int_equal(code.kind, BOOT_CODE_BROKEN);
        assert_true(boot_code_starts_bios(&code));
    }
    make_disk(0, STAGES_SECTORS);
    header()->magic[7] ^= 1;
    assert_int_equal(look(0).kind, BOOT_CODE_BROKEN);
    make_disk(0, STAGES_SECTORS);
    unreadable = STAGES_LBA * BIOS_SECTOR_SIZE;
    assert_int_equal(look(0).kind, BOOT_CODE_BROKEN);
}

static void others_are_not_ours(void **state)
{
    (void)state;
    make_disk(0, STAGES_SECTORS);
    for (unsigned fill = 1; fill < 256; fill++) {
        memset(disk, (int)fill, BIOS_STAGE1_SIZE);
        struct boot_code code = look(0);
        assert_int_equal(code.kind, BOOT_CODE_FOREIGN);
        assert_false(boot_code_starts_bios(&code));
    }
    memset(disk, 0x90, BIOS_STAGE1_SIZE);
    memcpy(disk + 3, "MSDOS5.0 GRUB Geom Hard Disk Read Error", 39);
    assert_int_equal(look(0).kind, BOOT_CODE_FOREIGN);
}

static void what_cant_be_read_is_an_error(void **state)
{
    (void)state;
    struct boot_code code;
    struct error error;
    make_disk(0, STAGES_SECTORS);
    unreadable = 100;
    assert_int_equal(boot_code_read(&block, 0, &code, &error), STATUS_READ_ERROR);
    assert_int_equal(boot_code_read(&block, sizeof disk - 10, &code, &error), STATUS_DISK_SHORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_are_known),
        cmocka_unit_test(other_versions_are_ours),
        cmocka_unit_test(damaged_ones_are_ours),
        cmocka_unit_test(others_are_not_ours),
        cmocka_unit_test(what_cant_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
