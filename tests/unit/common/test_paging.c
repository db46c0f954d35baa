/* Random layouts: every page of every mapping, and its neighbours, looked up by an independent walker. */
#include "cmocka_all.h"

#include "arena.h"
#include "checked.h"
#include "page_walk.h"
#include "paging.h"

#include <string.h>

#define TABLES_PHYS 0x123456000ull
#define TABLES_MAX 4096u
#define MAPPINGS_MAX 8u

static uint64_t random_state = 0x9a9e;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

struct layout {
    struct paging_features features;
    struct paging_mapping mappings[MAPPINGS_MAX];
    size_t count;
};

static struct page_tables tables_of(const struct paging_features *features, uint64_t root)
{
    return (struct page_tables){root, features->phys_bits, features->no_execute, features->gigabyte_pages, -1, 4};
}

static bool overlaps(const struct layout *layout, const struct paging_mapping *new)
{
    for (size_t i = 0; i < layout->count; i++) {
        const struct paging_mapping *old = &layout->mappings[i];
        if (new->address <= old->address + (old->size - 1) && old->address <= new->address + (new->size - 1))
            return true;
    }
    return false;
}

/* Near the edges where a page size or a table ends: there mistakes live. */
static uint64_t random_address(void)
{
    static const uint64_t edges[] = {0,
                                     SIZE_2M,
                                     SIZE_1G,
                                     512 * SIZE_1G,
                                     0x800000000000 - 4 * SIZE_1G,
                                     0xffff800000000000,
                                     0xffffff8000000000,
                                     0xffffffff80000000,
                                     0xffffffffffe00000};
    uint64_t address = edges[random_below(ARRAY_LENGTH(edges))];
    if (random_below(2))
        address += random_below(4) * SIZE_1G;
    if (random_below(2))
        address += random_below(8) * SIZE_2M;
    if (random_below(2))
        address += random_below(1024) * PAGE_SIZE;
    return address;
}

static uint64_t random_size(void)
{
    uint64_t size = random_below(600) * PAGE_SIZE;
    if (random_below(3) == 0)
        size += random_below(5) * SIZE_2M;
    if (random_below(4) == 0)
        size += random_below(3) * SIZE_1G;
    return size + PAGE_SIZE;
}

static void add_random_mapping(struct layout *layout)
{
    struct paging_mapping mapping = {
        .address = random_address(),
        .size = random_size(),
        .write = random_below(2),
        .execute = random_below(2),
        .cache = (enum paging_cache)random_below(3),
        .name = "random",
    };
    static const uint64_t agreements[] = {PAGE_SIZE, SIZE_2M, SIZE_1G};
    uint64_t agreement = agreements[random_below(3)];
    if (agreement == PAGE_SIZE && mapping.size > 4 * SIZE_2M)
        mapping.size = 4 * SIZE_2M; /* pages of 4 KiB only: enough of them */
    mapping.phys = (mapping.address & (agreement - 1)) + random_below(64) * agreement;
    uint64_t last = mapping.address + (mapping.size - 1);
    if (last < mapping.address || (last ^ mapping.address) >> 47 != 0 || overlaps(layout, &mapping))
        return;
    layout->mappings[layout->count++] = mapping;
}

static const struct paging_mapping *mapping_at(const struct layout *layout, uint64_t address)
{
    for (size_t i = 0; i < layout->count; i++)
        if (address - layout->mappings[i].address < layout->mappings[i].size)
            return &layout->mappings[i];
    return NULL;
}

/* The largest page that the rules allow around `address`. */
static uint64_t best_page(const struct layout *layout, const struct paging_mapping *mapping, uint64_t address)
{
    static const uint64_t sizes[] = {SIZE_1G, SIZE_2M};
    for (size_t i = layout->features.gigabyte_pages ? 0 : 1; i < 2; i++) {
        uint64_t start = align_down(address, sizes[i]);
        if (start >= mapping->address && start - mapping->address + sizes[i] <= mapping->size &&
            is_aligned(mapping->address - mapping->phys, sizes[i]))
            return sizes[i];
    }
    return PAGE_SIZE;
}

/* Returns how far the same answer holds. */
static uint64_t check_address(const struct layout *layout, uint64_t root, uint64_t address)
{
    static const unsigned pat_indices[] = {
        [PAGING_WRITE_BACK] = 0, [PAGING_UNCACHED] = 3, [PAGING_WRITE_COMBINING] = 5};
    const struct page_tables tables = tables_of(&layout->features, root);
    const struct paging_mapping *mapping = mapping_at(layout, address);
    struct page_leaf page;
    assert_int_equal(page_walk(&tables, address, &page), mapping != NULL);
    if (mapping == NULL)
        return PAGE_SIZE;
    assert_int_equal(page_leaf_phys(&page, address), mapping->phys + (address - mapping->address));
    assert_false(page.user);
    assert_int_equal(page.write, mapping->write);
    assert_int_equal(page.execute, mapping->execute || !layout->features.no_execute);
    assert_int_equal(page.pat_index, pat_indices[mapping->cache]);
    assert_int_equal(page.size, best_page(layout, mapping, address));
    return page.size - (address & (page.size - 1));
}

