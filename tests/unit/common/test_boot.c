/* The whole flow of common/boot.c on the fake machine: boots that must succeed, and all that can be asked of the state
 * they leave. What must fail is in test_boot_failures.c. */
#include "cmocka_all.h"

#include "boot.h"
#include "boot_check.h"
#include "checked.h"
#include "fake_firmware.h"

#include <string.h>

static struct sample_kernel kernel;
static struct boot_config *wishes;
static struct boot_info info;
static uint8_t ramdisk[70000];
static uint8_t modules[3][9000];

static enum status boot_as_a_door_does(struct error *error)
{
    boot(error);
    boot_fail(error);
}

static void use_kernel(uint16_t type)
{
    sample_kernel_make(&kernel, type);
    wishes = sample_kernel_config(&kernel);
}

static int reset(void **state)
{
    (void)state;
    fake_reset();
    use_kernel(ET_EXEC);
    fake_add_file("/kernel.elf", &kernel, SAMPLE_FILE_SIZE);
    for (size_t i = 0; i < sizeof ramdisk; i++)
        ramdisk[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof modules; i++)
        modules[i / sizeof modules[0]][i % sizeof modules[0]] = (uint8_t)(i * 13 + i / 249);
    return 0;
}

static void must_boot(void)
{
    enum fake_end end = fake_run(boot_as_a_door_does);
    if (end != FAKE_JUMPED)
        fail_msg("ended by %d: %s%s", (int)end, fake->violation, fake->serial.text);
    boot_check(&kernel, &info);
    assert_null(strstr(fake->debugcon.text, "BOOT-ERR"));
}

/* --- with little and with everything ----------------------------------------------------------------------------- */

static void defaults_are_enough(void **state)
{
    (void)state;
    must_boot();
    boot_check_text(info.command_line, "");
    assert_int_equal(info.command_line_size, 0);
    assert_null(info.ramdisk);
    assert_int_equal(info.module_count, 0);
    assert_int_equal(info.physical_memory_size, 0);
    assert_int_equal(info.stack_size, 65536);
    assert_int_equal(info.framebuffer.width, 1024);
    assert_int_equal(info.framebuffer.height, 768);
    assert_int_equal(info.framebuffer.pitch, 4096 + 64);
    assert_int_equal(info.framebuffer.bits_per_pixel, 32);
    assert_int_equal(info.framebuffer.red_shift, 16);
    assert_null(info.framebuffer.edid);
    assert_non_null(strstr(fake->serial.text, "taking the defaults"));
}

static const char full_config[] = "\xef\xbb\xbf# everything at once\r\n"
                                  "kernel /boot/Kernel.elf\r\n"
                                  "ramdisk /boot/ramdisk.img\n"
                                  "cmdline root=/dev/null  quiet\n"
                                  "module /boot/first first with arguments\n"
                                  "module /boot/second second\n"
                                  "video 800x600\n"
                                  "log-level trace\n";

static void make_everything(void)
{
    use_kernel(ET_DYN);
    fake->files[0].path[0] = '\0';
    fake_add_file("/boot/kernel.elf", &kernel, SAMPLE_FILE_SIZE);
    fake_add_text_file("/stagecoach.conf", full_config);
    fake_add_file("/boot/ramdisk.img", ramdisk, sizeof ramdisk);
    fake_add_file("/boot/first", modules[0], 9000);
    fake_add_file("/boot/second", modules[1], 4096);
    fake_add_mode(800, 600, 24);
    fake_add_mode(1920, 1080, 32);
    memset(fake->edid, 0x5a, sizeof fake->edid);
    fake->edid_size = 128;
    fake->efi_map_room = 5000;
    fake->tables.smbios_phys = 0xf9990;
    fake->tables.efi_system_table_phys = 0x7fe0010;
    fake->identity.firmware = BOOT_FIRMWARE_UEFI;
    fake->identity.disk = (struct boot_disk){.table = BOOT_DISK_GPT, .partition_number = 2, .partition_lba = 2048};
    wishes->physical_memory = BOOT_ANYWHERE;
    wishes->page_table_recursive = BOOT_ANYWHERE;
    wishes->kernel_stack_size = 100000;
}

