/* stick_write: order of writing, and a disk that does not boot after whatever fails. */
#include "cmocka_all.h"

#include <stick_write.h>
#include <support/fault_disk.h>

#include <errno.h>
#include <string.h>

static struct fault_disk disk;
static volatile sig_atomic_t stop;
static uint8_t image[FAULT_DISK_SIZE];

static enum status read_image(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    (void)block;
    (void)error;
    memcpy(to, image + offset, size);
    return STATUS_OK;
}

static struct block source = {.read = read_image, .size = FAULT_DISK_SIZE, .sector_size = 512};

/* The first bytes, and two stretches with a gap between them. */
static struct write_range list[] = {{0, 8192}, {16384, 20480}, {65024, FAULT_DISK_SIZE}};
static const struct write_ranges ranges = {list, 3};

static void prepare(void)
{
    for (size_t i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)(i * 7 + 1);
    fault_disk_init(&disk);
    memset(disk.cache, 0xee, sizeof disk.cache);
    memset(disk.medium, 0xee, sizeof disk.medium);
    stop = 0;
}

static enum exit_code run(void)
{
    struct stick_write write = {.source = &source, .ranges = &ranges, .target = &disk.target, .stop = &stop};
    return stick_write_run(&write);
}

static bool first_is_zero(const uint8_t *bytes)
{
    for (size_t i = 0; i < STICK_FIRST; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void first_bytes_come_last(void **state)
{
    (void)state;
    prepare();
    assert_int_equal(run(), EXIT_OK);
    assert_string_equal(disk.calls, "WFWWWFRRRWFR");
    assert_int_equal(disk.offsets[0], 0);
    assert_int_equal(disk.offsets[2], STICK_FIRST);
    assert_int_equal(disk.offsets[9], 0);
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(disk.medium + list[i].start, image + list[i].start, list[i].end - list[i].start);
    assert_int_equal(disk.medium[10000], 0xee); /* the gap */
}

static void pieces_may_be_short(void **state)
{
    (void)state;
    prepare();
    disk.most = 700;
    assert_int_equal(run(), EXIT_OK);
    assert_memory_equal(disk.medium, image, 8192);
}

/* Each call of a whole run fails in turn. */
static void no_failure_leaves_a_disk_that_boots(void **state)
{
    (void)state;
    static const int errors[] = {EIO, ENOSPC, ENODEV, EROFS};
    prepare();
    assert_int_equal(run(), EXIT_OK);
    int calls = (int)disk.call_count;
    for (int at = 0; at < calls; at++) {
        for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
            prepare();
            disk.fail_at = at;
            disk.error = errors[i];
            assert_int_equal(run(), EXIT_IO);
            if (at > 1) /* before, nothing has been done to it */
                assert_true(first_is_zero(disk.medium));
        }
    }
}

static void wrong_bytes_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        prepare();
        disk.lies_at = (int64_t)list[i].end - 1;
        assert_int_equal(run(), EXIT_VERIFY_FAILED);
        assert_true(first_is_zero(disk.medium));
    }
    prepare();
    disk.lies_at = 5; /* of the bytes that come last */
    assert_int_equal(run(), EXIT_VERIFY_FAILED);
    assert_true(first_is_zero(disk.medium));
}

static void other_sizes_are_found(void **state)
{
    (void)state;
    prepare();
    disk.size = FAULT_DISK_SIZE - 512;
    assert_int_equal(run(), EXIT_IO);
    assert_int_equal(disk.call_count, 0);
    for (int at = 2; at < 12; at++) { /* pulled out at that call */
        prepare();
        disk.shrinks_at = at;
        assert_int_equal(run(), EXIT_IO);
        if (at < 10)
            assert_true(first_is_zero(disk.medium));
    }
}

static void stops_when_told(void **state)
{
    (void)state;
    prepare();
    stop = SIGINT;
    assert_int_equal(run(), EXIT_FAILED);
    assert_int_equal(disk.call_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_bytes_come_last),
        cmocka_unit_test(pieces_may_be_short),
        cmocka_unit_test(no_failure_leaves_a_disk_that_boots),
        cmocka_unit_test(wrong_bytes_are_found),
        cmocka_unit_test(other_sizes_are_found),
        cmocka_unit_test(stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
