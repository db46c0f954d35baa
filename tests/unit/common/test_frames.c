/* Taking memory from a firmware of a few regions, which may refuse a claim and have its map change. */
#include "cmocka_all.h"

#include "checked.h"
#include "firmware.h"
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#define MIB (1ull << 20)
#define REGIONS_MAX 64u

static struct {
    struct boot_memory_region raw[REGIONS_MAX];
    size_t count;
    struct boot_memory_region storage[4 * REGIONS_MAX + 1];
    unsigned map_calls, claim_calls;
    unsigned busy;      /* so many claims are refused */
    uint64_t busy_phys; /* and any that touches this page, for ever; 0: none */
    bool busy_shows;    /* what was refused as busy is RESERVED from then on */
    enum status map_status, claim_status;
} machine;

static struct frames frames;
static struct error error;

enum status firmware_memory_map(struct memmap *map, struct error *out)
{
    machine.map_calls++;
    if (machine.map_status != STATUS_OK)
        return error_set(out, machine.map_status, "no map");
    *map = (struct memmap){machine.storage, 0, ARRAY_LENGTH(machine.storage)};
    for (size_t i = 0; i < machine.count; i++)
        memmap_add(map, machine.raw[i].phys, machine.raw[i].size, machine.raw[i].type, 1, out);
    return memmap_normalise(map, out);
}

static void add(uint64_t phys, uint64_t size, uint32_t type)
{
    machine.raw[machine.count++] = (struct boot_memory_region){.phys = phys, .size = size, .type = type};
}

enum status firmware_claim(uint64_t phys, uint64_t pages, struct error *out)
{
    uint32_t type = BOOT_MEMORY_BAD;
    machine.claim_calls++;
    for (uint64_t at = phys; at < phys + pages * PAGE_SIZE; at += PAGE_SIZE)
        assert_true(memmap_type_at(&frames.map, at, &type) && type == BOOT_MEMORY_USABLE);
    if (machine.claim_status != STATUS_OK)
        return error_set(out, machine.claim_status, "out of order");
    bool touched = machine.busy_phys != 0 && machine.busy_phys - phys < pages * PAGE_SIZE;
    if (machine.busy == 0 && !touched)
        return STATUS_OK;
    machine.busy -= machine.busy != 0;
    if (machine.busy_shows)
        add(phys, PAGE_SIZE, BOOT_MEMORY_RESERVED);
    return error_set(out, STATUS_BUSY, "busy");
}

static int set_up(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof machine);
    memset(&frames, 0xa5, sizeof frames);
    add(0, 0xa0000, BOOT_MEMORY_USABLE);
    add(MIB, 31 * MIB, BOOT_MEMORY_USABLE);
    add(32 * MIB, MIB, BOOT_MEMORY_RESERVED);
    add(33 * MIB, 95 * MIB, BOOT_MEMORY_USABLE);
    add(4096 * MIB, 4096 * MIB, BOOT_MEMORY_USABLE);
    assert_int_equal(frames_init(&frames, &error), STATUS_OK);
    return 0;
}

static enum status take(uint64_t size, uint64_t alignment, uint64_t offset, uint64_t below, uint64_t *phys)
{
    const struct frames_wish wish = {.pages = size / PAGE_SIZE,
                                     .alignment = alignment,
                                     .offset = offset,
                                     .below = below,
                                     .type = BOOT_MEMORY_KERNEL,
                                     .what = "kernel"};
    return frames_take(&frames, &wish, phys, &error);
}

static uint64_t taken(uint64_t size, uint64_t alignment, uint64_t offset)
{
    uint64_t phys = 0;
    assert_int_equal(take(size, alignment, offset, 0, &phys), STATUS_OK);
    return phys;
}

static void lowest_first_above_one_mib(void **state)
{
    (void)state;
    assert_int_equal(taken(PAGE_SIZE, PAGE_SIZE, 0), MIB);
    assert_int_equal(taken(PAGE_SIZE, SIZE_2M, 0), 2 * MIB);
    assert_int_equal(taken(2 * PAGE_SIZE, PAGE_SIZE, 0), MIB + PAGE_SIZE);
    assert_int_equal(taken(PAGE_SIZE, SIZE_2M, 0x5000), 2 * MIB + 0x5000);
    assert_int_equal(taken(30 * MIB, PAGE_SIZE, 0), 33 * MIB);
    assert_int_equal(taken(80 * MIB, PAGE_SIZE, 0), 4096 * MIB);
    assert_int_equal(taken(PAGE_SIZE, 4096 * MIB, 100 * MIB), 100 * MIB);
    assert_int_equal(machine.map_calls, 1);
}

