/* The way of a Multiboot kernel to the jump on the fake machine, judged by where the segments come to lie and by the
 * information that is left (Multiboot2 2.0, 3.6; Multiboot 0.6.96, 3.3). */
#include "cmocka_all.h"

#include "boot.h"
#include "checked.h"
#include "fake_firmware.h"
#include "support/multiboot_image.h"

#include <stdio.h>
#include <string.h>

static uint8_t image[MULTIBOOT_IMAGE_SIZE];
static uint8_t ramdisk[5001];

static enum status boot_as_a_door_does(struct error *to)
{
    boot(to);
    boot_fail(to);
}

static int reset(void **state)
{
    (void)state;
    fake_reset();
    multiboot_image_make(image, false);
    fake_add_file("/kernel.elf", image, sizeof image);
    for (size_t i = 0; i < sizeof ramdisk; i++)
        ramdisk[i] = (uint8_t)(i * 3 + i / 200);
    fake_add_file("/ramdisk", ramdisk, sizeof ramdisk);
    return 0;
}

static void tag(uint16_t type, uint16_t flags, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t count)
{
    const uint32_t words[] = {a, b, c, d};
    multiboot_image_tag(image, type, flags, words, count);
}

/* --- booting ----------------------------------------------------------------------------------------------------- */

static uint64_t get(const uint8_t *bytes, uint32_t offset, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, bytes + offset, size);
    return value;
}

static const struct multiboot_orders *must_jump(void)
{
    enum fake_end end = fake_run(boot_as_a_door_does);
    if (end != FAKE_JUMPED_TO_MULTIBOOT)
        fail_msg("ended by %d: %s%s", (int)end, fake->violation, fake->serial.text);
    assert_null(strstr(fake->debugcon.text, "BOOT-ERR"));
    return &fake->multiboot_entry.orders;
}

static void must_fail(enum status status, const char *text)
{
    char line[32];
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_STOPPED);
    snprintf(line, sizeof line, "BOOT-ERR %d ", (int)status);
    if (strstr(fake->debugcon.text, line) == NULL || strstr(fake->debugcon.text, text) == NULL)
        fail_msg("not %d with '%s': %s", (int)status, text, fake->debugcon.text);
}

/* The segment and its zeroes, as they lie somewhere. */
static void must_hold_the_segment(uint64_t phys)
{
    const uint8_t *at = fake_memory(phys, MULTIBOOT_IMAGE_MEMORY);
    assert_memory_equal(at, image + MULTIBOOT_IMAGE_CODE, MULTIBOOT_IMAGE_CODE_SIZE);
    for (uint32_t i = MULTIBOOT_IMAGE_CODE_SIZE; i < MULTIBOOT_IMAGE_MEMORY; i++)
        assert_int_equal(at[i], 0);
}

/* The content of a tag of this type, the index-th; NULL: there is none. */
static const uint8_t *find_tag(uint32_t type, unsigned index, uint32_t *size)
{
    uint32_t info = fake->multiboot_entry.orders.information;
    const uint8_t *bytes = fake_memory(info, 8);
    uint32_t total = (uint32_t)get(bytes, 0, 4);
    bytes = fake_memory(info, total);
    for (uint32_t at = 8; at < total; at += ((uint32_t)get(bytes, at + 4, 4) + 7) & ~7u) {
        assert_true(at + 8 <= total && get(bytes, at + 4, 4) >= 8);
        *size = (uint32_t)get(bytes, at + 4, 4) - 8;
        if (get(bytes, at, 4) == type && index-- == 0)
            return bytes + at + 8;
        if (get(bytes, at, 4) == 0)
            return NULL;
    }
    return NULL;
}

static void kernel_lies_where_it_was_linked(void **state)
{
    (void)state;
    const struct multiboot_orders *orders = must_jump();
    assert_int_equal(orders->entry, MULTIBOOT_IMAGE_PHYS + MULTIBOOT_IMAGE_ENTRY);
    assert_int_equal(orders->magic, 0x36d76289);
    assert_int_equal(orders->moves[0].words, 0);
    must_hold_the_segment(MULTIBOOT_IMAGE_PHYS);
    uint32_t size;
    assert_null(find_tag(21, 0, &size));
}

