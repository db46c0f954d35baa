/* 256 random layouts of an address space: spread over all of it, never overlapping, the same for the same seed. The
 * seeds are 0 to 255, so each run of the test sees the same layouts. */
#include "cmocka_all.h"

#include "address_plan.h"
#include "checked.h"

#include <string.h>

#define LAYOUTS 256u
#define START 0xffff800000000000ull
#define END 0xffffffffffe00000ull
#define BUCKETS 16u

static struct address_plan plans[LAYOUTS];
static struct kernel_plan kernel;
static struct address_needs needs;
static struct random dice;
static struct error error;

static int set_up(void **state)
{
    (void)state;
    const struct wish anywhere = {WISH_ANYWHERE, 0};
    kernel = (struct kernel_plan){
        .elf = {.relocatable = true,
                .lowest = 0,
                .highest = 300 * PAGE_SIZE,
                .entry = 0x10,
                .alignment = PAGE_SIZE,
                .block_count = 1,
                .blocks = {{0, 300 * PAGE_SIZE}}},
        .stack_size = 16 * PAGE_SIZE,
        .stack = anywhere,
        .base = anywhere,
        .boot_info = anywhere,
        .framebuffer = anywhere,
        .physical_memory = anywhere,
        .recursive = anywhere,
        .ramdisk = anywhere,
        .dynamic_start = START,
        .dynamic_end = END,
        .aslr = true,
    };
    needs = (struct address_needs){
        .kernel = &kernel,
        .boot_info_size = 1u << 20,
        .handoff_size = 3 * PAGE_SIZE,
        .framebuffer_phys = 0xfd000000,
        .framebuffer_size = 1280 * 800 * 4,
        .ramdisk_size = 3 * SIZE_2M + 1,
        .module_sizes = {1, PAGE_SIZE, SIZE_2M},
        .module_count = 3,
        .window_size = 6 * SIZE_1G,
        .random = &dice,
    };
    return 0;
}

static enum status draw(uint32_t seed, struct address_plan *plan)
{
    random_start(&dice, "test", &seed, sizeof seed);
    return address_plan_make(&needs, plan, &error);
}

static void draw_all(void)
{
    for (uint32_t seed = 0; seed < LAYOUTS; seed++)
        assert_int_equal(draw(seed, &plans[seed]), STATUS_OK);
}

static const struct address_part *part_of(const struct address_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->part_count; i++)
        if (strcmp(plan->parts[i].name, name) == 0)
            return &plan->parts[i];
    fail_msg("no part is called %s", name);
    return NULL;
}

static bool apart(const struct address_part *a, const struct address_part *b)
{
    return a->address + a->size < b->address || b->address + b->size < a->address; /* not even touching */
}

/* By the parts themselves, without the code that placed them. */
static void check_layout(const struct address_plan *plan, size_t part_count)
{
    assert_int_equal(plan->part_count, part_count);
    for (size_t i = 0; i < plan->part_count; i++) {
        const struct address_part *part = &plan->parts[i];
        assert_int_equal((part->address | part->size) % PAGE_SIZE, 0);
        assert_true(part->address >= kernel.dynamic_start && part->address + part->size <= kernel.dynamic_end);
        assert_true(part->size < SIZE_2M || part->address % SIZE_2M == 0 || strcmp(part->name, "kernel") == 0 ||
                    strcmp(part->name, "stack") == 0);
        for (size_t k = 0; k < i; k++)
            assert_true(apart(part, &plan->parts[k]));
    }
    assert_int_equal(plan->window % SIZE_1G, 0);
    assert_int_equal(plan->entry, plan->bias + 0x10);
}

static void nothing_overlaps(void **state)
{
    (void)state;
    draw_all();
    for (unsigned i = 0; i < LAYOUTS; i++) {
        check_layout(&plans[i], 11);
        assert_false(plans[i].cramped);
    }
}