static void check_modules(void)
{
    static const uint8_t zero[4096];
    struct boot_module list[2];
    assert_int_equal(info.module_count, 2);
    assert_true(page_read(boot_check_tables(), (uint64_t)(uintptr_t)info.modules, list, sizeof list));
    boot_check_bytes(list[0].address, modules[0], 9000);
    boot_check_bytes((uint8_t *)list[0].address + 9000, zero, 3 * 4096 - 9000);
    boot_check_bytes(list[1].address, modules[1], 4096);
    assert_int_equal(list[0].size, 9000);
    assert_int_equal(list[1].size, 4096);
    boot_check_text(list[0].name, "first");
    boot_check_text(list[0].arguments, "with arguments");
    boot_check_text(list[1].name, "second");
    boot_check_text(list[1].arguments, "");
}

static void everything_at_once(void **state)
{
    (void)state;
    make_everything();
    must_boot();
    boot_check_text(info.command_line, "root=/dev/null  quiet");
    assert_int_equal(info.ramdisk_size, sizeof ramdisk);
    boot_check_bytes(info.ramdisk, ramdisk, sizeof ramdisk);
    check_modules();
    assert_int_equal(info.stack_size, 102400);
    assert_int_equal(info.framebuffer.width, 800);
    assert_int_equal(info.framebuffer.bits_per_pixel, 24);
    assert_int_equal(info.framebuffer.edid_size, 128);
    boot_check_bytes(info.framebuffer.edid, fake->edid, 128);
    assert_true(info.physical_memory_size >= 4 * SIZE_1G);
    assert_int_not_equal(info.recursive_slot, UINT32_MAX);
    assert_int_equal(info.efi.memory_map_size, 3750);
    assert_int_equal(info.efi.descriptor_size, 48);
    uint8_t raw[3750];
    memset(raw, 0xef, sizeof raw);
    boot_check_bytes(info.efi.memory_map, raw, sizeof raw);
    assert_memory_equal(fake_memory(info.efi.memory_map_phys, sizeof raw), raw, sizeof raw);
}

static void files_in_one_piece_are_read_once(void **state)
{
    (void)state;
    make_everything();
    fake->whole_files = true;
    must_boot(); /* the fake machine minds reads of parts */
    boot_check_bytes(info.ramdisk, ramdisk, sizeof ramdisk);
    check_modules();
    for (size_t i = 1; i < fake->file_count; i++)
        assert_int_equal(fake->files[i].reads, 1);
}

static void recursive_slot_shows_the_tables(void **state)
{
    (void)state;
    wishes->page_table_recursive = BOOT_ANYWHERE;
    must_boot();
    uint64_t slot = info.recursive_slot;
    uint64_t address = 0xffff000000000000ull * (slot >> 8) | slot << 39 | slot << 30 | slot << 21 | slot << 12;
    struct page_leaf leaf;
    assert_true(page_walk(boot_check_tables(), address, &leaf));
    assert_int_equal(leaf.phys, info.page_table_phys);
    assert_true(leaf.write);
}

/* --- wishes and machines ----------------------------------------------------------------------------------------- */

static void fixed_addresses_are_kept(void **state)
{
    (void)state;
    make_everything();
    wishes->kernel_base = 0xffffc00000000000;
    wishes->kernel_stack = 0x7000001000;
    wishes->boot_info = 0x200000;
    wishes->framebuffer = 0xffffd00000000000;
    wishes->physical_memory = 0xffff900000000000;
    wishes->ramdisk = 0x40000000;
    wishes->page_table_recursive = 0xffffff0000000000;
    must_boot();
    assert_int_equal(info.kernel_address, 0xffffc00000000000);
    assert_int_equal(info.stack_address, 0x7000001000);
    assert_int_equal(fake->handoff.argument, 0x200000);
    assert_int_equal((uintptr_t)info.framebuffer.address, 0xffffd00000000000);
    assert_int_equal(info.physical_memory, 0xffff900000000000);
    assert_int_equal((uintptr_t)info.ramdisk, 0x40000000);
    assert_int_equal(info.recursive_slot, 510);
}

