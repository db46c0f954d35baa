#include "cmocka_all.h"

#include "address_space.h"
#include "checked.h"

#include <stdlib.h>
#include <string.h>

#define UPPER 0xffff800000000000ull

static struct address_space space;
static struct error error;

static enum status fix(uint64_t address, uint64_t size, const char *name)
{
    return address_space_fix(&space, address, size, name, &error);
}

static uint64_t place(uint64_t size, uint64_t alignment, uint64_t offset)
{
    uint64_t address = 0;
    assert_int_equal(address_space_place(&space, size, alignment, offset, "thing", &address, &error), STATUS_OK);
    return address;
}

static void fixed_ranges_are_checked(void **state)
{
    (void)state;
    static const struct {
        uint64_t address, size;
        enum status status;
    } cases[] = {
        {0, PAGE_SIZE, STATUS_OK}, /* an ET_EXEC kernel may */
        {0x1000, 0, STATUS_ADDRESS_INVALID},
        {0x1001, PAGE_SIZE, STATUS_ADDRESS_INVALID},
        {0x1000, PAGE_SIZE - 1, STATUS_ADDRESS_INVALID},
        {0x7ffffffff000, PAGE_SIZE, STATUS_OK},
        {0x7fffffffe000, 3 * PAGE_SIZE, STATUS_ADDRESS_INVALID},
        {0x800000000000, PAGE_SIZE, STATUS_ADDRESS_INVALID},
        {0xffff7ffffffff000, PAGE_SIZE, STATUS_ADDRESS_INVALID},
        {0xffff7ffffffff000, 2 * PAGE_SIZE, STATUS_ADDRESS_INVALID},
        {0x7ffffffff000, UPPER, STATUS_ADDRESS_INVALID},
        {UPPER, PAGE_SIZE, STATUS_OK},
        {0xfffffffffffff000, PAGE_SIZE, STATUS_OK},
        {0xfffffffffffff000, 2 * PAGE_SIZE, STATUS_ADDRESS_INVALID},
        {0x1000, 0xfffffffffffff000, STATUS_ADDRESS_INVALID},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        address_space_init(&space, UPPER, 0xffffffffffe00000);
        assert_int_equal(fix(cases[i].address, cases[i].size, "kernel"), cases[i].status);
        assert_int_equal(space.count, cases[i].status == STATUS_OK);
    }
}

static void collisions_name_both(void **state)
{
    (void)state;
    address_space_init(&space, UPPER, 0xffffffffffe00000);
    assert_int_equal(fix(0x400000, 0x3000, "kernel"), STATUS_OK);
    assert_int_equal(fix(0x403000, 0x1000, "neighbour"), STATUS_OK);
    assert_int_equal(fix(0x402000, 0x1000, "stack"), STATUS_ADDRESS_COLLISION);
    assert_string_equal(error.text, "stack at 0x402000..0x402fff collides with kernel at 0x400000..0x402fff");
    assert_int_equal(fix(0x3ff000, 0x2000, "stack"), STATUS_ADDRESS_COLLISION);
    assert_int_equal(fix(0x300000, 0x900000, "stack"), STATUS_ADDRESS_COLLISION);
    assert_int_equal(fix(0x3ff000, 0x1000, "stack"), STATUS_OK);
    assert_int_equal(space.count, 3);
}

static void names_are_cut(void **state)
{
    (void)state;
    address_space_init(&space, UPPER, 0xffffffffffe00000);
    assert_int_equal(fix(0x1000, 0x1000, "a name that is longer than its place"), STATUS_OK);
    assert_string_equal(space.ranges[0].name, "a name that is longer t");
}

static void free_ranges_keep_their_distance(void **state)
{
    (void)state;
    address_space_init(&space, UPPER, 0xffffffffffe00000);
    assert_int_equal(place(0x3000, PAGE_SIZE, 0), UPPER);
    assert_int_equal(place(0x1000, PAGE_SIZE, 0), UPPER + 0x4000);
    assert_int_equal(fix(UPPER + 0x7000, 0x1000, "fixed"), STATUS_OK);
    assert_int_equal(place(0x1000, PAGE_SIZE, 0), UPPER + 0x9000); /* 0x6000 would touch the fixed one */
    assert_int_equal(place(0x1000, SIZE_2M, 0x5000), UPPER + SIZE_2M + 0x5000);
    assert_int_equal(place(0x1000, SIZE_2M, 0xb000), UPPER + 0xb000);
}

static void the_null_page_and_the_hole_stay_free(void **state)
{
    (void)state;
    address_space_init(&space, 0, 0xfffffffffffff000);
    assert_int_equal(place(0x1000, PAGE_SIZE, 0), 0x1000);
    assert_int_equal(place(0x7ffffff00000, PAGE_SIZE, 0), 0x3000);
    assert_int_equal(place(0x100000, PAGE_SIZE, 0), UPPER); /* the rest of the lower half is too short */

    address_space_init(&space, 0, 0xfffffffffffff000);
    assert_int_equal(fix(0, 0x1000, "null page"), STATUS_OK);
    assert_int_equal(place(0x1000, PAGE_SIZE, 0), 0x2000);
}

static void ranges_before_the_dynamic_one_count(void **state)
{
    (void)state;
    address_space_init(&space, UPPER + 0x10000, UPPER + 0x20000);
    assert_int_equal(fix(UPPER + 0xf000, 0x1000, "before"), STATUS_OK);
    assert_int_equal(fix(UPPER + 0x20000, 0x1000, "behind"), STATUS_OK);
    assert_int_equal(place(0xe000, PAGE_SIZE, 0), UPPER + 0x11000); /* a page free on either side */
}

