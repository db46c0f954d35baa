/* The map against a naive model: every granule of a small address space is painted with the kinds of memory that
 * regions say it is, and each page judged from its granules. */
#include "cmocka_all.h"

#include "checked.h"
#include "memmap.h"

#include <stdlib.h>
#include <string.h>

#define GRANULES_PER_PAGE 8u
#define GRANULE (PAGE_SIZE / GRANULES_PER_PAGE)
#define HIGHEST_END (UINT64_MAX - PAGE_SIZE + 1)

/* Most permissive first, as memmap.h has it. */
static const uint32_t order[] = {
    BOOT_MEMORY_USABLE,
    MEMMAP_LOADER_IN_USE,
    BOOT_MEMORY_LOADER_RECLAIMABLE,
    BOOT_MEMORY_KERNEL,
    BOOT_MEMORY_RAMDISK,
    BOOT_MEMORY_MODULE,
    BOOT_MEMORY_ACPI_RECLAIMABLE,
    BOOT_MEMORY_PERSISTENT,
    BOOT_MEMORY_EFI_RUNTIME_CODE,
    BOOT_MEMORY_EFI_RUNTIME_DATA,
    BOOT_MEMORY_ACPI_NVS,
    BOOT_MEMORY_MMIO,
    BOOT_MEMORY_RESERVED,
    BOOT_MEMORY_FRAMEBUFFER,
    BOOT_MEMORY_BAD,
};
#define KINDS ARRAY_LENGTH(order)
#define USABLE_BIT (1u << 0)
#define IN_USE_BIT (1u << 1)
#define PERSISTENT_BIT (1u << 7)

static uint64_t random_state = 0x5eed;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

/* --- the model --------------------------------------------------------------------------------------------------- */

struct model_page {
    uint32_t granules[GRANULES_PER_PAGE]; /* bit k: some region of kind k covers the granule */
    uint32_t firmware_types[KINDS];       /* of regions that touch the page ... */
    uint32_t firmware_state[KINDS];       /* 0: none touches, 1: all the same, 2: differing */
};

struct model {
    uint64_t base;
    size_t page_count;
    struct model_page *pages;
};

static unsigned kind_of(uint32_t type)
{
    for (unsigned kind = 0; kind < KINDS; kind++)
        if (order[kind] == type)
            return kind;
    return 13; /* RESERVED */
}

static void paint(struct model *model, uint64_t phys, uint64_t size, uint32_t type, uint32_t firmware_type)
{
    unsigned kind = kind_of(type);
    for (uint64_t at = phys; at < phys + size; at += GRANULE) {
        struct model_page *page = &model->pages[(at - model->base) / PAGE_SIZE];
        page->granules[(at - model->base) / GRANULE % GRANULES_PER_PAGE] |= 1u << kind;
        if (page->firmware_state[kind] == 0)
            page->firmware_state[kind] = 1;
        else if (page->firmware_types[kind] != firmware_type)
            page->firmware_state[kind] = 2;
        page->firmware_types[kind] = firmware_type;
    }
}

/* False: the page is a hole. */
static bool judge(const struct model_page *page, uint32_t *type, uint32_t *firmware_type)
{
    uint32_t any = 0;
    bool ram = true, persistent = true;
    for (unsigned i = 0; i < GRANULES_PER_PAGE; i++) {
        any |= page->granules[i];
        ram = ram && (page->granules[i] & (USABLE_BIT | IN_USE_BIT)) != 0;
        persistent = persistent && (page->granules[i] & PERSISTENT_BIT) != 0;
    }
    if (any == 0)
        return false;
    unsigned top = 31u - (unsigned)__builtin_clz(any);
    *type = order[top];
    *firmware_type = page->firmware_state[top] == 1 ? page->firmware_types[top] : UINT32_MAX;
    if ((top <= 1 && !ram) || (1u << top == PERSISTENT_BIT && !persistent)) {
        *type = BOOT_MEMORY_RESERVED;
        *firmware_type = UINT32_MAX;
    }
    return true;
}

static size_t model_regions(const struct model *model, struct boot_memory_region *regions)
{
    size_t count = 0;
    for (size_t i = 0; i < model->page_count; i++) {
        uint32_t type, firmware_type;
        uint64_t phys = model->base + i * PAGE_SIZE;
        if (!judge(&model->pages[i], &type, &firmware_type))
            continue;
        struct boot_memory_region *last = count != 0 ? &regions[count - 1] : NULL;
        if (last && last->phys + last->size == phys && last->type == type) {
            last->size += PAGE_SIZE;
            if (last->firmware_type != firmware_type)
                last->firmware_type = UINT32_MAX;
        } else {
            regions[count++] = (struct boot_memory_region){phys, PAGE_SIZE, type, firmware_type};
        }
    }
    return count;
}

