#include "cmocka_all.h"

#include "address_plan.h"
#include "checked.h"

#include <string.h>

#define TOP 0xffffffff80000000ull

/* A kernel of one executable and one writable page at `base`, with every wish at its default. */
static struct kernel_plan kernel_at(uint64_t base, bool relocatable)
{
    struct kernel_plan kernel = {
        .elf = {.relocatable = relocatable,
                .entry = base + 0x10,
                .lowest = base,
                .highest = base + 2 * PAGE_SIZE,
                .alignment = PAGE_SIZE,
                .block_count = 1,
                .blocks = {{base, 2 * PAGE_SIZE}}},
        .stack_size = 16 * PAGE_SIZE,
        .stack = {WISH_ANYWHERE, 0},
        .base = {WISH_ANYWHERE, 0},
        .boot_info = {WISH_ANYWHERE, 0},
        .framebuffer = {WISH_ANYWHERE, 0},
        .ramdisk = {WISH_ANYWHERE, 0},
        .dynamic_start = 0xffff800000000000ull,
        .dynamic_end = 0xffffffffffe00000ull,
    };
    return kernel;
}

static struct address_needs needs_of(const struct kernel_plan *kernel)
{
    return (struct address_needs){
        .kernel = kernel,
        .boot_info_size = 5000,
        .handoff_size = 3 * PAGE_SIZE,
        .framebuffer_phys = 0xfd000123,
        .framebuffer_size = 1024 * 768 * 4,
        .ramdisk_size = 3 * SIZE_2M + 1,
        .module_sizes = {1, PAGE_SIZE, PAGE_SIZE + 1},
        .module_count = 3,
        .window_size = 6 * SIZE_1G,
    };
}

/* The list of ranges is sorted, disjoint, outside the null page and the non-canonical hole. */
static void check_space(const struct address_space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        const struct address_range *range = &space->ranges[i];
        assert_true(range->start <= range->last);
        assert_true(range->last < 0x800000000000ull || range->start >= 0xffff800000000000ull);
        if (i != 0)
            assert_true(space->ranges[i - 1].last < range->start);
    }
}

static void everything_gets_its_place(void **state)
{
    (void)state;
    static struct address_plan plan;
    struct error error;
    struct kernel_plan kernel = kernel_at(0, true);
    kernel.elf.alignment = SIZE_2M;
    kernel.physical_memory.kind = WISH_ANYWHERE;
    kernel.recursive.kind = WISH_ANYWHERE;
    struct address_needs needs = needs_of(&kernel);
    assert_int_equal(address_plan_make(&needs, &plan, &error), STATUS_OK);
    check_space(&plan.space);
    assert_int_equal(plan.bias % SIZE_2M, 0);
    assert_int_equal(plan.entry, plan.bias + 0x10);
    assert_int_equal(plan.framebuffer % PAGE_SIZE, 0x123);
    assert_int_equal(plan.framebuffer % SIZE_2M, 0xfd000123 % SIZE_2M);
    assert_int_equal(plan.ramdisk % SIZE_2M, 0);
    assert_true(plan.window_mapped);
    assert_int_equal(plan.window % SIZE_1G, 0);
    assert_true(plan.recursive_mapped);
    assert_in_range(plan.recursive_slot, 256, 511);
    for (int i = 0; i < 3; i++)
        assert_true(plan.modules[i] != 0 && plan.modules[i] % PAGE_SIZE == 0);
}

