#include "boot_check.h"

#include "cmocka_all.h"

#include "checked.h"
#include "fake_firmware.h"
#include "log.h"

#include <stdlib.h>
#include <string.h>

#define RANGES_MAX 128
#define REGIONS_MAX 12000

struct range { /* what must be mapped, exactly so */
    const char *name;
    uint64_t address, size, phys;
    bool write, execute;
    enum page_cache cache;
    uint32_t type;   /* of its memory, in the map */
    uint64_t mapped; /* bytes found */
};

static struct page_tables tables;
static struct boot_info info;
static struct range ranges[RANGES_MAX];
static size_t range_count;
static struct boot_memory_region map[REGIONS_MAX];

const struct page_tables *boot_check_tables(void)
{
    return &tables;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void read_at(const void *address, void *to, uint64_t size)
{
    assert_true(page_read(&tables, (uint64_t)(uintptr_t)address, to, size));
}

void boot_check_bytes(const void *address, const void *expected, uint64_t size)
{
    void *bytes = malloc(size + 1);
    assert_non_null(bytes);
    read_at(address, bytes, size);
    assert_memory_equal(bytes, expected, size);
    free(bytes);
}

void boot_check_text(const char *address, const char *expected)
{
    boot_check_bytes(address, expected, strlen(expected) + 1);
}

static uint64_t phys_of(uint64_t address)
{
    struct page_leaf leaf;
    assert_true(page_walk(&tables, address, &leaf));
    return leaf.phys + (address - leaf.address);
}

static bool mapped(uint64_t address)
{
    struct page_leaf leaf;
    return page_walk(&tables, address, &leaf);
}

/* --- memory map -------------------------------------------------------------------------------------------------- */

static uint64_t map_end(size_t i)
{
    return map[i].phys + map[i].size;
}

/* The type at an address, UINT32_MAX in holes, and where its stretch ends. */
static uint32_t type_until(uint64_t phys, uint64_t *end)
{
    size_t low = 0, high = info.memory_map_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map_end(middle) <= phys)
            low = middle + 1;
        else
            high = middle;
    }
    bool inside = low < info.memory_map_count && map[low].phys <= phys;
    *end = inside ? map_end(low) : low < info.memory_map_count ? map[low].phys : UINT64_MAX;
    return inside ? map[low].type : UINT32_MAX;
}

static uint32_t type_at(uint64_t phys)
{
    uint64_t end;
    return type_until(phys, &end);
}

static void check_map_shape(void)
{
    assert_in_range(info.memory_map_count, 1, REGIONS_MAX);
    read_at(info.memory_map, map, info.memory_map_count * sizeof map[0]);
    for (size_t i = 0; i < info.memory_map_count; i++) {
        assert_int_equal(map[i].phys % 4096, 0);
        assert_int_equal(map[i].size % 4096, 0);
        assert_int_not_equal(map[i].size, 0);
        assert_in_range(map[i].type, BOOT_MEMORY_USABLE, BOOT_MEMORY_BAD);
        if (i > 0) {
            assert_true(map_end(i - 1) <= map[i].phys);
            assert_false(map_end(i - 1) == map[i].phys && map[i - 1].type == map[i].type);
        }
    }
}

/* Every byte that the firmware named is in the map, and what it calls anything but usable is not usable there. */
static void check_map_against(const struct boot_memory_region *raw)
{
    uint64_t room = 0 - raw->phys - 4096, size = raw->phys != 0 && raw->size > room ? room : raw->size;
    for (uint64_t at = raw->phys, end = raw->phys + size; at < end;) {
        uint32_t type = type_until(at, &at);
        assert_int_not_equal(type, UINT32_MAX);
        if (raw->type != BOOT_MEMORY_USABLE)
            assert_int_not_equal(type, BOOT_MEMORY_USABLE);
    }
}

static void check_map(void)
{
    check_map_shape();
    for (size_t i = 0; i < fake->region_count; i++)
        check_map_against(&fake->regions[i]);
    for (size_t i = 0; i < fake->late_region_count; i++)
        check_map_against(&fake->late_regions[i]);
}

