/* changes: order, flushes, and the disk that they lead to, on a disk that fails. */
#include "cmocka_all.h"

#include <changes.h>
#include <support/fault_disk.h>

#include <errno.h>
#include <string.h>

static struct fault_disk disk;

static void add(struct changes *changes, unsigned phase, uint64_t offset, const char *text)
{
    assert_int_equal(changes_add(changes, phase, offset, text, strlen(text)), EXIT_OK);
}

static void phases_end_in_a_flush(void **state)
{
    (void)state;
    struct changes changes = {0};
    fault_disk_init(&disk);
    add(&changes, 0, 100, "one");
    add(&changes, 0, 200, "two");
    add(&changes, 2, 100, "ONE");
    for (unsigned phase = 0; phase < CHANGES_PHASES; phase++)
        assert_int_equal(changes_make(&changes, phase, &disk.target), EXIT_OK);
    assert_string_equal(disk.calls, "WWFWF");
    assert_memory_equal(disk.medium + 100, "ONE", 3);
    assert_memory_equal(disk.medium + 200, "two", 3);
    assert_int_equal(changes_bytes(&changes), 9);
    changes_free(&changes);
}

static void phases_do_not_go_back(void **state)
{
    (void)state;
    struct changes changes = {0};
    add(&changes, 1, 0, "x");
    assert_int_equal(changes_add(&changes, 0, 0, "y", 1), EXIT_FAILED);
    changes_free(&changes);
}

static void short_and_interrupted_writes_go_on(void **state)
{
    (void)state;
    struct changes changes = {0};
    fault_disk_init(&disk);
    disk.most = 3;
    disk.interrupted = true;
    add(&changes, 0, 7, "a longer text");
    int result = changes_make(&changes, 0, &disk.target);
    disk.interrupted = false;
    if (result != EXIT_OK) /* the flush itself was interrupted: not tried again, for nobody knows what it did */
        assert_int_equal(disk.calls[disk.call_count - 1], 'F');
    assert_memory_equal(disk.cache + 7, "a longer text", 13);
    changes_free(&changes);
}

static void each_failure_ends_the_phase(void **state)
{
    (void)state;
    struct changes changes = {0};
    add(&changes, 0, 0, "first");
    add(&changes, 0, 512, "second");
    for (int at = 0; at < 3; at++) {
        fault_disk_init(&disk);
        disk.fail_at = at;
        disk.error = at == 1 ? ENOSPC : EIO;
        assert_int_equal(changes_make(&changes, 0, &disk.target), EXIT_IO);
        assert_int_equal(disk.call_count, at + 1);
        assert_int_equal(disk.medium[0], 0); /* nothing was flushed */
    }
    fault_disk_init(&disk);
    add(&changes, 1, FAULT_DISK_SIZE - 2, "over the end");
    assert_int_equal(changes_make(&changes, 1, &disk.target), EXIT_IO);
    changes_free(&changes);
}

static enum status read_medium(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    (void)error;
    memcpy(to, (uint8_t *)block->context + offset, size);
    return STATUS_OK;
}

static void result_can_be_read_before_it_is_there(void **state)
{
    (void)state;
    struct changes changes = {0};
    struct changed_block changed;
    struct error error;
    char text[16] = {0};
    fault_disk_init(&disk);
    memset(disk.medium, '.', sizeof disk.medium);
    struct block base = {.read = read_medium, .size = FAULT_DISK_SIZE, .sector_size = 512, .context = disk.medium};
    add(&changes, 0, 102, "abcdef");
    add(&changes, 1, 104, "XY");
    changed_block_init(&changed, &base, &changes);
    assert_int_equal(block_read(&changed.block, 100, 10, text, &error), STATUS_OK);
    assert_string_equal(text, "..abXYef..");
    assert_int_equal(block_read(&changed.block, 105, 2, text, &error), STATUS_OK);
    assert_memory_equal(text, "Ye", 2);
    assert_int_equal(disk.medium[102], '.');
    changes_free(&changes);
}

static void differences_are_whole_sectors(void **state)
{
    (void)state;
    struct changes changes = {0};
    static uint8_t before[2048 + 100], after[2048 + 100];
    after[512] = after[1535] = after[2100] = 1;
    assert_int_equal(changes_add_difference(&changes, 0, 4096, before, after, sizeof before), EXIT_OK);
    assert_int_equal(changes.count, 2);
    assert_int_equal(changes.list[0].offset, 4096 + 512);
    assert_int_equal(changes.list[0].size, 1024);
    assert_int_equal(changes.list[1].offset, 4096 + 2048);
    assert_int_equal(changes.list[1].size, 100);
    changes_free(&changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_end_in_a_flush),
        cmocka_unit_test(phases_do_not_go_back),
        cmocka_unit_test(short_and_interrupted_writes_go_on),
        cmocka_unit_test(each_failure_ends_the_phase),
        cmocka_unit_test(result_can_be_read_before_it_is_there),
        cmocka_unit_test(differences_are_whole_sectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