static void nowhere_is_not_mapped_but_told(void **state)
{
    (void)state;
    make_everything();
    wishes->framebuffer = BOOT_NOWHERE;
    wishes->ramdisk = BOOT_NOWHERE;
    must_boot();
    assert_null(info.framebuffer.address);
    assert_int_equal(info.framebuffer.phys, FAKE_FRAMEBUFFER_PHYS);
    assert_null(info.ramdisk);
    assert_int_not_equal(info.ramdisk_phys, 0);
    assert_memory_equal(fake_memory(info.ramdisk_phys, sizeof ramdisk), ramdisk, sizeof ramdisk);
}

static void every_kind_of_cpu(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        reset(state);
        make_everything();
        fake->features.no_execute = i & 1;
        fake->features.gigabyte_pages = i & 2;
        fake->features.phys_bits = i & 4 ? 52 : 36;
        must_boot();
    }
}

static void without_display(void **state)
{
    (void)state;
    fake->mode_count = 0;
    must_boot();
    assert_int_equal(info.framebuffer.size, 0);
    assert_null(info.framebuffer.address);
}

static void display_left_alone(void **state)
{
    (void)state;
    fake_add_text_file("/stagecoach.conf", "video off\n");
    must_boot();
    assert_int_equal(info.framebuffer.size, 0);
    for (size_t i = 0; i < fake->operation_count; i++)
        assert_int_not_equal(fake->operations[i], FAKE_VIDEO_SET);
}

static void silent_when_asked(void **state)
{
    (void)state;
    fake_add_text_file("/stagecoach.conf", "log-serial off\nlog-screen off\n");
    must_boot();
    assert_string_equal(fake->serial.text, "");
    assert_string_equal(fake->debugcon.text, "");
    assert_string_equal(fake->screen.text, "");
    const uint8_t *pixels = fake_memory(FAKE_FRAMEBUFFER_PHYS, info.framebuffer.size);
    for (size_t i = 0; i < info.framebuffer.size; i++)
        assert_int_equal(pixels[i], 0);
}