/* 256 values in 16 buckets: each holds 16 on average, with a standard deviation of 3.9; 36 is five of those away. */
static void check_buckets(const unsigned counts[BUCKETS])
{
    for (unsigned i = 0; i < BUCKETS; i++)
        assert_in_range(counts[i], 1, 36);
}

/* Both ends of the address are random: where in the range it lies, and its last bits. */
static void check_spread(const char *name, uint64_t granularity)
{
    unsigned high[BUCKETS] = {0}, low[BUCKETS] = {0};
    for (unsigned i = 0; i < LAYOUTS; i++) {
        uint64_t distance = part_of(&plans[i], name)->address - START;
        high[distance / ((END - START) / BUCKETS + 1)]++;
        low[distance / granularity % BUCKETS]++;
    }
    check_buckets(high);
    check_buckets(low);
}

static unsigned count_equal(const char *name)
{
    unsigned equal = 0;
    for (unsigned i = 0; i < LAYOUTS; i++)
        for (unsigned k = 0; k < i; k++)
            equal += part_of(&plans[i], name)->address == part_of(&plans[k], name)->address;
    return equal;
}

static void addresses_spread_over_the_whole_range(void **state)
{
    (void)state;
    draw_all();
    static const struct {
        const char *name;
        uint64_t granularity;
        unsigned bits;
    } rows[] = {
        {"kernel", PAGE_SIZE, 34},  {"stack", PAGE_SIZE, 34},         {"boot info", PAGE_SIZE, 34},
        {"handoff", PAGE_SIZE, 34}, {"ramdisk", SIZE_2M, 25},         {"framebuffer", SIZE_2M, 25},
        {"module", SIZE_2M, 25},    {"physical memory", SIZE_1G, 16},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        check_spread(rows[i].name, rows[i].granularity);
        for (unsigned k = 0; k < LAYOUTS; k++)
            assert_true(part_of(&plans[k], rows[i].name)->places >> rows[i].bits != 0);
        if (rows[i].bits > 20) /* the birthday paradox: once in a thousand such tests */
            assert_int_equal(count_equal(rows[i].name), 0);
    }
    /* 2^17 places: a pair of 256 meets once in four. */
    assert_in_range(count_equal("physical memory"), 0, 4);
    /* 255 slots, the last being cut by the range's end: 256 draws leave a third of them out. */
    bool slots[512] = {false};
    unsigned used = 0;
    for (unsigned i = 0; i < LAYOUTS; i++) {
        assert_in_range(plans[i].recursive_slot, 256, 510);
        used += !slots[plans[i].recursive_slot];
        slots[plans[i].recursive_slot] = true;
    }
    assert_in_range(used, 130, 195);
}

/* No part can be worked out from another: their distances are as random as they are. */
static void distances_spread_too(void **state)
{
    (void)state;
    draw_all();
    for (size_t a = 0; a < plans[0].part_count; a++) {
        for (size_t b = 0; b < a; b++) {
            unsigned counts[BUCKETS] = {0};
            for (unsigned i = 0; i < LAYOUTS; i++)
                counts[(plans[i].parts[a].address - plans[i].parts[b].address) >> 43 & (BUCKETS - 1)]++;
            check_buckets(counts);
        }
    }
}

static bool same_layout(const struct address_plan *a, const struct address_plan *b)
{
    for (size_t i = 0; i < a->part_count; i++)
        if (a->parts[i].address != b->parts[i].address)
            return false;
    return a->part_count == b->part_count;
}

static void the_same_seed_gives_the_same_layout(void **state)
{
    (void)state;
    static struct address_plan again;
    draw_all();
    for (uint32_t seed = 0; seed < LAYOUTS; seed++) {
        assert_int_equal(draw(seed, &again), STATUS_OK);
        assert_true(same_layout(&again, &plans[seed]));
        assert_false(same_layout(&again, &plans[(seed + 1) % LAYOUTS]));
    }
}