static void highest_where_that_is_wished(void **state)
{
    (void)state;
    struct frames_wish wish = {.pages = 1,
                               .alignment = PAGE_SIZE,
                               .below = 4096 * MIB,
                               .type = BOOT_MEMORY_KERNEL,
                               .what = "",
                               .highest = true};
    static const struct {
        uint64_t size, alignment, below, above, at;
    } cases[] = {{PAGE_SIZE, PAGE_SIZE, 4096 * MIB, 0, 128 * MIB - PAGE_SIZE},
                 {PAGE_SIZE, SIZE_2M, 4096 * MIB, 0, 126 * MIB},
                 {PAGE_SIZE, PAGE_SIZE, 4096 * MIB, 0, 128 * MIB - 2 * PAGE_SIZE},
                 {PAGE_SIZE, PAGE_SIZE, 33 * MIB, 0, 32 * MIB - PAGE_SIZE},
                 {PAGE_SIZE, PAGE_SIZE, 0, 0, 8192 * MIB - PAGE_SIZE},
                 {94 * MIB, PAGE_SIZE, 4096 * MIB, 0, 0},
                 {PAGE_SIZE, PAGE_SIZE, 33 * MIB, 32 * MIB, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t phys = 0;
        wish.pages = cases[i].size / PAGE_SIZE;
        wish.alignment = cases[i].alignment;
        wish.below = cases[i].below;
        wish.above = cases[i].above;
        assert_int_equal(frames_take(&frames, &wish, &phys, &error),
                         cases[i].at != 0 ? STATUS_OK : STATUS_OUT_OF_MEMORY);
        assert_int_equal(phys, cases[i].at);
    }
}

static void limits_are_kept(void **state)
{
    (void)state;
    uint64_t phys = 7;
    assert_int_equal(take(31 * MIB, PAGE_SIZE, 0, 32 * MIB, &phys), STATUS_OK);
    assert_int_equal(phys, MIB);
    assert_int_equal(take(PAGE_SIZE, PAGE_SIZE, 0, 33 * MIB, &phys), STATUS_OUT_OF_MEMORY);
    assert_int_equal(phys, MIB);
    assert_int_equal(take(PAGE_SIZE, PAGE_SIZE, 0, 33 * MIB + PAGE_SIZE, &phys), STATUS_OK);
    assert_int_equal(phys, 33 * MIB);
    assert_int_equal(take(PAGE_SIZE, PAGE_SIZE, 0, PAGE_SIZE, &phys), STATUS_OUT_OF_MEMORY);
}

static void the_message_counts(void **state)
{
    (void)state;
    uint64_t phys;
    assert_int_equal(take(5000 * MIB, SIZE_2M, 0, 0, &phys), STATUS_OUT_OF_MEMORY);
    assert_string_equal(error.text,
                        "kernel: 5000 MiB of memory wanted, aligned to 2 MiB; the largest free block has 4096 "
                        "MiB, at 0x100000000: give the machine more memory");
    assert_int_equal(take(94 * MIB, PAGE_SIZE, 0, 4096 * MIB, &phys), STATUS_OK);
    assert_int_equal(take(30 * MIB, PAGE_SIZE, 0, 4096 * MIB, &phys), STATUS_OK);
    assert_int_equal(take(PAGE_SIZE, PAGE_SIZE, 0, 33 * MIB, &phys), STATUS_OK); /* cuts the last MiB below 32 */
    assert_int_equal(take(MIB + PAGE_SIZE, PAGE_SIZE, 0, 4096 * MIB, &phys), STATUS_OUT_OF_MEMORY);
    assert_string_equal(error.text,
                        "kernel: 1028 KiB of memory wanted, aligned to 4 KiB, below 4096 MiB; the largest free block "
                        "has 1 MiB, at 0x7f00000: give the machine more memory");
    struct frames_wish wish = {.pages = UINT64_MAX / 16, .alignment = PAGE_SIZE, .what = "ramdisk"};
    assert_int_equal(frames_take(&frames, &wish, &phys, &error), STATUS_OUT_OF_MEMORY);
}

static void memory_taken_meanwhile_is_avoided(void **state)
{
    (void)state;
    machine.busy = 3;
    machine.busy_shows = true;
    assert_int_equal(taken(MIB, PAGE_SIZE, 0), MIB + 3 * PAGE_SIZE);
    assert_int_equal(machine.map_calls, 4);
    assert_int_equal(machine.claim_calls, 4);
}

/* The map goes on calling it free. */
static void memory_that_is_refused_is_avoided(void **state)
{
    (void)state;
    machine.busy_phys = 3 * MIB;
    assert_int_equal(taken(4 * MIB, PAGE_SIZE, 0), 5 * MIB);
    assert_int_equal(taken(2 * MIB, PAGE_SIZE, 0), MIB);
    assert_int_equal(taken(PAGE_SIZE, PAGE_SIZE, 0), 3 * MIB + PAGE_SIZE);
}

static void an_endlessly_busy_firmware_is_given_up(void **state)
{
    (void)state;
    uint64_t phys;
    machine.busy = 1000000;
    assert_int_equal(take(PAGE_SIZE, PAGE_SIZE, 0, 0, &phys), STATUS_OUT_OF_MEMORY);
    assert_in_range(machine.claim_calls, 2, 1000);
    assert_int_equal(frames.claim_count, 0);
}

static void failures_come_through(void **state)
{
    (void)state;
    uint64_t phys;
    machine.claim_status = STATUS_FIRMWARE_CALL;
    assert_int_equal(take(PAGE_SIZE, PAGE_SIZE, 0, 0, &phys), STATUS_FIRMWARE_CALL);
    assert_string_equal(error.text, "kernel: out of order");
    machine.claim_status = STATUS_OK;
    machine.busy = 1;
    machine.map_status = STATUS_NO_MEMORY_MAP;
    assert_int_equal(take(PAGE_SIZE, PAGE_SIZE, 0, 0, &phys), STATUS_NO_MEMORY_MAP);
    assert_int_equal(frames_init(&frames, &error), STATUS_NO_MEMORY_MAP);
}

static void impossible_wishes_are_our_bug(void **state)
{
    (void)state;
    uint64_t phys;
    assert_int_equal(take(0, PAGE_SIZE, 0, 0, &phys), STATUS_INTERNAL);
    assert_int_equal(take(PAGE_SIZE, 0x800, 0, 0, &phys), STATUS_INTERNAL);
    assert_int_equal(take(PAGE_SIZE, 0x3000, 0, 0, &phys), STATUS_INTERNAL);
    assert_int_equal(take(PAGE_SIZE, 0x2000, 0x2000, 0, &phys), STATUS_INTERNAL);
    assert_int_equal(take(PAGE_SIZE, 0x2000, 0x800, 0, &phys), STATUS_INTERNAL);
    for (unsigned i = 0; i < FRAMES_CLAIM_LIMIT; i++)
        taken(PAGE_SIZE, PAGE_SIZE, 0);
    assert_int_equal(take(PAGE_SIZE, PAGE_SIZE, 0, 0, &phys), STATUS_INTERNAL);
}

static void claims_never_overlap(void **state)
{
    (void)state;
    srand(2);
    for (unsigned i = 0; i < 300; i++) {
        uint64_t alignment = PAGE_SIZE << rand() % 10;
        uint64_t offset = align_down((uint64_t)rand() % alignment, PAGE_SIZE);
        uint64_t phys = taken((1 + (uint64_t)(rand() % 40)) * PAGE_SIZE, alignment, offset);
        assert_int_equal(phys % alignment, offset);
    }
    for (size_t a = 0; a < frames.claim_count; a++)
        for (size_t b = 0; b < a; b++) {
            const struct frames_claim *one = &frames.claims[a], *other = &frames.claims[b];
            assert_true(one->phys + one->pages * PAGE_SIZE <= other->phys ||
                        other->phys + other->pages * PAGE_SIZE <= one->phys);
        }
}

static void the_final_map_shows_the_claims(void **state)
{
    (void)state;
    static struct boot_memory_region regions[64];
    struct memmap map = {regions, 0, ARRAY_LENGTH(regions)};
    struct frames_wish scratch = {1, PAGE_SIZE, 0, 0, BOOT_MEMORY_USABLE, "scratch", false, NULL, 0, 0, false};
    uint64_t phys;
    taken(MIB, PAGE_SIZE, 0);
    assert_int_equal(frames_take(&frames, &scratch, &phys, &error), STATUS_OK);
    memmap_add(&map, MIB, 31 * MIB, BOOT_MEMORY_USABLE, 7, &error);
    assert_int_equal(frames_overlay(&frames, &map, &error), STATUS_OK);
    static const struct boot_memory_region expected[] = {
        {MIB, MIB, BOOT_MEMORY_KERNEL, UINT32_MAX},
        {2 * MIB, 30 * MIB, BOOT_MEMORY_USABLE, 7}, /* scratch memory is free again */
    };
    assert_int_equal(map.count, 2);
    assert_memory_equal(regions, expected, sizeof expected);

    map = (struct memmap){regions, 0, 0};
    assert_int_equal(frames_overlay(&frames, &map, &error), STATUS_MAP_TOO_BIG);
}

/* A machine has room for a large kernel more often than room that begins at 1 GiB. */
static void a_preferred_alignment_is_no_condition(void **state)
{
    (void)state;
    struct frames_wish wish = {.pages = 90 * MIB / PAGE_SIZE,
                               .alignment = SIZE_1G,
                               .offset = 0x205000,
                               .below = 4096 * MIB,
                               .type = BOOT_MEMORY_KERNEL,
                               .what = "kernel"};
    uint64_t phys;
    assert_int_equal(frames_take(&frames, &wish, &phys, &error), STATUS_OUT_OF_MEMORY);
    wish.prefers = true;
    assert_int_equal(frames_take(&frames, &wish, &phys, &error), STATUS_OK);
    assert_int_equal(phys, 34 * MIB + 0x5000);
    wish.pages = 31 * MIB / PAGE_SIZE;
    assert_int_equal(frames_take(&frames, &wish, &phys, &error), STATUS_OK);
    assert_int_equal(phys, MIB);
    assert_int_equal(frames_take(&frames, &wish, &phys, &error), STATUS_OUT_OF_MEMORY);
    assert_non_null(strstr(error.text, "aligned to 4 KiB"));
}

static void memory_in_use_is_avoided_whatever_the_map_says(void **state)
{
    (void)state;
    static struct boot_memory_region regions[64];
    struct memmap map = {regions, 0, ARRAY_LENGTH(regions)};
    const uint32_t type = BOOT_MEMORY_FRAMEBUFFER;
    assert_int_equal(frames_avoid(&frames, 0, 0, type, &error), STATUS_OK);
    assert_int_equal(frames.claim_count, 0);
    assert_int_equal(frames_avoid(&frames, MIB + 0x10, 3 * MIB, type, &error), STATUS_OK);
    assert_int_equal(taken(PAGE_SIZE, PAGE_SIZE, 0), 4 * MIB + PAGE_SIZE);
    memmap_add(&map, MIB, 31 * MIB, BOOT_MEMORY_USABLE, 1, &error);
    assert_int_equal(frames_overlay(&frames, &map, &error), STATUS_OK);
    assert_int_equal(regions[0].type, BOOT_MEMORY_FRAMEBUFFER);
    assert_int_equal(regions[0].size, 3 * MIB + PAGE_SIZE);

    assert_int_equal(frames_avoid(&frames, UINT64_MAX - 1, 1, type, &error), STATUS_INTERNAL);
    frames.claim_count = FRAMES_CLAIM_LIMIT;
    assert_int_equal(frames_avoid(&frames, MIB, 1, type, &error), STATUS_INTERNAL);
}

/* --- at random --------------------------------------------------------------------------------------------------- */

static struct random dice;

static enum status take_randomly(uint64_t size, uint64_t alignment, uint64_t offset, uint64_t spare, uint64_t *phys)
{
    const struct frames_wish wish = {.pages = size / PAGE_SIZE,
                                     .alignment = alignment,
                                     .offset = offset,
                                     .random = &dice,
                                     .spare = spare,
                                     .type = BOOT_MEMORY_KERNEL,
                                     .what = "kernel"};
    return frames_take(&frames, &wish, phys, &error);
}

/* A machine of few pages, of which some are claimed: each page that could be given is given, sooner or later. */
static void every_free_place_is_drawn(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof machine);
    add(MIB - 4 * PAGE_SIZE, 12 * PAGE_SIZE, BOOT_MEMORY_USABLE); /* the lower four pages are never taken */
    add(MIB + 10 * PAGE_SIZE, 6 * PAGE_SIZE, BOOT_MEMORY_USABLE);
    random_start(&dice, "test", "places", 6);
    bool seen[16] = {false};
    for (unsigned i = 0; i < 400; i++) {
        uint64_t phys = 0;
        assert_int_equal(frames_init(&frames, &error), STATUS_OK);
        assert_int_equal(frames_avoid(&frames, MIB + 3 * PAGE_SIZE, PAGE_SIZE, BOOT_MEMORY_FRAMEBUFFER, &error),
                         STATUS_OK);
        assert_int_equal(take_randomly(2 * PAGE_SIZE, PAGE_SIZE, 0, 0, &phys), STATUS_OK);
        assert_in_range(phys, MIB, MIB + 15 * PAGE_SIZE);
        seen[(phys - MIB) / PAGE_SIZE] = true;
        assert_false(frames.cramped);
    }
    static const bool wanted[16] = {[0] = true,  [1] = true,  [4] = true,  [5] = true,  [6] = true,
                                    [10] = true, [11] = true, [12] = true, [13] = true, [14] = true};
    assert_memory_equal(seen, wanted, sizeof wanted);
}

