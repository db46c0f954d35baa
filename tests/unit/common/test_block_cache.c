#include "cmocka_all.h"

#include "block_cache.h"
#include "support/memory_disk.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define DISK_SIZE (256u * 1024u)
#define AHEAD ((uint64_t)BLOCK_CACHE_EXTENT_SIZE)

struct setup {
    struct memory_disk disk;
    struct block_cache cache;
    uint8_t bytes[DISK_SIZE];
    uint8_t to[DISK_SIZE];
};

static int set_up(void **state)
{
    struct setup *setup = calloc(1, sizeof *setup);
    uint32_t random = 1;
    for (size_t i = 0; i < DISK_SIZE; i++) {
        random = random * 1664525 + 1013904223;
        setup->bytes[i] = (uint8_t)(random >> 24);
    }
    memory_disk_init(&setup->disk, setup->bytes, DISK_SIZE, SECTOR);
    block_cache_init(&setup->cache, &setup->disk.block);
    *state = setup;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void read_ok(struct setup *setup, uint64_t offset, uint64_t size)
{
    struct error error;
    memset(setup->to, 0xee, size);
    assert_int_equal(block_read(&setup->cache.block, offset, size, setup->to, &error), STATUS_OK);
    assert_memory_equal(setup->to, setup->bytes + offset, size);
}

static void small_reads_share_one_of_the_disk(void **state)
{
    struct setup *setup = *state;
    for (uint64_t at = 3; at + 100 <= AHEAD; at += 100)
        read_ok(setup, at, 100);
    assert_int_equal(setup->disk.reads, 1);
    assert_int_equal(setup->disk.bytes_read, AHEAD);
}

static void large_reads_pass_in_one_piece(void **state)
{
    struct setup *setup = *state;
    read_ok(setup, 5 * SECTOR + 7, 100000);
    assert_int_equal(setup->disk.reads, 1);
    assert_int_equal(setup->disk.bytes_read, 100000);
}

static void large_reads_take_what_is_kept(void **state)
{
    struct setup *setup = *state;
    read_ok(setup, 64 * SECTOR, 64);                     /* keeps [64, 96) */
    read_ok(setup, 32 * SECTOR, 128 * (uint64_t)SECTOR); /* [32, 64) and [96, 160) are new */
    assert_int_equal(setup->disk.reads, 3);
    assert_int_equal(setup->disk.bytes_read, 128 * SECTOR);
}

static void reading_ahead_stops_where_something_is_kept(void **state)
{
    struct setup *setup = *state;
    read_ok(setup, 8 * SECTOR, 1);
    read_ok(setup, 0, 1);
    assert_int_equal(setup->disk.bytes_read, AHEAD + 8 * SECTOR);
}

static void reading_ahead_stops_at_the_end_of_the_disk(void **state)
{
    struct setup *setup = *state;
    read_ok(setup, DISK_SIZE - 700, 700);
    assert_int_equal(setup->disk.bytes_read, 2 * SECTOR);
}

/* A sector that nobody asked for must not stop the boot. */
static void a_bad_sector_ahead_does_no_harm(void **state)
{
    struct setup *setup = *state;
    struct error error;
    setup->disk.fail_start = 2 * SECTOR;
    setup->disk.fail_end = 3 * SECTOR;
    read_ok(setup, 100, 2 * SECTOR - 100);
    assert_int_equal(block_read(&setup->cache.block, 0, 2 * SECTOR + 1, setup->to, &error), STATUS_READ_ERROR);
    read_ok(setup, 0, 2 * SECTOR);
    read_ok(setup, 3 * SECTOR, 10);
}

static void any_order_of_reads_gives_the_disks_bytes(void **state)
{
    struct setup *setup = *state;
    uint32_t random = 7;
    for (unsigned i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        uint64_t offset = (random >> 8) % DISK_SIZE, most = DISK_SIZE - offset;
        random = random * 1664525 + 1013904223;
        uint64_t size = (random >> 8) % (i % 3 == 0 ? 40000 : 600) + 1;
        read_ok(setup, offset, size < most ? size : most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(small_reads_share_one_of_the_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_reads_pass_in_one_piece, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_reads_take_what_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reading_ahead_stops_where_something_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reading_ahead_stops_at_the_end_of_the_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_sector_ahead_does_no_harm, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_order_of_reads_gives_the_disks_bytes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