static void check_layout(const struct layout *layout, uint64_t root)
{
    for (size_t i = 0; i < layout->count; i++) {
        const struct paging_mapping *mapping = &layout->mappings[i];
        for (uint64_t done = 0; done < mapping->size;)
            done += check_address(layout, root, mapping->address + done);
        uint64_t before = mapping->address - PAGE_SIZE, behind = mapping->address + mapping->size;
        if (mapping->address << 17 != 0)
            check_address(layout, root, before);
        if (behind << 17 != 0)
            check_address(layout, root, behind);
    }
}

static bool share_a_slot(const struct layout *layout)
{
    for (size_t a = 0; a < layout->count; a++)
        for (size_t b = 0; b < a; b++) {
            const struct paging_mapping *one = &layout->mappings[a], *other = &layout->mappings[b];
            if (one->address >> 39 <= (other->address + (other->size - 1)) >> 39 &&
                other->address >> 39 <= (one->address + (one->size - 1)) >> 39)
                return true;
        }
    return false;
}

static void random_layouts_are_what_a_cpu_finds(void **state)
{
    (void)state;
    unsigned exact = 0;
    for (unsigned round = 0; round < 1500; round++) {
        struct layout layout = {.features = {random_below(4) != 0, random_below(2), 40}};
        struct paging paging;
        struct error error;
        for (size_t i = random_below(MAPPINGS_MAX) + 1; i > 0; i--)
            add_random_mapping(&layout);
        uint64_t frames = paging_frames_needed(layout.mappings, layout.count, &layout.features);
        assert_in_range(frames, 1, TABLES_MAX);
        arena_make(TABLES_PHYS, frames * PAGE_SIZE);
        paging_init(&paging, TABLES_PHYS, frames, &layout.features);
        for (size_t i = 0; i < layout.count; i++)
            assert_int_equal(paging_map(&paging, &layout.mappings[i], &error), STATUS_OK);
        assert_int_equal(paging.frames_used + paging.frames_left, frames);
        if (!share_a_slot(&layout)) {
            assert_int_equal(paging.frames_left, 0);
            exact++;
        }
        check_layout(&layout, paging.root_phys);
        arena_free();
    }
    assert_true(exact > 100);
}

/* --- single cases ------------------------------------------------------------------------------------------------ */

static const struct paging_features modern = {true, true, 46};

static void start(struct paging *paging, uint64_t frames)
{
    arena_make(TABLES_PHYS, frames * PAGE_SIZE);
    paging_init(paging, TABLES_PHYS, frames, &modern);
}

static void both_halves_whole(void **state)
{
    (void)state;
    struct paging paging;
    struct error error;
    const struct paging_features wide = {true, true, 52};
    const struct paging_mapping mappings[] = {
        {.address = 0, .phys = 0, .size = 1ull << 47, .write = true, .name = "lower"},
        {.address = 0xffff800000000000, .phys = 1ull << 51, .size = 1ull << 47, .name = "upper"},
    };
    uint64_t frames = paging_frames_needed(mappings, 2, &wide);
    assert_int_equal(frames, 513);
    arena_make(TABLES_PHYS, frames * PAGE_SIZE);
    paging_init(&paging, TABLES_PHYS, frames, &wide);
    assert_int_equal(paging_map(&paging, &mappings[0], &error), STATUS_OK);
    assert_int_equal(paging_map(&paging, &mappings[1], &error), STATUS_OK);
    struct page_leaf page;
    const struct page_tables tables = tables_of(&wide, paging.root_phys);
    assert_true(page_walk(&tables, UINT64_MAX, &page));
    assert_int_equal(page_leaf_phys(&page, UINT64_MAX), (1ull << 51) + (1ull << 47) - 1);
    assert_true(page_walk(&tables, 0x7fffffffffff, &page));
    assert_int_equal(page_leaf_phys(&page, 0x7fffffffffff), 0x7fffffffffff);
    arena_free();
}