/* --- the ranges of the address space ----------------------------------------------------------------------------- */

static void expect(const char *name, uint64_t address, uint64_t phys, uint64_t size, const char *rights, uint32_t type)
{
    uint64_t offset = address % 4096, pages = (offset + size + 4095) & ~4095ull;
    assert_true(range_count < RANGES_MAX);
    assert_int_equal(phys % 4096, offset);
    ranges[range_count++] = (struct range){.name = name,
                                           .address = address - offset,
                                           .size = pages,
                                           .phys = phys - offset,
                                           .write = strchr(rights, 'w') != NULL,
                                           .execute = strchr(rights, 'x') != NULL || !fake->features.no_execute,
                                           .cache = strchr(rights, 'c') ? PAGE_WRITE_COMBINING : PAGE_WRITE_BACK,
                                           .type = type};
}

static void expect_segments(void)
{
    static const char *const names[] = {"", "x", "w", "wx", "r", "rx", "rw", "rwx"};
    assert_in_range(info.segment_count, 1, 64);
    for (uint64_t i = 0; i < info.segment_count; i++) {
        struct boot_segment segment;
        read_at(info.segments + i, &segment, sizeof segment);
        assert_in_range(segment.rights, 0, 7);
        expect("segment", segment.address, segment.phys, segment.size, names[segment.rights], BOOT_MEMORY_KERNEL);
    }
}

static void expect_modules(void)
{
    for (uint64_t i = 0; i < info.module_count; i++) {
        struct boot_module module;
        read_at(info.modules + i, &module, sizeof module);
        expect("module", (uint64_t)(uintptr_t)module.address, module.phys, module.size, "w", BOOT_MEMORY_MODULE);
    }
}

static void expect_all(void)
{
    const struct handoff *handoff = &fake->handoff;
    uint64_t area = handoff->argument, area_end = area, code = handoff_code_size();
    while (mapped(area_end))
        area_end += 4096;
    range_count = 0;
    expect_segments();
    expect("stack", info.stack_address, phys_of(info.stack_address), info.stack_size, "w",
           BOOT_MEMORY_LOADER_RECLAIMABLE);
    expect("boot info", area, phys_of(area), area_end - area, "w", BOOT_MEMORY_LOADER_RECLAIMABLE);
    expect("handoff code", handoff->address, handoff->phys, code, "x", BOOT_MEMORY_LOADER_RECLAIMABLE);
    expect("handoff data", handoff->address + code, handoff->phys + code, handoff_data_size(), "w",
           BOOT_MEMORY_LOADER_RECLAIMABLE);
    if (info.framebuffer.address != NULL)
        expect("framebuffer", (uint64_t)(uintptr_t)info.framebuffer.address, info.framebuffer.phys,
               info.framebuffer.size, "wc", BOOT_MEMORY_FRAMEBUFFER);
    if (info.ramdisk != NULL)
        expect("ramdisk", (uint64_t)(uintptr_t)info.ramdisk, info.ramdisk_phys, info.ramdisk_size, "w",
               BOOT_MEMORY_RAMDISK);
    expect_modules();
}

/* The window shows RAM and its neighbours, each with its own kind of caching, and nothing executable. */
static void check_window_leaf(const struct page_leaf *leaf)
{
    uint64_t offset = leaf->address - info.physical_memory;
    assert_int_equal(leaf->phys, offset);
    assert_true(offset + leaf->size <= info.physical_memory_size);
    assert_true(leaf->write);
    assert_true(!leaf->execute || !fake->features.no_execute);
    for (uint64_t at = leaf->phys; at < leaf->phys + leaf->size;) {
        uint32_t type = type_until(at, &at);
        bool device = type == UINT32_MAX || type == BOOT_MEMORY_RESERVED || type == BOOT_MEMORY_MMIO;
        assert_int_not_equal(type, BOOT_MEMORY_BAD);
        assert_int_equal(leaf->cache, type == BOOT_MEMORY_FRAMEBUFFER ? PAGE_WRITE_COMBINING
                                      : device                        ? PAGE_UNCACHED
                                                                      : PAGE_WRITE_BACK);
    }
}

