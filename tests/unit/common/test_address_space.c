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

/* --- at random --------------------------------------------------------------------------------------------------- */

#define SMALL_PAGES 48u

/* Whether [start, start + size) and the page on either side touch no range: looked up without any of the space's code.
 */
static bool may_lie(uint64_t start, uint64_t size)
{
    for (size_t i = 0; i < space.count; i++)
        if (start < space.ranges[i].last + 1 + PAGE_SIZE && space.ranges[i].start < start + size + PAGE_SIZE)
            return false;
    return true;
}

/* A few ranges of one to five pages, the same for each seed. */
static void make_small_space(unsigned seed, uint64_t base)
{
    srand(seed);
    address_space_init(&space, base, base + SMALL_PAGES * PAGE_SIZE);
    for (unsigned i = 0; i < seed % 5; i++) {
        uint64_t page = (uint64_t)rand() % (SMALL_PAGES + 8), pages = 1 + (uint64_t)rand() % 5;
        address_space_fix(&space, base - 4 * PAGE_SIZE + page * PAGE_SIZE, pages * PAGE_SIZE, "wall", &error);
    }
}

static void a_draw_can_give_all_places_and_no_other(void **state)
{
    (void)state;
    const uint64_t base = 0x40000000;
    for (unsigned seed = 0; seed < 60; seed++) {
        uint64_t size = (1 + seed % 3) * PAGE_SIZE, alignment = PAGE_SIZE << (seed % 4);
        uint64_t offset = seed % 2 == 0 ? 0 : alignment - PAGE_SIZE, wanted = 0, found = 0;
        bool drawn[SMALL_PAGES] = {false};
        make_small_space(seed, base);
        for (uint64_t at = base; at + size <= base + SMALL_PAGES * PAGE_SIZE; at += PAGE_SIZE)
            wanted += at % alignment == offset && may_lie(at, size);
        struct random random;
        random_start(&random, "test", &seed, sizeof seed);
        for (unsigned i = 0; i < 600; i++) {
            struct address_draw draw = {0, 0};
            enum status status = address_space_draw(&space, size, alignment, offset, "thing", &random, &draw, &error);
            if (wanted == 0) {
                assert_int_equal(status, STATUS_ADDRESS_EXHAUSTED);
                break;
            }
            assert_int_equal(status, STATUS_OK);
            assert_int_equal(draw.places, wanted);
            make_small_space(seed, base);
            assert_true(draw.address >= base && draw.address + size <= base + SMALL_PAGES * PAGE_SIZE);
            assert_true(draw.address % alignment == offset && may_lie(draw.address, size));
            found += !drawn[(draw.address - base) / PAGE_SIZE];
            drawn[(draw.address - base) / PAGE_SIZE] = true;
        }
        assert_int_equal(found, wanted);
    }
}

static void a_draw_knows_the_edges_of_the_halves(void **state)
{
    (void)state;
    struct random random;
    random_start(&random, "test", "edges", 5);
    bool lower = false, upper = false;
    for (unsigned i = 0; i < 200; i++) {
        struct address_draw draw = {0, 0};
        address_space_init(&space, 0x7ffffffe0000,
                           UPPER + 0x20000); /* 32 pages on either side of what does not exist */
        assert_int_equal(address_space_draw(&space, 2 * PAGE_SIZE, PAGE_SIZE, 0, "thing", &random, &draw, &error),
                         STATUS_OK);
        assert_int_equal(draw.places, 2 * 31);
        lower |= draw.address < 0x800000000000;
        upper |= draw.address >= UPPER;
        assert_true(draw.address + 2 * PAGE_SIZE <= 0x800000000000 || draw.address >= UPPER);
    }
    assert_true(lower && upper);
}

static void a_draw_never_takes_the_null_page(void **state)
{
    (void)state;
    struct random random;
    random_start(&random, "test", "null", 4);
    for (unsigned i = 0; i < 50; i++) {
        struct address_draw draw = {0, 0};
        address_space_init(&space, 0, 3 * PAGE_SIZE);
        assert_int_equal(address_space_draw(&space, PAGE_SIZE, PAGE_SIZE, 0, "thing", &random, &draw, &error),
                         STATUS_OK);
        assert_int_equal(draw.places, 2);
        assert_true(draw.address == PAGE_SIZE || draw.address == 2 * PAGE_SIZE);
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
        cmocka_unit_test(a_draw_can_give_all_places_and_no_other),
        cmocka_unit_test(a_draw_knows_the_edges_of_the_halves),
        cmocka_unit_test(a_draw_never_takes_the_null_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