static void what_is_mapped_stays(void **state)
{
    (void)state;
    struct paging paging;
    struct error error;
    start(&paging, 16);
    struct paging_mapping large = {.address = SIZE_2M, .size = SIZE_2M, .name = "first"};
    struct paging_mapping huge = {.address = SIZE_1G, .size = SIZE_1G, .name = "huge"};
    struct paging_mapping small = {.address = SIZE_2M + PAGE_SIZE, .size = PAGE_SIZE, .name = "second"};
    assert_int_equal(paging_map(&paging, &large, &error), STATUS_OK);
    assert_int_equal(paging_map(&paging, &huge, &error), STATUS_OK);
    assert_int_equal(paging_map(&paging, &small, &error), STATUS_INTERNAL);
    assert_non_null(strstr(error.text, "second at 0x201000"));
    assert_int_equal(paging_map(&paging, &large, &error), STATUS_INTERNAL);
    small.address = SIZE_1G + 5 * PAGE_SIZE;
    assert_int_equal(paging_map(&paging, &small, &error), STATUS_INTERNAL);
    small.address = PAGE_SIZE;
    assert_int_equal(paging_map(&paging, &small, &error), STATUS_OK);
    struct paging_mapping over = {.address = 0, .size = SIZE_2M, .name = "over"}; /* a table is there */
    assert_int_equal(paging_map(&paging, &over, &error), STATUS_INTERNAL);
    arena_free();
}

static void room_is_kept_to(void **state)
{
    (void)state;
    struct paging paging;
    struct error error;
    start(&paging, 3);
    struct paging_mapping mapping = {.address = PAGE_SIZE, .size = PAGE_SIZE, .name = "stack"};
    assert_int_equal(paging_map(&paging, &mapping, &error), STATUS_INTERNAL);
    assert_non_null(strstr(error.text, "stack needs more than the 3 frames planned"));
    arena_free();
}

static void impossible_mappings_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t address, phys, size;
        enum status status;
    } cases[] = {
        {0, 0, 0, STATUS_INTERNAL},
        {1, 0, PAGE_SIZE, STATUS_INTERNAL},
        {0, 0x800, PAGE_SIZE, STATUS_INTERNAL},
        {0, 0, PAGE_SIZE + 1, STATUS_INTERNAL},
        {0x800000000000, 0, PAGE_SIZE, STATUS_INTERNAL},
        {0x7ffffffff000, 0, 2 * PAGE_SIZE, STATUS_INTERNAL},
        {0xffff7ffffffff000, 0, PAGE_SIZE, STATUS_INTERNAL},
        {0xfffffffffffff000, 0, 2 * PAGE_SIZE, STATUS_INTERNAL},
        {0, 1ull << 46, PAGE_SIZE, STATUS_CPU_FEATURE},
        {0, (1ull << 46) - PAGE_SIZE, 2 * PAGE_SIZE, STATUS_CPU_FEATURE},
        {0, 0xfffffffffffff000, 2 * PAGE_SIZE, STATUS_CPU_FEATURE},
        {0xffff800000000000, (1ull << 46) - PAGE_SIZE, PAGE_SIZE, STATUS_OK},
        {0xfffffffffffff000, 0, PAGE_SIZE, STATUS_OK},
    };
    struct paging paging;
    struct error error;
    start(&paging, 16);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct paging_mapping mapping = {.address = cases[i].address, .phys = cases[i].phys, .size = cases[i].size};
        assert_int_equal(paging_map(&paging, &mapping, &error), cases[i].status);
    }
    arena_free();
}

static void the_recursive_slot_shows_the_tables(void **state)
{
    (void)state;
    struct paging paging;
    struct error error;
    struct page_leaf page;
    start(&paging, 16);
    const struct page_tables tables = tables_of(&modern, paging.root_phys);
    struct paging_mapping mapping = {.address = 0x7000, .phys = 0xabc000, .size = PAGE_SIZE, .name = "page"};
    assert_int_equal(paging_map(&paging, &mapping, &error), STATUS_OK);
    assert_int_equal(paging_map_recursive(&paging, 510, &error), STATUS_OK);
    assert_true(page_walk(&tables, 0xffffff7fbfdfe000, &page));
    assert_int_equal(page.phys, paging.root_phys);
    assert_true(page.write);
    assert_false(page.execute);

    assert_int_equal(paging_map_recursive(&paging, 510, &error), STATUS_INTERNAL);
    assert_int_equal(paging_map_recursive(&paging, 0, &error), STATUS_INTERNAL);
    assert_int_equal(paging_map_recursive(&paging, 512, &error), STATUS_INTERNAL);
    mapping.address = 0xffffff0000000000; /* inside the recursive slot */
    assert_int_equal(paging_map(&paging, &mapping, &error), STATUS_INTERNAL);
    arena_free();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_layouts_are_what_a_cpu_finds),
        cmocka_unit_test(both_halves_whole),
        cmocka_unit_test(what_is_mapped_stays),
        cmocka_unit_test(room_is_kept_to),
        cmocka_unit_test(impossible_mappings_are_refused),
        cmocka_unit_test(the_recursive_slot_shows_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