static void random_blocks_are_spread_and_congruent(void **state)
{
    (void)state;
    unsigned above_4g = 0, quarters[4] = {0};
    random_start(&dice, "test", "spread", 6);
    for (unsigned i = 0; i < 400; i++) {
        uint64_t phys = 0;
        assert_int_equal(frames_init(&frames, &error), STATUS_OK);
        assert_int_equal(take_randomly(3 * MIB, SIZE_2M, 0x5000, 16 * MIB, &phys), STATUS_OK);
        assert_int_equal(phys % SIZE_2M, 0x5000);
        if (phys >= 4096 * MIB) {
            above_4g++;
            quarters[(phys - 4096 * MIB) / (1024 * MIB)]++;
        }
    }
    assert_in_range(above_4g, 370, 399); /* some 97 % of the memory */
    for (unsigned i = 0; i < 4; i++)
        assert_in_range(quarters[i], 60, 140);
}

/* The largest free piece below 4 GiB is the one of 95 MiB. */
static void the_spare_piece_is_left(void **state)
{
    (void)state;
    random_start(&dice, "test", "spare", 5);
    machine.count = 4; /* without the memory above 4 GiB */
    for (unsigned i = 0; i < 100; i++) {
        uint64_t phys = 0, big = 0;
        assert_int_equal(frames_init(&frames, &error), STATUS_OK);
        assert_int_equal(take_randomly(MIB, PAGE_SIZE, 0, 80 * MIB, &phys), STATUS_OK);
        assert_false(frames.cramped);
        assert_int_equal(take(80 * MIB, PAGE_SIZE, 0, 0, &big), STATUS_OK);
    }
    for (unsigned i = 0; i < 20; i++) {
        uint64_t phys = 0;
        assert_int_equal(frames_init(&frames, &error), STATUS_OK);
        assert_int_equal(take_randomly(MIB, PAGE_SIZE, 0, 96 * MIB, &phys), STATUS_OK);
        assert_true(frames.cramped);
        assert_int_equal(phys, MIB); /* as without chance */
    }
}

