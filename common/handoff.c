#include "handoff.h"

#include "checked.h"
#include "firmware.h"
#include "handoff/layout.h"
#include "handoff/route.h"
#include "memory.h"

/* Frames of each set of tables, at most: the root; three for each place, doubled where it may straddle a boundary of
 * each level. A place is less than 2 MiB long. The bridge begins a slot of the root, so it straddles nothing. */
#define FRAMES_PER_PLACE 3u
#define TRANSITION_FRAMES (1 + 2 * FRAMES_PER_PLACE + 2 * FRAMES_PER_PLACE + FRAMES_PER_PLACE)
#define LA57_FRAMES 1u
#define BRIDGE_FRAMES (1 + FRAMES_PER_PLACE + 2 * FRAMES_PER_PLACE)

#define ROOT_SLOT_SHIFT 39 /* of an address: which entry of the root of 4-level tables */
#define ROOT_ENTRIES 512u
#define FOUR_GIB (4 * SIZE_1G)
#define R_X86_64_RELATIVE 8u

/* The embedded image (cmake/Embed.cmake) and the loader's page that switches (handoff/switch.asm). */
extern const uint8_t handoff_blob[] __attribute__((visibility("hidden")));
extern const uint8_t handoff_blob_end[] __attribute__((visibility("hidden")));
extern const uint8_t handoff_switch[] __attribute__((visibility("hidden")));
extern const uint8_t handoff_switch_end[] __attribute__((visibility("hidden")));

static struct handoff_header header(void)
{
    struct handoff_header header;
    memcpy(&header, handoff_blob, sizeof header);
    return header;
}

uint64_t handoff_code_size(void)
{
    return header().data;
}

uint64_t handoff_data_size(void)
{
    return header().end - header().data;
}

uint64_t handoff_transition_frames(void)
{
    return TRANSITION_FRAMES + LA57_FRAMES + BRIDGE_FRAMES;
}

/* --- the way ----------------------------------------------------------------------------------------------------- */

static uint64_t slot_of(uint64_t address)
{
    return address >> ROOT_SLOT_SHIFT & (ROOT_ENTRIES - 1);
}

/* The first slot of the lower half that holds nothing which the tables map besides. */
static uint64_t bridge_address(const struct handoff *handoff)
{
    const uint64_t taken[] = {
        slot_of(handoff->phys),    slot_of((uintptr_t)handoff_switch),       slot_of((uintptr_t)handoff_switch_end),
        slot_of(handoff->address), slot_of(handoff->address + header().end),
    };
    uint64_t slot = 1;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        if (taken[i] == slot) {
            slot++;
            i = SIZE_MAX; /* look through them all again */
        }
    }
    return slot << ROOT_SLOT_SHIFT;
}

struct handoff_route handoff_route(const struct handoff *handoff)
{
    struct handoff_header offsets = header();
    uint64_t bridge = bridge_address(handoff), tables = handoff->transition_phys;
    return (struct handoff_route){
        .transition_tables = tables,
        .la57_tables = tables + TRANSITION_FRAMES * PAGE_SIZE,
        .bridge_tables = tables + (TRANSITION_FRAMES + LA57_FRAMES) * PAGE_SIZE,
        .bridge = bridge,
        .enter = bridge + offsets.enter,
        .enter_la57 = handoff->phys + offsets.enter_la57,
    };
}

/* --- the blob in its frames -------------------------------------------------------------------------------------- */

struct relocation { /* Elf64_Rela */
    uint64_t offset, info, addend;
};

/* Pointers in the blob's data were linked for address 0. */
static enum status relocate(uint8_t *blob, const struct handoff_header *offsets, uint64_t address, struct error *error)
{
    for (uint32_t at = offsets->relocations; at < offsets->relocations_end; at += sizeof(struct relocation)) {
        struct relocation relocation;
        memcpy(&relocation, blob + at, sizeof relocation);
        uint64_t value = address + relocation.addend;
        if (relocation.info != R_X86_64_RELATIVE || !range_ok(relocation.offset, sizeof value, offsets->end))
            return error_set(error, STATUS_INTERNAL, "the handoff code has an impossible relocation");
        memcpy(blob + relocation.offset, &value, sizeof value);
    }
    return STATUS_OK;
}

/* Vectors for which the CPU pushes an error code (Intel SDM 3A, table 6-1; AMD APM 2, table 8-1). */
static bool has_error_code(uint32_t vector)
{
    const uint32_t those = 1u << 8 | 0x1fu << 10 | 1u << 17 | 1u << 21 | 3u << 29;
    return vector < 32 && (those >> vector & 1) != 0;
}