static void what_is_fixed_stays(void **state)
{
    (void)state;
    kernel.elf.relocatable = false; /* at 0xffffffff80000000 */
    kernel.elf.lowest = 0xffffffff80000000;
    kernel.elf.highest += kernel.elf.lowest;
    kernel.elf.blocks[0].address = kernel.elf.lowest;
    kernel.elf.entry += kernel.elf.lowest;
    kernel.base = (struct wish){WISH_FIXED, kernel.elf.lowest};
    kernel.boot_info = (struct wish){WISH_FIXED, 0x7000};
    kernel.recursive = (struct wish){WISH_FIXED, 0xffff900000000000};
    for (uint32_t seed = 0; seed < LAYOUTS; seed++) {
        static struct address_plan plan;
        assert_int_equal(draw(seed, &plan), STATUS_OK);
        assert_int_equal(plan.bias, 0);
        assert_int_equal(plan.boot_info, 0x7000);
        assert_int_equal(part_of(&plan, "boot info")->places, 0);
        assert_int_equal(plan.recursive_slot, 288);
        for (size_t i = 0; i < plan.part_count; i++) {
            struct address_part image = {"kernel", kernel.elf.lowest, 300 * PAGE_SIZE, 0};
            assert_true(apart(&image, &plan.parts[i]));
        }
    }
}

/* Ranges that end inside a 512 GiB slot, a GiB, a large page: to the page. */
static void narrow_ranges_are_kept(void **state)
{
    (void)state;
    kernel.recursive.kind = WISH_NOWHERE;
    kernel.physical_memory.kind = WISH_NOWHERE;
    kernel.dynamic_start = 0x123456789000;
    kernel.dynamic_end = 0x123456789000 + 64 * SIZE_2M + 5 * PAGE_SIZE;
    for (uint32_t seed = 0; seed < LAYOUTS; seed++) {
        static struct address_plan plan;
        assert_int_equal(draw(seed, &plan), STATUS_OK);
        check_layout(&plan, 9);
    }
}

/* The least range that the lowest addresses need: there chance finds nothing, and must not refuse the kernel. */
static void chance_never_refuses_what_fits(void **state)
{
    (void)state;
    static struct address_plan plan;
    kernel.recursive.kind = WISH_NOWHERE;
    kernel.physical_memory.kind = WISH_NOWHERE;
    kernel.dynamic_start = 0x40000000;
    kernel.dynamic_end = kernel.dynamic_start + PAGE_SIZE;
    needs.ramdisk_size = needs.framebuffer_size = 0; /* pages fill every gap, large pages do not */
    needs.module_sizes[2] = needs.boot_info_size = 1;
    needs.random = NULL;
    while (address_plan_make(&needs, &plan, &error) == STATUS_ADDRESS_EXHAUSTED)
        kernel.dynamic_end += PAGE_SIZE;
    needs.random = &dice;
    unsigned cramped = 0;
    for (uint32_t seed = 0; seed < LAYOUTS; seed++) {
        assert_int_equal(draw(seed, &plan), STATUS_OK);
        check_layout(&plan, 7);
        cramped += plan.cramped;
    }
    assert_in_range(cramped, 1, LAYOUTS); /* 62: often enough, chance does find one of the few ways */
    kernel.dynamic_end -= PAGE_SIZE;
    assert_int_equal(draw(0, &plan), STATUS_ADDRESS_EXHAUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_overlaps, set_up),
        cmocka_unit_test_setup(addresses_spread_over_the_whole_range, set_up),
        cmocka_unit_test_setup(distances_spread_too, set_up),
        cmocka_unit_test_setup(the_same_seed_gives_the_same_layout, set_up),
        cmocka_unit_test_setup(what_is_fixed_stays, set_up),
        cmocka_unit_test_setup(narrow_ranges_are_kept, set_up),
        cmocka_unit_test_setup(chance_never_refuses_what_fits, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