static void memory_in_use_is_moved_over_at_the_end(void **state)
{
    (void)state;
    fake->loader_phys = MULTIBOOT_IMAGE_PHYS + 4096;
    fake->loader_size = 8192;
    const struct multiboot_orders *orders = must_jump();
    assert_int_equal(orders->moves[0].to, MULTIBOOT_IMAGE_PHYS);
    assert_int_equal(orders->moves[0].words * 4, 5 * 4096);
    assert_int_equal(orders->moves[1].words, 0);
    must_hold_the_segment(orders->moves[0].from);
    const struct {
        uint64_t phys;
    } others[] = {{orders->moves[0].from}, {orders->information}, {fake->multiboot_entry.code_phys}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_true(others[i].phys >= MULTIBOOT_IMAGE_PHYS + 5 * 4096 ||
                    others[i].phys + 5 * 4096 <= MULTIBOOT_IMAGE_PHYS);
    assert_memory_equal(fake_memory(fake->multiboot_entry.code_phys, 100), multiboot_switch, 100);
}

static void memory_below_1_mib_is_moved_to(void **state)
{
    (void)state;
    multiboot_image_put(image, 64, 0x8000, 4);
    const struct multiboot_orders *orders = must_jump();
    assert_int_equal(orders->moves[0].to, 0x8000);
    must_hold_the_segment(orders->moves[0].from);
}

static void memory_that_is_none_is_refused(void **state)
{
    (void)state;
    multiboot_image_put(image, 64, 0x9e000, 4);
    must_fail(STATUS_PLACE_RESERVED, "0x9e000");
    fake_add_memory(MULTIBOOT_IMAGE_PHYS + 8192, 4096, BOOT_MEMORY_ACPI_NVS);
    multiboot_image_put(image, 64, MULTIBOOT_IMAGE_PHYS, 4);
    must_fail(STATUS_PLACE_RESERVED, "0x400000");
}

static void relocatable_kernels_get_what_they_like(void **state)
{
    (void)state;
    uint32_t size;
    static const struct {
        uint32_t preference, lowest, highest, alignment, at;
    } cases[] = {{0, 0x100000, 0xffffffff, 0x1000, MULTIBOOT_IMAGE_PHYS},
                 {1, 0x200000, 0xffffffff, 0x100000, 0x200000},
                 {2, 0x100000, 0x5fffff, 0x10000, 0x5f0000},
                 {0, 0x800000, 0xffffffff, 0x4000, 0x800000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        multiboot_image_make(image, i % 2 == 1);
        tag(10, 0, cases[i].lowest, cases[i].highest, cases[i].alignment, cases[i].preference, 4);
        const struct multiboot_orders *orders = must_jump();
        assert_int_equal(orders->entry, cases[i].at + MULTIBOOT_IMAGE_ENTRY);
        assert_int_equal(get(find_tag(21, 0, &size), 0, 4), cases[i].at);
        must_hold_the_segment(cases[i].at);
    }
    multiboot_image_make(image, false);
    tag(10, 0, 0xf0000000, 0xffffffff, 0x1000, 0, 4);
    must_fail(STATUS_OUT_OF_MEMORY, "Multiboot kernel");
}

/* ACPI 2.0 and both kinds of SMBIOS. */
static void put_tables(void)
{
    uint8_t *rsdp = fake_memory(0xf1230, 64), *old = fake_memory(0xf5670, 31), *new = fake_memory(0xf5700, 24);
    fake->tables.smbios_phys = 0xf5700;
    memcpy(rsdp, "RSD PTR \x01STAGEC\x02\x78\x56\x34\x12\x28\0\0", 23);
    memcpy(old, "_SM_\x11\x1f\x02\x08", 8);
    memcpy(new, "_SM3_\x11\x18\x03\x06", 9);
}

static void tags_tell_all(void **state)
{
    (void)state;
    uint32_t size;
    tag(5, 0, 1024, 768, 32, 0, 3);
    fake_add_text_file("/stagecoach.conf",
                       "ramdisk /ramdisk\nmodule /ramdisk two some  words\ncmdline root=/dev/null  quiet\n");
    put_tables();
    must_jump();
    assert_string_equal((const char *)find_tag(1, 0, &size), "root=/dev/null  quiet");
    assert_int_equal(size, sizeof "root=/dev/null  quiet");
    assert_memory_equal(find_tag(2, 0, &size), "Stagecoach ", 11);
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t *module = find_tag(3, i, &size);
        assert_int_equal(get(module, 4, 4) - get(module, 0, 4), sizeof ramdisk);
        assert_memory_equal(fake_memory(get(module, 0, 4), sizeof ramdisk), ramdisk, sizeof ramdisk);
        assert_string_equal((const char *)module + 8, i == 0 ? "" : "some  words");
    }
    const uint8_t *map = find_tag(6, 0, &size), *basic = find_tag(4, 0, &size);
    assert_int_equal(get(map, 0, 4), 24);
    assert_int_equal(get(map, 4, 4), 0);
    assert_int_equal(get(map, 8 + 20, 4), 0);
    assert_in_range(get(basic, 0, 4), 600, 640);
    assert_int_equal(get(basic, 4, 4), (0x7fe0000 - 0x100000) / 1024);
    const uint8_t *screen = find_tag(8, 0, &size);
    assert_int_equal(size, 30);
    assert_int_equal(get(screen, 0, 8), FAKE_FRAMEBUFFER_PHYS);
    assert_int_equal(get(screen, 8, 4), 4096 + 64);
    assert_memory_equal(screen + 20, ((const uint8_t[]){32, 1, 0, 0, 16, 8, 8, 8, 0, 8}), 10);
    assert_memory_equal(find_tag(14, 0, &size), "RSD PTR ", 8);
    assert_int_equal(size, 20);
    assert_memory_equal(find_tag(15, 0, &size), "RSD PTR ", 8);
    assert_int_equal(size, 40);
    assert_memory_equal(find_tag(13, 0, &size), "\x03\x06\0\0\0\0\0\0_SM3_", 13);
    assert_int_equal(size, 8 + 24);
    assert_memory_equal(find_tag(13, 1, &size), "\x02\x08\0\0\0\0\0\0_SM_", 12);
    assert_int_equal(size, 8 + 31);
    assert_null(find_tag(12, 0, &size)); /* no EFI */
    assert_null(find_tag(9, 0, &size));  /* no sections */
}

static void version1_tells_the_same(void **state)
{
    (void)state;
    multiboot_image_version1(image, 7, (const uint32_t[9]){0, 0, 0, 0, 0, 0, 0, 0, 0}, 9);
    fake_add_text_file("/stagecoach.conf", "ramdisk /ramdisk\nmodule /ramdisk two some  words\ncmdline a  b\n");
    const struct multiboot_orders *orders = must_jump();
    assert_int_equal(orders->magic, 0x2badb002);
    const uint8_t *info = fake_memory(orders->information, 116);
    assert_int_equal(get(info, 0, 4), 0x124d);
    assert_int_equal(get(info, 8, 4), (0x7fe0000 - 0x100000) / 1024);
    assert_string_equal(fake_memory(get(info, 16, 4), 10), "a  b");
    assert_memory_equal(fake_memory(get(info, 64, 4), 11), "Stagecoach ", 11);
    assert_int_equal(get(info, 20, 4), 2);
    const uint8_t *modules = fake_memory(get(info, 24, 4), 32);
    assert_int_equal(get(modules, 4, 4) - get(modules, 0, 4), sizeof ramdisk);
    assert_string_equal(fake_memory(get(modules, 8, 4), 1), "");
    assert_string_equal(fake_memory(get(modules, 24, 4), 20), "some  words");
    assert_int_equal(get(info, 44, 4) % 24, 0);
    const uint8_t *map = fake_memory(get(info, 48, 4), get(info, 44, 4));
    for (uint32_t at = 0; at < get(info, 44, 4); at += 24)
        assert_int_equal(get(map, at, 4), 20);
    assert_int_equal(get(map, 4, 8), 0);
    assert_int_equal(get(map, 20, 4), 1);
    assert_int_equal(get(info, 88, 8), FAKE_FRAMEBUFFER_PHYS);
    assert_memory_equal(info + 108, ((const uint8_t[]){32, 1, 16, 8, 8, 8, 0, 8}), 8);
}

/* Nobody but version 1 is told of drives. */
static void a_bios_is_told_of(void **state)
{
    (void)state;
    static const uint8_t told[20] = {2, 1, 0, 0xf0, 0x78, 0x56, 0x34, 0x12, 1, 0xf0, 2, 0xf0, 3, 0, 4, 0, 5, 0, 6, 0};
    static const uint8_t drives[24] = {12, 0, 0, 0, 0x80, 1, 1, 4, 16,  63, 0, 0,
                                       12, 0, 0, 0, 0x83, 0, 5, 0, 255, 1,  0, 0};
    uint32_t size;
    must_jump();
    assert_null(find_tag(10, 0, &size));
    fake->apm = (struct firmware_apm){0x102, 0xf000, 0x12345678, 0xf001, 0xf002, 3, 4, 5, 6};
    fake->rom = (struct firmware_rom){0xfe6f5, 2, {{0x80, true, 16, 63, 1025}, {0x83, false, 255, 1, 5}}};
    must_jump();
    assert_memory_equal(find_tag(10, 0, &size), told, sizeof told);
    assert_int_equal(size, sizeof told);
    assert_null(find_tag(22, 0, &size));
    multiboot_image_version1(image, 3, NULL, 0);
    const uint8_t *info = fake_memory(must_jump()->information, 116);
    assert_int_equal(get(info, 0, 4) & 0x580, 0x580);
    assert_int_equal(get(info, 52, 4), sizeof drives);
    assert_memory_equal(fake_memory(get(info, 56, 4), sizeof drives), drives, sizeof drives);
    assert_int_equal(get(info, 60, 4), 0xfe6f5);
    assert_memory_equal(fake_memory(get(info, 68, 4), sizeof told), told, sizeof told);
}

static void text_screens_are_kept(void **state)
{
    (void)state;
    uint32_t size;
    tag(4, 0, 3, 0, 0, 0, 1);
    fake->text_screen = true;
    must_jump();
    assert_int_equal(get(find_tag(8, 0, &size), 0, 8), 0xb8000);
    assert_int_equal(size, 24);
    fake_add_text_file("/stagecoach.conf", "video 1024x768\n"); /* which the user wants in any case */
    must_jump();
    assert_int_equal(get(find_tag(8, 0, &size), 0, 8), FAKE_FRAMEBUFFER_PHYS);
    fake->text_screen = false;
    fake->mode_count = 0;
    must_fail(STATUS_MULTIBOOT_DEMAND, "a screen");
}

static void efi_is_passed_on(void **state)
{
    (void)state;
    uint32_t size;
    fake->efi_map_room = 4800;
    fake->identity.firmware = BOOT_FIRMWARE_UEFI;
    fake->identity.starts_programs = true;
    fake->tables.efi_system_table_phys = 0x7fe0010;
    fake->tables.efi_image_handle = 0x7fe0020;
    must_jump();
    assert_int_equal(get(find_tag(12, 0, &size), 0, 8), 0x7fe0010);
    assert_int_equal(get(find_tag(17, 0, &size), 0, 4), 48);
    assert_int_equal(size, 8 + 3600);
    assert_null(find_tag(18, 0, &size));
    assert_null(find_tag(20, 0, &size));
    tag(7, 1, 0, 0, 0, 0, 0); /* and the entry for it is missing yet */
    must_jump();
    assert_false(fake->multiboot_entry.boot_services);
    tag(9, 0, MULTIBOOT_IMAGE_PHYS + 16, 0, 0, 0, 1);
    const struct multiboot_orders *orders = must_jump();
    assert_true(fake->multiboot_entry.boot_services && !fake->left);
    assert_int_equal(orders->entry, MULTIBOOT_IMAGE_PHYS + 16);
    assert_non_null(find_tag(18, 0, &size));
    assert_int_equal(get(find_tag(20, 0, &size), 0, 8), 0x7fe0020);
    assert_null(find_tag(6, 0, &size));
    fake->loader_phys = MULTIBOOT_IMAGE_PHYS; /* beneath boot services nothing can be moved */
    fake->loader_size = 4096;
    must_fail(STATUS_OUT_OF_MEMORY, "Multiboot kernel");
    fake->identity.starts_programs = false;
    must_jump();
    assert_false(fake->multiboot_entry.boot_services);
}

/* A symbol table and its names, which no segment loads, and a section with an address, which one does. */
static void sections_are_loaded(void **state)
{
    (void)state;
    static const struct {
        uint32_t type, address, offset, size, alignment;
    } sections[] = {{0, 0, 0, 0, 0},
                    {1, 0x400000, 4096, 100, 4},
                    {2, 0, 5000, 333, 4},
                    {3, 0, 7000, 200, 1},
                    {8, 0, 8000, 9999, 64}};
    uint32_t size;
    multiboot_image_put(image, 32, 1024, 4);
    multiboot_image_put(image, 48, 5, 2);
    multiboot_image_put(image, 50, 3, 2);
    for (uint32_t i = 0; i < 5; i++) {
        multiboot_image_put(image, 1024 + 40 * i + 4, sections[i].type, 4);
        multiboot_image_put(image, 1024 + 40 * i + 12, sections[i].address, 4);
        multiboot_image_put(image, 1024 + 40 * i + 16, sections[i].offset, 4);
        multiboot_image_put(image, 1024 + 40 * i + 20, sections[i].size, 4);
        multiboot_image_put(image, 1024 + 40 * i + 32, sections[i].alignment, 4);
    }
    must_jump();
    const uint8_t *headers = find_tag(9, 0, &size);
    assert_int_equal(size, 12 + 5 * 40);
    assert_memory_equal(headers, ((const uint32_t[]){5, 40, 3}), 12);
    for (uint32_t i = 0; i < 5; i++) {
        uint64_t address = get(headers + 12, 40 * i + 12, 4);
        if (i == 2 || i == 3)
            assert_memory_equal(fake_memory(address, sections[i].size), image + sections[i].offset, sections[i].size);
        else
            assert_int_equal(address, sections[i].address);
    }
    assert_int_equal(get(headers + 12, 80 + 12, 4) % 4, 0);
    multiboot_image_put(image, 1024 + 80 + 20, 8000, 4);
    must_fail(STATUS_MULTIBOOT_KERNEL, "section");
    multiboot_image_put(image, 32, 8190, 4);
    must_fail(STATUS_MULTIBOOT_KERNEL, "section headers");
}

#define MANY 3000u /* whose headers do not fit into the room that headers are read to */
#define MANY_AT 8192u

/* All of them are loaded, though the file header can't count them. */
static void many_sections_are_loaded(void **state)
{
    (void)state;
    static uint8_t file[MANY_AT + MANY * 40 + MANY];
    uint32_t size;
    memcpy(file, image, sizeof image);
    multiboot_image_put(file, 32, MANY_AT, 4);
    multiboot_image_put(file, 48, MANY, 2);
    multiboot_image_put(file, 50, 5, 2);
    for (uint32_t i = 1; i < MANY; i++) {
        const uint32_t at = MANY_AT + 40 * i, content = MANY_AT + MANY * 40 + i;
        multiboot_image_put(file, at + 4, 1, 4);
        multiboot_image_put(file, at + 16, content, 4);
        multiboot_image_put(file, at + 20, 1, 4);
        file[content] = (uint8_t)(i * 7);
    }
    fake->files[0].data = file;
    fake->files[0].size = sizeof file;
    for (unsigned apart = 0; apart < 2; apart++) {
        must_jump();
        const uint8_t *headers = find_tag(9, 0, &size);
        assert_int_equal(size, 12 + MANY * 40);
        assert_memory_equal(headers, ((const uint32_t[]){MANY, 40, apart ? 2999 : 5}), 12);
        for (uint32_t i = 1; i < MANY; i++) {
            uint64_t address = get(headers + 12, 40 * i + 12, 4);
            assert_int_equal(*(const uint8_t *)fake_memory(address, 1), (uint8_t)(i * 7));
        }
        multiboot_image_put(file, 48, 0, 2);
        multiboot_image_put(file, 50, 0xffff, 2);
        multiboot_image_put(file, MANY_AT + 20, MANY, 4);
        multiboot_image_put(file, MANY_AT + 24, 2999, 4);
    }
    multiboot_image_put(file, MANY_AT + 20, MANY + 1000, 4);
    must_fail(STATUS_MULTIBOOT_KERNEL, "section headers");
    multiboot_image_put(file, MANY_AT + 4, 1, 4); /* no counter */
    must_jump();
    assert_null(find_tag(9, 0, &size));
    multiboot_image_put(file, 32, sizeof file - 39, 4); /* none either */
    must_jump();
    assert_null(find_tag(9, 0, &size));
    multiboot_image_put(file, 48, MANY, 2);
    must_fail(STATUS_MULTIBOOT_KERNEL, "section headers");
}

static void damaged_kernel_ends_the_boot(void **state)
{
    (void)state;
    multiboot_image_put(image, 18, 40, 2);
    must_fail(STATUS_MULTIBOOT_KERNEL, "/kernel.elf: Multiboot kernel");
    multiboot_image_make(image, false);
    tag(500, 0, 0, 0, 0, 0, 0);
    must_fail(STATUS_MULTIBOOT_DEMAND, "/kernel.elf: the Multiboot kernel demands");
}

/* Each operation of the firmware fails in turn: there is a sentence, or it boots all the same. */
static void failing_firmware_is_survived(void **state)
{
    (void)state;
    fake_add_text_file("/stagecoach.conf", "ramdisk /ramdisk\n");
    must_jump();
    uint64_t count = fake->operation_count;
    for (uint64_t i = 1; i <= count; i++) {
        fake->fail_at = i;
        fake->fail_claim_status = STATUS_FIRMWARE_CALL;
        enum fake_end end = fake_run(boot_as_a_door_does);
        if (end != FAKE_STOPPED && end != FAKE_JUMPED_TO_MULTIBOOT)
            fail_msg("operation %u failed, and it ended by %d: %s", (unsigned)i, (int)end, fake->violation);
        assert_true(end != FAKE_STOPPED || strstr(fake->debugcon.text, "BOOT-ERR") != NULL);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(kernel_lies_where_it_was_linked, reset),
        cmocka_unit_test_setup(memory_in_use_is_moved_over_at_the_end, reset),
        cmocka_unit_test_setup(memory_below_1_mib_is_moved_to, reset),
        cmocka_unit_test_setup(memory_that_is_none_is_refused, reset),
        cmocka_unit_test_setup(relocatable_kernels_get_what_they_like, reset),
        cmocka_unit_test_setup(tags_tell_all, reset),
        cmocka_unit_test_setup(version1_tells_the_same, reset),
        cmocka_unit_test_setup(a_bios_is_told_of, reset),
        cmocka_unit_test_setup(text_screens_are_kept, reset),
        cmocka_unit_test_setup(efi_is_passed_on, reset),
        cmocka_unit_test_setup(sections_are_loaded, reset),
        cmocka_unit_test_setup(many_sections_are_loaded, reset),
        cmocka_unit_test_setup(damaged_kernel_ends_the_boot, reset),
        cmocka_unit_test_setup(failing_firmware_is_survived, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