static void check_leaf(void *context, const struct page_leaf *leaf)
{
    (void)context;
    assert_false(leaf->user);
    if (leaf->address - info.physical_memory < info.physical_memory_size) {
        check_window_leaf(leaf);
        return;
    }
    for (size_t i = 0; i < range_count; i++) {
        struct range *range = &ranges[i];
        if (leaf->address - range->address >= range->size)
            continue;
        assert_true(leaf->address - range->address + leaf->size <= range->size);
        assert_int_equal(leaf->phys - range->phys, leaf->address - range->address);
        assert_int_equal(leaf->write, range->write);
        assert_int_equal(leaf->execute, range->execute);
        assert_int_equal(leaf->cache, range->cache);
        range->mapped += leaf->size;
        return;
    }
    fail_msg("%#llx, %#llx bytes is mapped, and nobody knows why", (unsigned long long)leaf->address,
             (unsigned long long)leaf->size);
}

static void check_table(void *context, uint64_t phys)
{
    (void)context;
    assert_int_equal(type_at(phys), BOOT_MEMORY_LOADER_RECLAIMABLE);
    for (size_t i = 0; i < range_count; i++)
        assert_false(phys - ranges[i].phys < ranges[i].size);
}

static void check_ranges(void)
{
    page_walk_all(&tables, check_leaf, check_table, NULL);
    for (size_t i = 0; i < range_count; i++) {
        const struct range *range = &ranges[i];
        assert_int_equal(range->mapped, range->size);
        for (uint64_t at = 0; at < range->size; at += 4096)
            assert_int_equal(type_at(range->phys + at), range->type);
        for (size_t j = 0; j < i; j++)
            assert_false(range->phys < ranges[j].phys + ranges[j].size && ranges[j].phys < range->phys + range->size);
    }
    assert_false(mapped(info.stack_address - 4096));
}

/* All memory that it reaches; it was made before firmware left and may have found more. */
static void check_window(void)
{
    for (size_t i = 0; i < info.memory_map_count; i++) {
        bool memory = map[i].type <= BOOT_MEMORY_MODULE || map[i].type == BOOT_MEMORY_ACPI_RECLAIMABLE ||
                      map[i].type == BOOT_MEMORY_ACPI_NVS;
        for (uint64_t at = 0; memory && at < map[i].size && map[i].phys + at < info.physical_memory_size; at += 4096)
            assert_true(mapped(info.physical_memory + map[i].phys + at));
    }
}

/* --- the kernel and the rest ------------------------------------------------------------------------------------- */

/* The segments as the file has them, but for the relocated pointer; zeroes where the file has nothing. */
static void check_kernel(const struct sample_kernel *kernel)
{
    static uint8_t expected[0x6000];
    memset(expected, 0, sizeof expected);
    memcpy(expected, kernel->bytes, 0x400);
    memcpy(expected + SAMPLE_TEXT, kernel->bytes + SAMPLE_TEXT, SAMPLE_TEXT_SIZE);
    memcpy(expected + SAMPLE_DATA, kernel->bytes + SAMPLE_DATA, SAMPLE_DATA_SIZE);
    uint64_t entry = kernel->base + SAMPLE_ENTRY + info.kernel_bias;
    if (kernel->header.e_type == ET_DYN)
        memcpy(expected + SAMPLE_POINTER, &entry, sizeof entry);
    assert_int_equal(info.kernel_address, kernel->base + info.kernel_bias);
    assert_int_equal(info.kernel_size, sizeof expected);
    assert_int_equal(info.kernel_phys, phys_of(info.kernel_address));
    boot_check_bytes((const void *)(uintptr_t)info.kernel_address, expected, sizeof expected);
    assert_int_equal(fake->handoff.entry, entry);

    assert_int_equal((uintptr_t)info.tls.address, kernel->base + SAMPLE_TLS + info.kernel_bias);
    assert_int_equal(info.tls.file_size, 0x21);
    assert_int_equal(info.tls.memory_size, 0x48);
    assert_int_equal(info.tls.alignment, 16);
}