/* push 0, for want of an error code; push vector; jmp caught. The operands are relative: the blob may lie anywhere. */
static void write_stubs(uint8_t *blob, const struct handoff_header *offsets)
{
    for (uint32_t vector = 0; vector < HANDOFF_VECTORS; vector++) {
        uint32_t at = offsets->stubs + vector * HANDOFF_STUB_SIZE;
        memset(blob + at, 0xcc, HANDOFF_STUB_SIZE);
        if (!has_error_code(vector)) {
            blob[at++] = 0x6a;
            blob[at++] = 0;
        }
        blob[at] = 0x68;
        memcpy(blob + at + 1, &vector, sizeof vector);
        uint32_t distance = offsets->caught - (at + 10);
        blob[at + 5] = 0xe9;
        memcpy(blob + at + 6, &distance, sizeof distance);
    }
}

/* The blob's console has the loader's fonts: they need not be in the loader twice. It asks for one, if any. */
static void copy_glyphs(const struct boot_framebuffer *screen, struct handoff_glyphs *glyphs)
{
    if (screen->address == NULL)
        return;
    if (screen->width >= FONT_LARGE_FROM_WIDTH)
        font_unpack(&font_16x32, glyphs->large);
    else
        font_unpack(&font_8x16, glyphs->small);
}

static enum status copy_blob(const struct handoff *handoff, const struct handoff_header *offsets, uint8_t *blob,
                             struct error *error)
{
    size_t data_size = (size_t)(handoff_blob_end - handoff_blob) - offsets->code_end;
    memset(blob, 0, offsets->end);
    memcpy(blob, handoff_blob, offsets->code_end);
    memcpy(blob + offsets->data, handoff_blob + offsets->code_end, data_size);
    write_stubs(blob, offsets);
    copy_glyphs(&handoff->framebuffer, (struct handoff_glyphs *)(void *)(blob + offsets->glyphs));
    return relocate(blob, offsets, handoff->address, error);
}

static void fill_gdt(struct handoff_area *area, uint64_t tss_address)
{
    uint64_t limit = sizeof area->tss - 1;
    area->gdt[HANDOFF_CODE / 8] = 0x00af9b000000ffffull; /* 64-bit code, privilege 0 */
    area->gdt[HANDOFF_DATA / 8] = 0x00cf93000000ffffull; /* writable data, privilege 0 */
    area->gdt[HANDOFF_TSS / 8] =
        limit | (tss_address & 0xffffff) << 16 | 0x89ull << 40 | (tss_address >> 24 & 0xff) << 56;
    area->gdt[HANDOFF_TSS / 8 + 1] = tss_address >> 32;
}

static void fill_tss(struct handoff_area *area, uint64_t stacks_address)
{
    for (uint32_t i = 0; i < HANDOFF_STACKS; i++) {
        uint64_t top = stacks_address + (uint64_t)(i + 1) * HANDOFF_STACK_SIZE;
        area->tss.interrupt_stacks[i][0] = (uint32_t)top;
        area->tss.interrupt_stacks[i][1] = (uint32_t)(top >> 32);
    }
    area->tss.io_map = sizeof area->tss; /* beyond the limit: there is none */
}

/* Every vector runs on a stack of the TSS: the kernel's own may be what is broken. */
static uint8_t stack_of(uint32_t vector)
{
    switch (vector) {
    case 2:
        return HANDOFF_STACK_NMI + 1;
    case 8:
        return HANDOFF_STACK_DOUBLE_FAULT + 1;
    case 18:
        return HANDOFF_STACK_MACHINE_CHECK + 1;
    default:
        return HANDOFF_STACK_COMMON + 1;
    }
}

static void fill_idt(struct handoff_area *area, uint64_t stubs_address)
{
    for (uint32_t vector = 0; vector < HANDOFF_VECTORS; vector++) {
        uint64_t stub = stubs_address + (uint64_t)vector * HANDOFF_STUB_SIZE;
        area->idt[vector] = (struct handoff_gate){
            .offset_low = (uint16_t)stub,
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
            .selector = HANDOFF_CODE,
            .stack = stack_of(vector),
            .type = 0x8e, /* present, privilege 0, 64-bit interrupt gate */
        };
    }
}

static void fill_area(const struct handoff *handoff, const struct handoff_header *offsets, struct handoff_area *area)
{
    struct handoff_route route = handoff_route(handoff);
    uint64_t address = handoff->address + offsets->area; /* of the area, for the kernel */

    area->page_table_phys = handoff->page_table_phys;
    area->entry = handoff->entry;
    area->stack_top = handoff->stack_top;
    area->argument = handoff->argument;
    area->bridge_tables = route.bridge_tables;
    area->settle = handoff->address + offsets->settle;
    area->transition_tables = route.transition_tables;
    area->bridge = route.enter;
    area->framebuffer = handoff->framebuffer;
    area->gdtr.limit = sizeof area->gdt - 1;
    area->gdtr.base = address + offsetof(struct handoff_area, gdt);
    area->idtr.limit = sizeof area->idt - 1;
    area->idtr.base = address + offsetof(struct handoff_area, idt);
    area->transition_gdtr.limit = 4 * 8 - 1;
    area->transition_gdtr.base = handoff->phys + offsets->transition_gdt;
    fill_gdt(area, address + offsetof(struct handoff_area, tss));
    fill_tss(area, address + offsetof(struct handoff_area, stacks));
    fill_idt(area, handoff->address + offsets->stubs);
}