/* --- random maps against the model ------------------------------------------------------------------------------- */

struct bench {
    struct model model;
    struct memmap map;
    struct boot_memory_region *expected;
};

static struct bench bench_make(size_t regions, size_t pages, uint64_t base)
{
    struct bench bench = {.model = {.base = base, .page_count = pages}};
    bench.model.pages = calloc(pages, sizeof *bench.model.pages);
    bench.expected = calloc(pages, sizeof *bench.expected);
    bench.map.capacity = memmap_room(regions); /* exactly: the sanitizer sees one too many */
    bench.map.regions = calloc(bench.map.capacity, sizeof *bench.map.regions);
    return bench;
}

static void bench_free(struct bench *bench)
{
    free(bench->model.pages);
    free(bench->expected);
    free(bench->map.regions);
}

static void add(struct bench *bench, uint64_t granule, uint64_t granules, uint32_t type, uint32_t firmware_type)
{
    struct error error;
    uint64_t phys = bench->model.base + granule * GRANULE, size = granules * GRANULE;
    assert_int_equal(memmap_add(&bench->map, phys, size, type, firmware_type, &error), STATUS_OK);
    paint(&bench->model, phys, size, type, firmware_type);
}

static void check(struct bench *bench)
{
    struct error error;
    size_t count = model_regions(&bench->model, bench->expected);
    assert_int_equal(memmap_normalise(&bench->map, &error), STATUS_OK);
    assert_int_equal(bench->map.count, count);
    if (count != 0)
        assert_memory_equal(bench->map.regions, bench->expected, count * sizeof *bench->expected);

    for (size_t i = 0; i < bench->model.page_count; i++) {
        uint32_t type = 0, found = 0, firmware_type;
        bool covered = judge(&bench->model.pages[i], &type, &firmware_type);
        uint64_t phys = bench->model.base + i * PAGE_SIZE + random_below(PAGE_SIZE);
        assert_int_equal(memmap_type_at(&bench->map, phys, &found), covered);
        assert_int_equal(found, covered ? type : 0);
    }
}

static void add_random(struct bench *bench, size_t count, uint64_t longest, unsigned kinds)
{
    uint64_t granules = bench->model.page_count * GRANULES_PER_PAGE;
    for (size_t i = 0; i < count; i++) {
        uint64_t size = 1 + random_below(longest), start = random_below(granules - size + 1);
        if (random_below(3) == 0) { /* often whole pages, as most firmware has them */
            start = align_down(start, GRANULES_PER_PAGE);
            size = align_down(size + GRANULES_PER_PAGE - 1, GRANULES_PER_PAGE);
            size = start + size > granules ? granules - start : size;
        }
        unsigned kind = (unsigned)random_below(kinds);
        /* Few kinds: those that are shrunk inward, and one that is not. */
        static const unsigned few[] = {0, 1, 7, 6};
        add(bench, start, size, order[kinds == 4 ? few[kind] : kind], (uint32_t)random_below(3));
    }
}

static void random_maps_equal_the_model(void **state)
{
    (void)state;
    static const uint64_t bases[] = {0, 0x100000000 - 8 * PAGE_SIZE, 1ull << 51, HIGHEST_END - 24 * PAGE_SIZE};
    for (unsigned i = 0; i < 120000; i++) {
        size_t count = random_below(13);
        struct bench bench = bench_make(count, 24, bases[i % ARRAY_LENGTH(bases)]);
        add_random(&bench, count, i % 2 ? 40 : 160, i % 3 ? KINDS : 4);
        check(&bench);
        bench_free(&bench);
    }
}

static void maps_of_all_sizes_equal_the_model(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 312, 4096, 10000};
    for (unsigned i = 0; i < ARRAY_LENGTH(counts); i++) {
        for (unsigned round = 0; round < 8; round++) {
            struct bench bench = bench_make(counts[i], 20000, 0);
            add_random(&bench, counts[i], 48, round % 2 ? KINDS : 4);
            check(&bench);
            bench_free(&bench);
        }
    }
}

/* Each persistent island in a lake of RAM in a void: every end of a region makes a page of its own and a run. */
static void the_worst_map_fits_the_room(void **state)
{
    (void)state;
    struct bench bench = bench_make(200, 100 * 16, 0);
    for (uint64_t i = 0; i < 100; i++) {
        add(&bench, i * 128 + 4, 104, BOOT_MEMORY_USABLE, 1);
        add(&bench, i * 128 + 36, 40, BOOT_MEMORY_PERSISTENT, 7);
    }
    check(&bench);
    assert_int_equal(bench.map.count, 700);
    bench_free(&bench);
}