static void check_facts(void)
{
    const struct firmware_identity *identity = &fake->identity;
    assert_int_equal(info.magic, BOOT_INFO_MAGIC);
    assert_int_equal(info.size, sizeof info);
    assert_int_equal(info.version, BOOT_PROTOCOL_VERSION);
    assert_int_equal(info.firmware, identity->firmware);
    assert_int_equal(info.boot_source, identity->boot_source);
    assert_memory_equal(&info.disk, &identity->disk, sizeof info.disk);
    assert_int_equal(info.rsdp_phys, fake->tables.rsdp_phys);
    assert_int_equal(info.smbios_phys, fake->tables.smbios_phys);
    assert_int_equal(info.smbios32_phys, fake->tables.smbios32_phys);
    assert_int_equal(info.efi.system_table_phys, fake->tables.efi_system_table_phys);
    assert_int_equal(info.tsc_hz, fake->tsc_hz);
    assert_int_equal(info.page_table_phys, tables.root_phys);
    assert_int_equal(info.reserved, 0);
}

static void check_machine_state(void)
{
    const struct handoff *handoff = &fake->handoff;
    assert_int_equal(handoff->stack_top, info.stack_address + info.stack_size);
    assert_int_equal(handoff->stack_top % 16, 0);
    assert_int_equal(handoff->framebuffer.phys, info.framebuffer.phys);
    assert_ptr_equal(handoff->framebuffer.address, info.framebuffer.address);
    assert_true(handoff->phys + handoff_code_size() + handoff_data_size() <= 4 * SIZE_1G);
    assert_true(handoff->transition_phys + handoff_transition_frames() * 4096 <= 4 * SIZE_1G);
    assert_true(tables.root_phys < 4 * SIZE_1G);
    assert_int_equal(type_at(handoff->transition_phys), BOOT_MEMORY_LOADER_RECLAIMABLE);

    void *zero = calloc(1, info.stack_size);
    assert_non_null(zero);
    boot_check_bytes((const void *)(uintptr_t)info.stack_address, zero, info.stack_size);
    free(zero);
}

static void check_log(void)
{
    char text[LOG_CAPACITY];
    assert_in_range(info.log_size, 1, LOG_CAPACITY - 1);
    read_at(info.log, text, info.log_size + 1);
    assert_int_equal(strlen(text), info.log_size);
    assert_non_null(strstr(text, "[info] Stagecoach "));
    assert_int_equal(text[info.log_size - 1], '\n');
}

static void check_timeline(void)
{
    struct boot_event events[16];
    assert_in_range(info.timeline_count, 2, 16);
    read_at(info.timeline, events, info.timeline_count * sizeof events[0]);
    assert_int_equal(events[0].phase, BOOT_PHASE_ENTRY);
    assert_int_equal(events[0].tsc, fake->identity.entry_tsc);
    assert_int_equal(events[info.timeline_count - 1].phase, BOOT_PHASE_JUMP);
    for (size_t i = 1; i < info.timeline_count; i++) {
        assert_in_range(events[i].phase, BOOT_PHASE_LOADER, BOOT_PHASE_JUMP);
        assert_true(events[i].tsc > events[i - 1].tsc);
        assert_true(events[i].bytes_read >= events[i - 1].bytes_read);
        assert_true(events[i].firmware_calls >= events[i - 1].firmware_calls);
    }
    assert_int_equal(events[info.timeline_count - 1].bytes_read, fake->stats.bytes_read);
}

void boot_check(const struct sample_kernel *kernel, struct boot_info *result)
{
    tables = (struct page_tables){fake->handoff.page_table_phys, fake->features.phys_bits, fake->features.no_execute,
                                  fake->features.gigabyte_pages, -1, 4};
    read_at((const void *)(uintptr_t)fake->handoff.argument, &info, sizeof info);
    if (info.recursive_slot != UINT32_MAX)
        tables.recursive_slot = (int)info.recursive_slot;
    check_facts();
    check_map();
    expect_all();
    check_ranges();
    check_window();
    check_machine_state();
    check_kernel(kernel);
    check_log();
    check_timeline();
    *result = info;
}