static void fixed_wishes_are_kept(void **state)
{
    (void)state;
    static struct address_plan plan;
    struct error error;
    struct kernel_plan kernel = kernel_at(TOP, false);
    kernel.stack = (struct wish){WISH_FIXED, 0xffffffffc0000000ull};
    kernel.boot_info = (struct wish){WISH_FIXED, 0xffffffffd0000000ull};
    kernel.framebuffer = (struct wish){WISH_FIXED, 0xfffffffff0000000ull};
    kernel.ramdisk = (struct wish){WISH_FIXED, 0x100000000ull};
    kernel.physical_memory = (struct wish){WISH_FIXED, 0xffff900000000000ull};
    kernel.recursive = (struct wish){WISH_FIXED, 0xfffffe8000000000ull};
    struct address_needs needs = needs_of(&kernel);
    assert_int_equal(address_plan_make(&needs, &plan, &error), STATUS_OK);
    check_space(&plan.space);
    assert_int_equal(plan.bias, 0);
    assert_int_equal(plan.stack, 0xffffffffc0000000ull);
    assert_int_equal(plan.boot_info, 0xffffffffd0000000ull);
    assert_int_equal(plan.framebuffer, 0xfffffffff0000123ull);
    assert_int_equal(plan.ramdisk, 0x100000000ull);
    assert_int_equal(plan.window, 0xffff900000000000ull);
    assert_int_equal(plan.recursive_slot, 509);
}

static void collisions_name_both(void **state)
{
    (void)state;
    const struct {
        struct wish stack, window;
        const char *first, *second;
    } rows[] = {
        {{WISH_FIXED, TOP}, {WISH_NOWHERE, 0}, "stack", "kernel"},
        {{WISH_FIXED, TOP + 2 * PAGE_SIZE}, {WISH_NOWHERE, 0}, "stack", "kernel"}, /* its guard page */
        {{WISH_ANYWHERE, 0}, {WISH_FIXED, TOP - SIZE_1G}, "physical memory", "kernel"},
        {{WISH_FIXED, 0xffff900000000000ull}, {WISH_FIXED, 0xffff900000000000ull}, "physical memory", "stack"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct address_plan plan;
        struct error error;
        struct kernel_plan kernel = kernel_at(TOP, false);
        kernel.stack = rows[i].stack;
        kernel.physical_memory = rows[i].window;
        struct address_needs needs = needs_of(&kernel);
        needs.window_size = 2 * SIZE_1G;
        assert_int_equal(address_plan_make(&needs, &plan, &error), STATUS_ADDRESS_COLLISION);
        assert_non_null(strstr(error.text, rows[i].first));
        assert_non_null(strstr(error.text, rows[i].second));
    }
}

static void a_null_page_kernel_is_placed(void **state)
{
    (void)state;
    static struct address_plan plan;
    struct error error;
    struct kernel_plan kernel = kernel_at(0, false);
    struct address_needs needs = needs_of(&kernel);
    assert_int_equal(address_plan_make(&needs, &plan, &error), STATUS_OK);
    assert_int_equal(plan.bias, 0);
}

static void a_narrow_range_is_used_up(void **state)
{
    (void)state;
    static struct address_plan plan;
    struct error error;
    struct kernel_plan kernel = kernel_at(TOP, false);
    kernel.dynamic_start = 0x10000000;
    kernel.dynamic_end = 0x10000000 + 64 * PAGE_SIZE;
    struct address_needs needs = needs_of(&kernel);
    assert_int_equal(address_plan_make(&needs, &plan, &error), STATUS_ADDRESS_EXHAUSTED);
    assert_non_null(strstr(error.text, "ramdisk"));
}

static void what_is_absent_gets_no_address(void **state)
{
    (void)state;
    static struct address_plan plan;
    struct error error;
    struct kernel_plan kernel = kernel_at(TOP, false);
    kernel.framebuffer.kind = WISH_NOWHERE;
    struct address_needs needs = needs_of(&kernel);
    needs.ramdisk_size = 0;
    assert_int_equal(address_plan_make(&needs, &plan, &error), STATUS_OK);
    assert_int_equal(plan.framebuffer, 0);
    assert_int_equal(plan.ramdisk, 0);
    assert_false(plan.window_mapped);
    assert_false(plan.recursive_mapped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_gets_its_place), cmocka_unit_test(fixed_wishes_are_kept),
        cmocka_unit_test(collisions_name_both),      cmocka_unit_test(a_null_page_kernel_is_placed),
        cmocka_unit_test(a_narrow_range_is_used_up), cmocka_unit_test(what_is_absent_gets_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
