/* What handoff_prepare() leaves in memory, looked at as the CPU would: translated by a software walker, instruction by
 * instruction of the way. What the instructions do is tested on a machine: tests/handoff. */
#include "cmocka_all.h"

#include "arena.h"
#include "checked.h"
#include "firmware.h"
#include "handoff.h"
#include "handoff/layout.h"
#include "handoff/route.h"
#include "page_walk.h"

#include <string.h>

#define PHYS 0x3ff9000ull
#define TRANSITION 0x4100000ull
#define TABLES 0x4200000ull

extern const uint8_t handoff_blob[] __attribute__((visibility("hidden")));
extern const uint8_t handoff_switch[] __attribute__((visibility("hidden")));

#define FOUR_LEVELS 4
#define FIVE_LEVELS 5

static const struct paging_features features = {true, true, 48};

static struct handoff handoff_at(uint64_t address)
{
    return (struct handoff){
        .phys = PHYS,
        .address = address,
        .transition_phys = TRANSITION,
        .page_table_phys = TABLES,
        .entry = 0xffffffff80001234,
        .stack_top = 0xffff900000004000,
        .argument = 0x1122334455667788,
        .framebuffer = {.width = 800},
    };
}

static struct handoff_header header(void)
{
    struct handoff_header header;
    memcpy(&header, handoff_blob, sizeof header);
    return header;
}

static struct handoff_area *area(void)
{
    return (struct handoff_area *)(void *)((uint8_t *)firmware_map(PHYS, header().end) + header().area);
}

static void prepare(const struct handoff *handoff)
{
    struct error error;
    arena_make(PHYS, TABLES - PHYS);
    assert_int_equal(handoff_prepare(handoff, &features, &error), STATUS_OK);
}

static struct page_tables tables_at(uint64_t root, int levels)
{
    return (struct page_tables){root, features.phys_bits, features.no_execute, features.gigabyte_pages, -1, levels};
}

static void expect_page(const struct page_tables *tables, uint64_t address, uint64_t phys, bool write)
{
    struct page_leaf page;
    assert_true(page_walk(tables, address, &page));
    assert_int_equal(page_leaf_phys(&page, address), phys);
    assert_false(page.user);
    assert_int_equal(page.write, write);
    assert_int_equal(page.execute, !write);
    assert_int_equal(page.pat_index, 0);
}

static void expect_blob(int levels, uint64_t root, uint64_t address)
{
    const struct page_tables tables = tables_at(root, levels);
    uint64_t code = handoff_code_size(), end = code + handoff_data_size();
    for (uint64_t offset = 0; offset < end; offset += PAGE_SIZE)
        expect_page(&tables, address + offset, PHYS + offset, offset >= code);
}

static void expect_way(const struct handoff *handoff)
{
    struct handoff_route route = handoff_route(handoff);
    const struct page_tables transition = tables_at(route.transition_tables, FOUR_LEVELS);
    const struct page_tables la57 = tables_at(route.la57_tables, FIVE_LEVELS);
    uint64_t switch_code = (uintptr_t)handoff_switch;
    prepare(handoff);

    expect_page(&transition, switch_code, switch_code, false);
    expect_page(&la57, switch_code, switch_code, false);
    expect_blob(FOUR_LEVELS, route.transition_tables, PHYS);
    expect_blob(FIVE_LEVELS, route.la57_tables, PHYS);
    expect_blob(FOUR_LEVELS, route.transition_tables, route.bridge);
    expect_blob(FOUR_LEVELS, route.bridge_tables, route.bridge);
    expect_blob(FOUR_LEVELS, route.bridge_tables, handoff->address);

    assert_int_equal(route.enter, route.bridge + header().enter);
    assert_int_equal(route.enter_la57, PHYS + header().enter_la57);
    assert_int_equal(area()->bridge, route.enter);
    assert_int_equal(area()->bridge_tables, route.bridge_tables);
    assert_int_equal(area()->transition_tables, route.transition_tables);
    assert_int_equal(area()->settle, handoff->address + header().settle);
    arena_free();
}