/* --- the tables -------------------------------------------------------------------------------------------------- */

static enum status map_blob(struct paging *paging, const struct handoff *handoff, uint64_t address, struct error *error)
{
    uint64_t code_size = handoff_code_size();
    const struct paging_mapping code = {
        .address = address, .phys = handoff->phys, .size = code_size, .execute = true, .name = "handoff code"};
    const struct paging_mapping data = {.address = address + code_size,
                                        .phys = handoff->phys + code_size,
                                        .size = handoff_data_size(),
                                        .write = true,
                                        .name = "handoff data"};
    enum status status = paging_map(paging, &code, error);
    return status != STATUS_OK ? status : paging_map(paging, &data, error);
}

static enum status build_transition(const struct handoff *handoff, const struct handoff_route *route,
                                    const struct paging_features *features, struct error *error)
{
    uint64_t start = align_down((uintptr_t)handoff_switch, PAGE_SIZE);
    uint64_t last = align_down((uintptr_t)handoff_switch_end - 1, PAGE_SIZE);
    const struct paging_mapping switch_code = {.address = start,
                                               .phys = start, /* the loaders run where they lie */
                                               .size = last - start + PAGE_SIZE,
                                               .execute = true,
                                               .name = "switch code"};
    struct paging paging;
    paging_init(&paging, route->transition_tables, TRANSITION_FRAMES, features);
    enum status status = paging_map(&paging, &switch_code, error);
    if (status == STATUS_OK)
        status = map_blob(&paging, handoff, handoff->phys, error);
    if (status == STATUS_OK)
        status = map_blob(&paging, handoff, route->bridge, error);
    return status;
}

/* With 5 levels, canonical addresses of 48 bits are those of the first and the last entry of the root. */
static void build_la57(const struct handoff_route *route)
{
    uint64_t *root = firmware_map(route->la57_tables, PAGE_SIZE);
    memset(root, 0, PAGE_SIZE);
    root[0] = route->transition_tables | PAGING_PRESENT | PAGING_WRITE;
    root[ROOT_ENTRIES - 1] = root[0];
}

static enum status build_bridge(const struct handoff *handoff, const struct handoff_route *route,
                                const struct paging_features *features, struct error *error)
{
    struct paging paging;
    paging_init(&paging, route->bridge_tables, BRIDGE_FRAMES, features);
    enum status status = map_blob(&paging, handoff, route->bridge, error);
    return status != STATUS_OK ? status : map_blob(&paging, handoff, handoff->address, error);
}

static enum status check(const struct handoff *handoff, struct error *error)
{
    uint64_t tables_size = handoff_transition_frames() * PAGE_SIZE;
    if (!is_aligned(handoff->phys | handoff->address | handoff->transition_phys | handoff->page_table_phys,
                    PAGE_SIZE) ||
        !range_ok(handoff->phys, header().end, FOUR_GIB) ||
        !range_ok(handoff->transition_phys, tables_size, FOUR_GIB) || handoff->stack_top % 16 != 0)
        return error_set(error, STATUS_INTERNAL,
                         "the handoff can't be at %#llx (physical %#llx) with tables at %#llx and stack top %#llx",
                         (unsigned long long)handoff->address, (unsigned long long)handoff->phys,
                         (unsigned long long)handoff->transition_phys, (unsigned long long)handoff->stack_top);
    return STATUS_OK;
}

enum status handoff_prepare(const struct handoff *handoff, const struct paging_features *features, struct error *error)
{
    enum status status = check(handoff, error);
    if (status != STATUS_OK)
        return status;
    struct handoff_header offsets = header();
    struct handoff_route route = handoff_route(handoff);
    uint8_t *blob = firmware_map(handoff->phys, offsets.end);
    status = copy_blob(handoff, &offsets, blob, error);
    if (status != STATUS_OK)
        return status;
    fill_area(handoff, &offsets, (struct handoff_area *)(void *)(blob + offsets.area));
    status = build_transition(handoff, &route, features, error);
    if (status != STATUS_OK)
        return status;
    build_la57(&route);
    return build_bridge(handoff, &route, features, error);
}