static void log_is_drawn_and_sent(void **state)
{
    (void)state;
    must_boot();
    assert_non_null(strstr(fake->serial.text, "[info] Stagecoach "));
    assert_string_equal(fake->serial.text, fake->debugcon.text);
    const uint32_t *pixels = fake_memory(FAKE_FRAMEBUFFER_PHYS, info.framebuffer.size);
    size_t lit = 0;
    for (size_t i = 0; i < 16 * info.framebuffer.pitch / 4; i++)
        lit += pixels[i] != 0;
    assert_true(lit > 100); /* the first line, which was logged before the mode was set */
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

static void memory_above_4_gib(void **state)
{
    (void)state;
    make_everything();
    fake_add_memory(4 * SIZE_1G, 5 * SIZE_1G, BOOT_MEMORY_USABLE);
    must_boot();
    assert_true(info.physical_memory_size >= 9 * SIZE_1G);
}

/* The kernel itself only fits high up. */
static void low_memory_is_scarce(void **state)
{
    (void)state;
    make_everything();
    fake->region_count = 0;
    fake_add_memory(0, 0xa0000, BOOT_MEMORY_USABLE);
    fake_add_memory(0x100000, 0x400000, BOOT_MEMORY_USABLE);
    fake_add_memory(4 * SIZE_1G, SIZE_1G, BOOT_MEMORY_USABLE);
    wishes->kernel_stack_size = 64 << 20;
    must_boot();
}

static void hostile_map(void **state)
{
    (void)state;
    make_everything();
    fake_add_memory(0x5000, 0, BOOT_MEMORY_RESERVED);
    fake_add_memory(0x1234567, 0x333, BOOT_MEMORY_BAD);
    fake_add_memory(0x2000000, 0x800000, BOOT_MEMORY_USABLE); /* twice usable */
    fake_add_memory(0x2100000, 0x1001, BOOT_MEMORY_ACPI_NVS);
    fake_add_memory(0x1fff000, 0x2000, BOOT_MEMORY_EFI_RUNTIME_DATA);
    fake_add_memory(0xfd00000000, 0x300000000, BOOT_MEMORY_RESERVED);    /* as QEMU's AMD models have */
    fake_add_memory(UINT64_MAX - 0xffff, 0x20000, BOOT_MEMORY_RESERVED); /* wraps */
    fake_add_memory(FAKE_FRAMEBUFFER_PHYS, 0x1000000, BOOT_MEMORY_RESERVED);
    must_boot();
}

static void map_with_thousands_of_regions(void **state)
{
    (void)state;
    make_everything();
    for (uint64_t i = 0; i < 4000; i++)
        fake_add_memory(0x4000000 + (3999 - i) * 0x3000, 0x1000, i % 2 ? BOOT_MEMORY_RESERVED : BOOT_MEMORY_ACPI_NVS);
    must_boot();
}

/* Firmware changes its mind while it leaves: what was usable and free becomes its own. */
static void map_grows_on_leaving(void **state)
{
    (void)state;
    make_everything();
    fake->late_regions[0] = (struct boot_memory_region){0x7000000, 0x4321, BOOT_MEMORY_EFI_RUNTIME_DATA, 6};
    fake->late_regions[1] = (struct boot_memory_region){5 * SIZE_1G, 0x100000, BOOT_MEMORY_USABLE, 7};
    fake->late_region_count = 2;
    must_boot();
}

/* Each claim meets a firmware that was faster, once. */
static void firmware_takes_memory_meanwhile(void **state)
{
    (void)state;
    make_everything();
    must_boot();
    uint64_t count = fake->operation_count;
    enum fake_operation operations[FAKE_OPERATIONS_MAX];
    memcpy(operations, fake->operations, sizeof operations);
    for (uint64_t i = 0; i < count; i++) {
        if (operations[i] != FAKE_CLAIM)
            continue;
        reset(state);
        make_everything();
        fake->fail_at = i + 1;
        fake->fail_claim_status = STATUS_BUSY;
        must_boot();
        assert_in_range(fake->operation_count, count + 1, count + 3);
    }
}

/* A machine loses a little more memory with every round, until it can't boot any more; says so, and never crashes. */
static void down_to_the_last_megabyte(void **state)
{
    (void)state;
    unsigned booted = 0, refused = 0;
    for (uint64_t size = 3 << 20; size > 0; size -= 1 << 16) {
        reset(state);
        make_everything();
        fake->region_count = 0;
        fake_add_memory(0, 0xa0000, BOOT_MEMORY_USABLE);
        fake_add_memory(0x100000, size, BOOT_MEMORY_USABLE);
        if (fake_run(boot_as_a_door_does) == FAKE_JUMPED) {
            assert_int_equal(refused, 0);
            boot_check(&kernel, &info);
            booted++;
            continue;
        }
        assert_int_equal(fake->end, FAKE_STOPPED);
        assert_non_null(strstr(fake->serial.text, "BOOT-ERR 601 fake "));
        refused++;
    }
    assert_true(booted > 10 && refused > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_are_enough, reset),
        cmocka_unit_test_setup(everything_at_once, reset),
        cmocka_unit_test_setup(files_in_one_piece_are_read_once, reset),
        cmocka_unit_test_setup(recursive_slot_shows_the_tables, reset),
        cmocka_unit_test_setup(fixed_addresses_are_kept, reset),
        cmocka_unit_test_setup(nowhere_is_not_mapped_but_told, reset),
        cmocka_unit_test_setup(every_kind_of_cpu, reset),
        cmocka_unit_test_setup(without_display, reset),
        cmocka_unit_test_setup(display_left_alone, reset),
        cmocka_unit_test_setup(silent_when_asked, reset),
        cmocka_unit_test_setup(log_is_drawn_and_sent, reset),
        cmocka_unit_test_setup(memory_above_4_gib, reset),
        cmocka_unit_test_setup(low_memory_is_scarce, reset),
        cmocka_unit_test_setup(hostile_map, reset),
        cmocka_unit_test_setup(map_with_thousands_of_regions, reset),
        cmocka_unit_test_setup(map_grows_on_leaving, reset),
        cmocka_unit_test_setup(firmware_takes_memory_meanwhile, reset),
        cmocka_unit_test_setup(down_to_the_last_megabyte, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