static void the_way_is_mapped_wherever_the_kernel_wants_the_blob(void **state)
{
    (void)state;
    uint64_t switch_page = align_down((uintptr_t)handoff_switch, PAGE_SIZE);
    const uint64_t addresses[] = {
        0xffff800000001000,           /* the usual place */
        PHYS,                         /* identity */
        PHYS - 3 * PAGE_SIZE,         /* nearly */
        switch_page,                  /* where the loader runs */
        switch_page - 2 * PAGE_SIZE,  /* around it */
        1ull << 39,                   /* where the bridge would be */
        (1ull << 39) - 2 * PAGE_SIZE, /* straddling into that */
        (2ull << 39) - 2 * PAGE_SIZE,
        0xffffffffc0000000 - 2 * PAGE_SIZE,
        0x7fffff000000,
    };
    for (size_t i = 0; i < ARRAY_LENGTH(addresses); i++) {
        struct handoff handoff = handoff_at(addresses[i]);
        expect_way(&handoff);
    }
}

static void bits_without_nx_and_large_pages(void **state)
{
    (void)state;
    const struct paging_features plain = {false, false, 48};
    struct handoff handoff = handoff_at(0xffff800000001000);
    struct handoff_route route = handoff_route(&handoff);
    const struct page_tables transition = {route.transition_tables, 48, false, false, -1, FOUR_LEVELS};
    const struct page_tables bridge = {route.bridge_tables, 48, false, false, -1, FOUR_LEVELS};
    struct error error;
    struct page_leaf page;
    arena_make(PHYS, TABLES - PHYS);
    assert_int_equal(handoff_prepare(&handoff, &plain, &error), STATUS_OK);
    assert_true(page_walk(&transition, route.bridge + handoff_code_size(), &page));
    assert_true(page_walk(&bridge, handoff.address + handoff_code_size(), &page));
    arena_free();
}

static void the_tables_describe_the_kernels_machine(void **state)
{
    (void)state;
    struct handoff handoff = handoff_at(0xffffa9876543f000);
    uint64_t data = handoff.address + header().area;
    prepare(&handoff);
    const struct handoff_area *found = area();
    assert_int_equal(found->page_table_phys, TABLES);
    assert_int_equal(found->entry, handoff.entry);
    assert_int_equal(found->stack_top, handoff.stack_top);
    assert_int_equal(found->argument, handoff.argument);
    assert_int_equal(found->framebuffer.width, 800);
    assert_int_equal(found->gdtr.base, data + offsetof(struct handoff_area, gdt));
    assert_int_equal(found->gdtr.limit, 39);
    assert_int_equal(found->idtr.base, data + offsetof(struct handoff_area, idt));
    assert_int_equal(found->idtr.limit, 4095);

    uint64_t low = found->gdt[3], tss = (low >> 16 & 0xffffff) | (low >> 56) << 24 | found->gdt[4] << 32;
    assert_int_equal(tss, data + offsetof(struct handoff_area, tss));
    assert_int_equal((low & 0xffff) | (low >> 32 & 0xf0000), 103);
    assert_int_equal(low >> 40 & 0xff, 0x89); /* present, available 64-bit TSS */
    assert_int_equal(found->tss.io_map, 104);
    assert_int_equal(tss / PAGE_SIZE, (tss + 103) / PAGE_SIZE); /* inside one page */
    arena_free();
}