static void sorted_and_reversed_maps_stay_right(void **state)
{
    (void)state;
    for (int reversed = 0; reversed < 2; reversed++) {
        struct bench bench = bench_make(4096, 4096 * 2, 0);
        for (uint64_t i = 0; i < 4096; i++)
            add(&bench, (reversed ? 4095 - i : i) * 16, 12, order[i % 2 ? 0 : 13], 1);
        check(&bench);
        bench_free(&bench);
    }
}

static void a_normalised_map_stays_as_it_is(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        struct bench bench = bench_make(12, 24, 0);
        struct error error;
        add_random(&bench, 12, 60, KINDS);
        check(&bench);
        struct memmap again = {calloc(memmap_room(bench.map.count), sizeof *bench.expected), 0, 0};
        again.capacity = memmap_room(bench.map.count);
        for (size_t r = 0; r < bench.map.count; r++) {
            struct boot_memory_region *region = &bench.map.regions[r];
            memmap_add(&again, region->phys, region->size, region->type, region->firmware_type, &error);
        }
        assert_int_equal(memmap_normalise(&again, &error), STATUS_OK);
        assert_int_equal(again.count, bench.map.count);
        assert_memory_equal(again.regions, bench.map.regions, again.count * sizeof *again.regions);
        free(again.regions);
        bench_free(&bench);
    }
}

/* --- single cases ------------------------------------------------------------------------------------------------ */

static void odd_bytes_are_rounded(void **state)
{
    (void)state;
    struct boot_memory_region regions[16];
    struct memmap map = {regions, 0, ARRAY_LENGTH(regions)};
    struct error error;
    memmap_add(&map, 0x1001, 0x2fff, BOOT_MEMORY_USABLE, 1, &error); /* 0x1001..0x4000 */
    memmap_add(&map, 0x9fff, 2, BOOT_MEMORY_ACPI_NVS, 4, &error);    /* 0x9fff..0xa001 */
    memmap_add(&map, 0xc000, 0x1000, 99, 5, &error);                 /* no type that we know */
    assert_int_equal(memmap_normalise(&map, &error), STATUS_OK);
    static const struct boot_memory_region expected[] = {
        {0x1000, 0x1000, BOOT_MEMORY_RESERVED, UINT32_MAX},
        {0x2000, 0x2000, BOOT_MEMORY_USABLE, 1},
        {0x9000, 0x2000, BOOT_MEMORY_ACPI_NVS, 4},
        {0xc000, 0x1000, BOOT_MEMORY_RESERVED, 5},
    };
    assert_int_equal(map.count, ARRAY_LENGTH(expected));
    assert_memory_equal(regions, expected, sizeof expected);
}

static void the_end_of_the_address_space_is_cut(void **state)
{
    (void)state;
    struct boot_memory_region regions[16];
    struct memmap map = {regions, 0, ARRAY_LENGTH(regions)};
    struct error error;
    memmap_add(&map, 0, UINT64_MAX, BOOT_MEMORY_RESERVED, 2, &error);
    memmap_add(&map, UINT64_MAX - 10, 5, BOOT_MEMORY_BAD, 2, &error);
    memmap_add(&map, 0x5000, 0, BOOT_MEMORY_BAD, 2, &error);
    assert_int_equal(map.count, 1);
    memmap_add(&map, 1ull << 63, UINT64_MAX, BOOT_MEMORY_RESERVED, 2, &error);
    assert_int_equal(memmap_normalise(&map, &error), STATUS_OK);
    assert_int_equal(map.count, 1);
    assert_int_equal(regions[0].phys, 0);
    assert_int_equal(regions[0].size, HIGHEST_END);
    assert_int_equal(regions[0].firmware_type, 2);
}

static void a_full_map_is_refused(void **state)
{
    (void)state;
    struct boot_memory_region regions[4];
    struct memmap map = {regions, 0, 1};
    struct error error;
    assert_int_equal(memmap_add(&map, 0, 1, BOOT_MEMORY_BAD, 1, &error), STATUS_OK);
    assert_int_equal(memmap_add(&map, 9, 1, BOOT_MEMORY_BAD, 1, &error), STATUS_MAP_TOO_BIG);
    assert_non_null(strstr(error.text, "1 regions"));
    map.capacity = 4;
    assert_int_equal(memmap_normalise(&map, &error), STATUS_MAP_TOO_BIG);
    map.count = SIZE_MAX / 4 + 1; /* 4n + 1 would wrap */
    assert_int_equal(memmap_normalise(&map, &error), STATUS_MAP_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_maps_equal_the_model),         cmocka_unit_test(maps_of_all_sizes_equal_the_model),
        cmocka_unit_test(the_worst_map_fits_the_room),         cmocka_unit_test(sorted_and_reversed_maps_stay_right),
        cmocka_unit_test(a_normalised_map_stays_as_it_is),     cmocka_unit_test(odd_bytes_are_rounded),
        cmocka_unit_test(the_end_of_the_address_space_is_cut), cmocka_unit_test(a_full_map_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