static void exhaustion_says_what_was_wanted(void **state)
{
    (void)state;
    uint64_t address = 7;
    address_space_init(&space, UPPER, UPPER + 0x10000);
    assert_int_equal(address_space_place(&space, 0x11000, PAGE_SIZE, 0, "ramdisk", &address, &error),
                     STATUS_ADDRESS_EXHAUSTED);
    assert_string_equal(error.text, "ramdisk: no 0x11000 free bytes, aligned to 0x1000, in the dynamic range "
                                    "0xffff800000000000..0xffff800000010000: widen it");
    assert_int_equal(place(0x10000, PAGE_SIZE, 0), UPPER);
    static const uint64_t sizes[] = {0x1000, 1ull << 47, 0xfffffffffffff000};
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++)
        assert_int_equal(address_space_place(&space, sizes[i], 1ull << 63, 0, "ramdisk", &address, &error),
                         STATUS_ADDRESS_EXHAUSTED);
    assert_int_equal(address, 7);

    address_space_init(&space, 0x20000, 0x10000); /* upside down: holds nothing */
    assert_int_equal(address_space_place(&space, 0x1000, PAGE_SIZE, 0, "stack", &address, &error),
                     STATUS_ADDRESS_EXHAUSTED);
}

static void impossible_wishes_are_our_bug(void **state)
{
    (void)state;
    static const uint64_t cases[][3] = {
        {0, PAGE_SIZE, 0},      {0x800, PAGE_SIZE, 0},       {PAGE_SIZE, 0x800, 0},
        {PAGE_SIZE, 0x3000, 0}, {PAGE_SIZE, 0x2000, 0x2000}, {PAGE_SIZE, 0x2000, 0x800},
    };
    uint64_t address;
    address_space_init(&space, UPPER, 0xffffffffffe00000);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(address_space_place(&space, cases[i][0], cases[i][1], cases[i][2], "thing", &address, &error),
                         STATUS_INTERNAL);
}

static void the_list_has_an_end(void **state)
{
    (void)state;
    uint64_t address;
    address_space_init(&space, UPPER, 0xffffffffffe00000);
    for (unsigned i = 0; i < ADDRESS_SPACE_LIMIT; i++)
        assert_int_equal(place(PAGE_SIZE, PAGE_SIZE, 0), UPPER + i * 2 * PAGE_SIZE);
    assert_int_equal(address_space_place(&space, PAGE_SIZE, PAGE_SIZE, 0, "one more", &address, &error),
                     STATUS_ADDRESS_EXHAUSTED);
    assert_int_equal(fix(0x1000, 0x1000, "one more"), STATUS_ADDRESS_EXHAUSTED);
    assert_non_null(strstr(error.text, "256 ranges"));
}

/* --- against a model: one flag a page of a small window ------------------------------------------------------------
 */

#define WINDOW_PAGES 96u

static bool taken[WINDOW_PAGES + 2]; /* [0] and the last: the pages around the window, always free */

static bool model_free(uint64_t page, uint64_t pages)
{
    for (uint64_t i = page; i < page + pages; i++)
        if (taken[i + 1])
            return false;
    return true;
}

static bool model_place(uint64_t pages, uint64_t alignment, uint64_t offset, uint64_t *page)
{
    for (uint64_t at = offset; at + pages <= WINDOW_PAGES; at += alignment) {
        if (model_free(at, pages) && !taken[at] && !taken[at + pages + 1]) {
            *page = at;
            return true;
        }
    }
    return false;
}

static void model_take(uint64_t page, uint64_t pages)
{
    for (uint64_t i = page; i < page + pages; i++)
        taken[i + 1] = true;
}

static void check_order(void)
{
    for (size_t i = 1; i < space.count; i++)
        assert_true(space.ranges[i - 1].last < space.ranges[i].start);
}

static void random_ranges_equal_the_model(void **state)
{
    (void)state;
    srand(1);
    for (unsigned round = 0; round < 3000; round++) {
        memset(taken, 0, sizeof taken);
        address_space_init(&space, UPPER, UPPER + WINDOW_PAGES * PAGE_SIZE);
        for (unsigned step = 0; step < 40; step++) {
            uint64_t pages = 1 + (uint64_t)(rand() % 12), page = (uint64_t)rand() % (WINDOW_PAGES - pages), address;
            if (step % 3 == 0) {
                bool room = model_free(page, pages);
                assert_int_equal(fix(UPPER + page * PAGE_SIZE, pages * PAGE_SIZE, "fixed"),
                                 room ? STATUS_OK : STATUS_ADDRESS_COLLISION);
                if (room)
                    model_take(page, pages);
                continue;
            }
            uint64_t alignment = 1ull << rand() % 5, offset = (uint64_t)rand() % alignment;
            bool room = model_place(pages, alignment, offset, &page);
            assert_int_equal(address_space_place(&space, pages * PAGE_SIZE, alignment * PAGE_SIZE, offset * PAGE_SIZE,
                                                 "free", &address, &error),
                             room ? STATUS_OK : STATUS_ADDRESS_EXHAUSTED);
            if (room) {
                assert_int_equal(address, UPPER + page * PAGE_SIZE);
                model_take(page, pages);
            }
        }
        check_order();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_ranges_are_checked),
        cmocka_unit_test(collisions_name_both),
        cmocka_unit_test(names_are_cut),
        cmocka_unit_test(free_ranges_keep_their_distance),
        cmocka_unit_test(the_null_page_and_the_hole_stay_free),
        cmocka_unit_test(ranges_before_the_dynamic_one_count),
        cmocka_unit_test(exhaustion_says_what_was_wanted),
        cmocka_unit_test(impossible_wishes_are_our_bug),
        cmocka_unit_test(the_list_has_an_end),
        cmocka_unit_test(random_ranges_equal_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