static uint64_t stack_top(const struct handoff_area *found, unsigned number)
{
    const uint32_t *words = found->tss.interrupt_stacks[number - 1];
    return words[0] | (uint64_t)words[1] << 32;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void expect_glyphs(uint32_t width, bool small, bool large)
{
    struct handoff handoff = handoff_at(0xffff800000001000);
    handoff.framebuffer.address = width != 0 ? (uint8_t *)0xffff900000000000 : NULL;
    handoff.framebuffer.width = width;
    prepare(&handoff);
    const uint8_t *blob = firmware_map(PHYS, header().end);
    const struct handoff_glyphs *glyphs = (const struct handoff_glyphs *)(const void *)(blob + header().glyphs);
    assert_int_equal(is_zero(glyphs->small, sizeof glyphs->small), !small);
    assert_int_equal(is_zero(glyphs->large, sizeof glyphs->large), !large);
    if (small)
        assert_memory_equal(glyphs->small, font_for_width(width)->glyphs, sizeof glyphs->small);
    if (large)
        assert_memory_equal(glyphs->large, font_for_width(width)->glyphs, sizeof glyphs->large);
    arena_free();
}

static void the_console_has_the_glyphs_of_its_screen(void **state)
{
    (void)state;
    expect_glyphs(0, false, false);
    expect_glyphs(FONT_LARGE_FROM_WIDTH - 1, true, false);
    expect_glyphs(FONT_LARGE_FROM_WIDTH, false, true);
}

static void every_vector_has_a_stub_and_a_stack(void **state)
{
    (void)state;
    struct handoff handoff = handoff_at(0xffff800000001000);
    uint64_t stacks = handoff.address + header().area + offsetof(struct handoff_area, stacks);
    prepare(&handoff);
    const uint8_t *blob = firmware_map(PHYS, header().end);
    for (unsigned vector = 0; vector < 256; vector++) {
        const struct handoff_gate *gate = &area()->idt[vector];
        uint64_t stub = gate->offset_low | (uint64_t)gate->offset_middle << 16 | (uint64_t)gate->offset_high << 32;
        const uint8_t *code = blob + (stub - handoff.address);
        assert_int_equal(gate->selector, 8);
        assert_int_equal(gate->type, 0x8e);
        assert_in_range(gate->stack, 1, 4);
        assert_int_equal(gate->stack == 1, vector != 2 && vector != 8 && vector != 18);
        assert_in_range(stub, handoff.address, handoff.address + header().data - HANDOFF_STUB_SIZE);
        bool has_error_code = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 ||
                              vector == 29 || vector == 30;
        static const uint8_t push_zero[] = {0x6a, 0};
        if (!has_error_code) { /* PUSH 0, then PUSH vector, JMP */
            assert_memory_equal(code, push_zero, 2);
            code += 2;
        }
        uint32_t pushed, distance;
        memcpy(&pushed, code + 1, sizeof pushed);
        memcpy(&distance, code + 6, sizeof distance);
        assert_int_equal(code[0], 0x68);
        assert_int_equal(pushed, vector);
        assert_int_equal(code[5], 0xe9);
        assert_int_equal((uint32_t)(code + 10 - blob) + distance, header().caught);
    }
    for (unsigned number = 1; number <= 4; number++) {
        assert_in_range(stack_top(area(), number), stacks + 4096, stacks + sizeof area()->stacks);
        assert_int_equal(stack_top(area(), number) % 16, 0);
        for (unsigned other = 1; other < number; other++)
            assert_true(stack_top(area(), number) - stack_top(area(), other) >= 4096);
    }
    arena_free();
}

static void memory_behind_the_image_is_zero(void **state)
{
    (void)state;
    struct handoff handoff = handoff_at(0xffff800000001000);
    prepare(&handoff);
    const uint8_t *stacks = (const uint8_t *)area() + offsetof(struct handoff_area, stacks);
    for (unsigned i = 0; i < sizeof area()->stacks; i++)
        assert_int_equal(stacks[i], 0);
    arena_free();
}

static void impossible_places_are_refused(void **state)
{
    (void)state;
    struct error error;
    struct handoff good = handoff_at(0xffff800000001000), bad[] = {good, good, good, good, good, good};
    bad[0].phys += 1;
    bad[1].phys = (4ull << 30) - PAGE_SIZE;
    bad[2].transition_phys = 4ull << 30;
    bad[3].address += 16;
    bad[4].stack_top += 8;
    bad[5].page_table_phys += 1;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_int_equal(handoff_prepare(&bad[i], &features, &error), STATUS_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_way_is_mapped_wherever_the_kernel_wants_the_blob),
        cmocka_unit_test(bits_without_nx_and_large_pages),
        cmocka_unit_test(the_tables_describe_the_kernels_machine),
        cmocka_unit_test(the_console_has_the_glyphs_of_its_screen),
        cmocka_unit_test(every_vector_has_a_stub_and_a_stack),
        cmocka_unit_test(memory_behind_the_image_is_zero),
        cmocka_unit_test(impossible_places_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
