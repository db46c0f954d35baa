#include "cmocka_all.h"

#include "support/memory_disk.h"

static uint8_t bytes[1024];

static void only_ranges_inside_are_read(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset, size;
        enum status status;
    } cases[] = {
        {0, 1024, STATUS_OK},
        {1023, 1, STATUS_OK},
        {1024, 0, STATUS_OK},
        {UINT64_MAX, 0, STATUS_OK}, /* nothing to read: no place to check */
        {1024, 1, STATUS_DISK_SHORT},
        {1000, 25, STATUS_DISK_SHORT},
        {UINT64_MAX, 2, STATUS_DISK_SHORT},
        {1, UINT64_MAX, STATUS_DISK_SHORT},
    };
    struct memory_disk disk;
    uint8_t to[1024];
    struct error error;
    memory_disk_init(&disk, bytes, sizeof bytes, 512);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint64_t before = disk.reads;
        assert_int_equal(block_read(&disk.block, cases[i].offset, cases[i].size, to, &error), cases[i].status);
        assert_int_equal(disk.reads - before, cases[i].status == STATUS_OK && cases[i].size > 0);
    }
}

static void a_failing_disk_is_reported(void **state)
{
    (void)state;
    struct memory_disk disk;
    struct error error;
    uint8_t to[8];
    memory_disk_init(&disk, bytes, sizeof bytes, 512);
    disk.fail_start = 512;
    disk.fail_end = 1024;
    assert_int_equal(block_read(&disk.block, 0, 8, to, &error), STATUS_OK);
    assert_int_equal(block_read(&disk.block, 508, 8, to, &error), STATUS_READ_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_ranges_inside_are_read),
                                       cmocka_unit_test(a_failing_disk_is_reported)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