static void a_random_block_that_firmware_takes_is_drawn_again(void **state)
{
    (void)state;
    uint64_t phys = 0;
    random_start(&dice, "test", "busy", 4);
    machine.busy = 5;
    machine.busy_shows = true;
    assert_int_equal(take_randomly(MIB, PAGE_SIZE, 0, 0, &phys), STATUS_OK);
    assert_int_equal(machine.claim_calls, 6);
    uint32_t type = BOOT_MEMORY_BAD;
    assert_true(memmap_type_at(&frames.map, phys, &type) && type == BOOT_MEMORY_USABLE);
}

static void a_random_block_that_is_too_big_is_refused(void **state)
{
    (void)state;
    uint64_t phys = 0;
    random_start(&dice, "test", "big", 3);
    assert_int_equal(take_randomly(8192 * MIB, PAGE_SIZE, 0, 0, &phys), STATUS_OUT_OF_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lowest_first_above_one_mib, set_up),
        cmocka_unit_test_setup(highest_where_that_is_wished, set_up),
        cmocka_unit_test_setup(limits_are_kept, set_up),
        cmocka_unit_test_setup(the_message_counts, set_up),
        cmocka_unit_test_setup(memory_taken_meanwhile_is_avoided, set_up),
        cmocka_unit_test_setup(memory_that_is_refused_is_avoided, set_up),
        cmocka_unit_test_setup(an_endlessly_busy_firmware_is_given_up, set_up),
        cmocka_unit_test_setup(failures_come_through, set_up),
        cmocka_unit_test_setup(impossible_wishes_are_our_bug, set_up),
        cmocka_unit_test_setup(claims_never_overlap, set_up),
        cmocka_unit_test_setup(the_final_map_shows_the_claims, set_up),
        cmocka_unit_test_setup(a_preferred_alignment_is_no_condition, set_up),
        cmocka_unit_test_setup(memory_in_use_is_avoided_whatever_the_map_says, set_up),
        cmocka_unit_test_setup(every_free_place_is_drawn, set_up),
        cmocka_unit_test_setup(random_blocks_are_spread_and_congruent, set_up),
        cmocka_unit_test_setup(the_spare_piece_is_left, set_up),
        cmocka_unit_test_setup(a_random_block_that_firmware_takes_is_drawn_again, set_up),
        cmocka_unit_test_setup(a_random_block_that_is_too_big_is_refused, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
