/* Linux: the setup header with every field wrong, and the way from there to the jump on the fake machine, judged by the
 * zero page that is left. Offsets: Documentation/arch/x86/boot.rst and zero-page.rst. */
#include "cmocka_all.h"

#include "boot.h"
#include "checked.h"
#include "fake_firmware.h"
#include "kernel_plan.h"
#include "support/linux_image.h"

#include <stdio.h>
#include <string.h>

static uint8_t image[LINUX_IMAGE_SIZE];
static uint8_t ramdisk[70001];
static struct linux_plan plan;
static struct error error;

static enum status boot_as_a_door_does(struct error *to)
{
    boot(to);
    boot_fail(to);
}

static int reset(void **state)
{
    (void)state;
    fake_reset();
    linux_image_make(image);
    fake_add_file("/kernel.elf", image, sizeof image);
    for (size_t i = 0; i < sizeof ramdisk; i++)
        ramdisk[i] = (uint8_t)(i * 7 + i / 251);
    fake_add_file("/ramdisk", ramdisk, sizeof ramdisk);
    return 0;
}

/* --- the header -------------------------------------------------------------------------------------------------- */

static enum status read_plan(uint64_t file_size)
{
    const struct span head = {image, file_size < sizeof image ? file_size : sizeof image};
    assert_true(linux_detect(head));
    return linux_plan_read(head, file_size, &plan, &error);
}

static void sound_header_is_read(void **state)
{
    (void)state;
    char name[32];
    assert_int_equal(read_plan(sizeof image), STATUS_OK);
    assert_int_equal(plan.code_offset, LINUX_IMAGE_CODE_OFFSET);
    assert_int_equal(plan.code_size, LINUX_IMAGE_CODE_SIZE);
    assert_int_equal(plan.memory_size, LINUX_IMAGE_MEMORY);
    assert_int_equal(plan.preferred, LINUX_IMAGE_PREFERRED);
    assert_int_equal(plan.alignment, SIZE_2M);
    assert_int_equal(plan.command_line_max, LINUX_IMAGE_COMMAND_LINE);
    assert_true(plan.efi_stub && plan.relocatable && plan.above_4g);
    assert_int_equal(plan.ramdisk_limit, 0);
    linux_name(&plan, name, sizeof name);
    assert_string_equal(name, "Linux x86 boot protocol 2.15");
}

static void other_forms_are_read(void **state)
{
    (void)state;
    linux_image_put(image, 0x1f1, 0, 1); /* means 4 */
    assert_int_equal(read_plan(sizeof image + 3 * 512), STATUS_OK);
    assert_int_equal(plan.code_offset, 5 * 512);
    linux_image_make(image);
    linux_image_put(image, 0x236, 1, 2); /* not above 4 GiB */
    assert_int_equal(read_plan(sizeof image), STATUS_OK);
    assert_int_equal(plan.ramdisk_limit, 0x80000000u);
    assert_int_equal(read_plan(sizeof image - 15), STATUS_OK); /* syssize is rounded up */
    assert_int_equal(plan.code_size, LINUX_IMAGE_CODE_SIZE - 15);
    linux_image_put(image, 0x44, 0x14c, 2); /* a PE file for another machine */
    assert_int_equal(read_plan(sizeof image), STATUS_OK);
    assert_false(plan.efi_stub);
}

static void wrong_fields_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint32_t offset;
        uint64_t value;
        unsigned size;
        enum status status;
        const char *text;
    } cases[] = {
        {0x206, 0x20b, 2, STATUS_LINUX_ENTRY, "2.11"},
        {0x211, 0, 1, STATUS_LINUX_ENTRY, "zImage"},
        {0x236, 2, 2, STATUS_LINUX_ENTRY, "64-bit"},
        {0x201, 0x61, 1, STATUS_LINUX_HEADER, "operand"},
        {0x1f4, 32, 4, STATUS_LINUX_HEADER, "syssize"},
        {0x1f4, LINUX_IMAGE_CODE_SIZE / 16 + 1, 4, STATUS_LINUX_TRUNCATED, "cut off"},
        {0x1f4, 0xffffffff, 4, STATUS_LINUX_TRUNCATED, "cut off"},
        {0x1f1, 255, 1, STATUS_LINUX_TRUNCATED, "cut off"},
        {0x230, 0, 4, STATUS_LINUX_HEADER, "kernel_alignment"},
        {0x230, 2048, 4, STATUS_LINUX_HEADER, "kernel_alignment"},
        {0x230, 0x300000, 4, STATUS_LINUX_HEADER, "kernel_alignment"},
        {0x260, LINUX_IMAGE_CODE_SIZE - 1, 4, STATUS_LINUX_HEADER, "init_size"},
        {0x258, 0x1100000, 8, STATUS_LINUX_HEADER, "pref_address"},
        {0x258, 0, 8, STATUS_LINUX_HEADER, "pref_address"},
        {0x258, 0xffffffffffe00000, 8, STATUS_LINUX_HEADER, "pref_address"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        linux_image_make(image);
        linux_image_put(image, cases[i].offset, cases[i].value, cases[i].size);
        assert_int_equal(read_plan(sizeof image), cases[i].status);
        assert_non_null(strstr(error.text, cases[i].text));
    }
    linux_image_make(image);
    assert_int_equal(read_plan(LINUX_HEAD_SIZE - 1), STATUS_LINUX_TRUNCATED);
}

/* Whatever a single byte is changed to, the verdict is a plan that keeps the loader's promises, or a sentence. */
static void single_bytes_are_judged(void **state)
{
    (void)state;
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    for (uint32_t at = LINUX_HEADER_OFFSET; at < LINUX_HEAD_SIZE; at++)
        for (size_t i = 0; i < sizeof values; i++) {
            linux_image_make(image);
            image[at] = values[i];
            const struct span head = {image, sizeof image};
            if (!linux_detect(head))
                continue;
            if (linux_plan_read(head, sizeof image, &plan, &error) != STATUS_OK) {
                assert_true(strlen(error.text) > 10);
                continue;
            }
            assert_true(range_ok(plan.code_offset, plan.code_size, sizeof image));
            assert_true(plan.code_size <= plan.memory_size && plan.code_size > LINUX_ENTRY_64 - 16);
            assert_true(is_power_of_two(plan.alignment) && is_aligned(plan.preferred, plan.alignment));
            assert_true(plan.header_size <= LINUX_HEADER_MAX);
        }
}

/* --- the zero page ----------------------------------------------------------------------------------------------- */

static uint64_t get(const uint8_t *bytes, uint32_t offset, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, bytes + offset, size);
    return value;
}

static const uint8_t *must_reach_linux(void)
{
    enum fake_end end = fake_run(boot_as_a_door_does);
    if (end != FAKE_JUMPED_TO_LINUX)
        fail_msg("ended by %d: %s%s", (int)end, fake->violation, fake->serial.text);
    assert_null(strstr(fake->debugcon.text, "BOOT-ERR"));
    return fake_memory(fake->linux_entry.params_phys, LINUX_PARAMS_SIZE);
}

static void must_fail(enum status status, const char *text)
{
    char line[32];
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_STOPPED);
    snprintf(line, sizeof line, "BOOT-ERR %d ", (int)status);
    if (strstr(fake->debugcon.text, line) == NULL || strstr(fake->debugcon.text, text) == NULL)
        fail_msg("not %d with '%s': %s", (int)status, text, fake->debugcon.text);
}

static const uint8_t *find_setup_data(const uint8_t *params, uint32_t type, uint32_t *size)
{
    for (uint64_t at = get(params, 0x250, 8); at != 0;) {
        const uint8_t *data = fake_memory(at, 16);
        *size = (uint32_t)get(data, 12, 4);
        if (get(data, 8, 4) == type)
            return data + 16;
        at = get(data, 0, 8);
    }
    return NULL;
}

static void kernel_lies_where_it_wants(void **state)
{
    (void)state;
    must_reach_linux();
    assert_int_equal(fake->linux_entry.entry, LINUX_IMAGE_PREFERRED + 0x200);
    const uint8_t *code = fake_memory(LINUX_IMAGE_PREFERRED, LINUX_IMAGE_CODE_SIZE);
    assert_memory_equal(code, image + LINUX_IMAGE_CODE_OFFSET, LINUX_IMAGE_CODE_SIZE);
    linux_image_put(image, 0x258, 64u << 20, 8);
    must_reach_linux();
    assert_int_equal(fake->linux_entry.entry, (64u << 20) + 0x200);
}

static void zero_page_tells_all(void **state)
{
    (void)state;
    uint32_t size;
    fake_add_text_file("/stagecoach.conf", "ramdisk /ramdisk\ncmdline root=/dev/null  quiet\n");
    const uint8_t *params = must_reach_linux();
    assert_memory_equal(params + 0x202, "HdrS", 4);
    assert_int_equal(get(params, 0x1ef, 1), 0); /* sentinel */
    assert_int_equal(get(params, 0x210, 1), 0xff);
    assert_int_equal(get(params, 0x260, 4), LINUX_IMAGE_MEMORY);
    assert_int_equal(get(params, 0x70, 8), 0xf1230);
    const char *command_line = fake_memory(get(params, 0x228, 4), 100);
    assert_string_equal(command_line, "root=/dev/null  quiet");
    assert_int_equal(get(params, 0x21c, 4), sizeof ramdisk);
    assert_memory_equal(fake_memory(get(params, 0x218, 4), sizeof ramdisk), ramdisk, sizeof ramdisk);
    assert_int_equal(get(params, 0x0f, 1), 0x23); /* a linear framebuffer */
    assert_int_equal(get(params, 0x12, 2), 1024);
    assert_int_equal(get(params, 0x14, 2), 768);
    assert_int_equal(get(params, 0x16, 2), 32);
    assert_int_equal(get(params, 0x18, 4), FAKE_FRAMEBUFFER_PHYS);
    assert_int_equal(get(params, 0x1c, 4), ((4096 + 64) * 768 + 0xffff) / 0x10000);
    assert_int_equal(get(params, 0x24, 2), 4096 + 64);
    assert_memory_equal(params + 0x26, ((const uint8_t[]){8, 16, 8, 8, 8, 0}), 6);
    assert_int_equal(get(params, 0x1c0, 4), 0); /* no EFI */
    const uint8_t *seed = find_setup_data(params, 9, &size);
    assert_non_null(seed);
    assert_int_equal(size, 32);
    assert_null(find_setup_data(params, 1, &size));
}

static void without_a_display_there_is_text(void **state)
{
    (void)state;
    fake->mode_count = 0;
    const uint8_t *params = must_reach_linux();
    assert_int_equal(get(params, 0x0f, 1), 1);
    assert_int_equal(get(params, 0x07, 1), 80);
    assert_int_equal(get(params, 0x0e, 1), 25);
}

/* E820 entries of the zero page and of SETUP_E820_EXT, against the machine's map. */
static void memory_map_goes_beyond_the_page(void **state)
{
    (void)state;
    uint32_t size;
    for (uint64_t i = 0; i < 300; i++)
        fake_add_memory((8ull << 30) + i * SIZE_2M, SIZE_1G / 1024,
                        i % 2 == 0 ? BOOT_MEMORY_USABLE : BOOT_MEMORY_ACPI_NVS);
    const uint8_t *params = must_reach_linux();
    assert_int_equal(get(params, 0x1e8, 1), 128);
    const uint8_t *further = find_setup_data(params, 1, &size);
    assert_non_null(further);
    uint32_t count = 128 + size / 20, found = 0;
    uint64_t last = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = i < 128 ? params + 0x2d0 + i * 20 : further + (i - 128) * 20;
        uint64_t start = get(entry, 0, 8);
        assert_true(i == 0 || start > last);
        last = start;
        if (start >= 8ull << 30) {
            assert_int_equal(get(entry, 16, 4), found % 2 == 0 ? 1 : 4);
            assert_int_equal(start, (8ull << 30) + found * SIZE_2M);
            found++;
        }
    }
    assert_int_equal(found, 300);
}

static void efi_is_passed_on(void **state)
{
    (void)state;
    fake->efi_map_room = 4800;
    fake->identity.firmware = BOOT_FIRMWARE_UEFI;
    fake->tables.efi_system_table_phys = 0x7fe0010;
    const uint8_t *params = must_reach_linux();
    assert_memory_equal(params + 0x1c0, "EL64", 4);
    assert_int_equal(get(params, 0x1c8, 4), 48);
    assert_int_equal(get(params, 0x1d4, 4), 3600);
    assert_int_equal(*(const uint8_t *)fake_memory(get(params, 0x1d0, 4), 1), 0xef);
}

/* Only 40 MiB below 4 GiB: the kernel has them to itself. */
static void high_memory_is_used_where_it_may_be(void **state)
{
    (void)state;
    static uint8_t big[32u << 20];
    fake->region_count = 0;
    fake_add_memory(0, 0x9f000, BOOT_MEMORY_USABLE);
    fake_add_memory(0x100000, 39u << 20, BOOT_MEMORY_USABLE);
    fake_add_memory(4 * SIZE_1G, 1ull << 30, BOOT_MEMORY_USABLE);
    fake->files[1].data = big;
    fake->files[1].size = sizeof big;
    fake_add_text_file("/stagecoach.conf", "ramdisk /ramdisk\n");
    const uint8_t *params = must_reach_linux();
    assert_int_equal(get(params, 0xc0, 4), 1); /* the upper half of its address */
    assert_int_equal(get(params, 0x21c, 4), sizeof big);
    linux_image_put(image, 0x236, 1, 2); /* such a kernel wants all below 2 GiB */
    must_fail(STATUS_OUT_OF_MEMORY, "ramdisk");
    linux_image_put(image, 0x234, 0, 1);
    linux_image_put(image, 0x258, 512u << 20, 8); /* and this one wants that place alone */
    must_fail(STATUS_OUT_OF_MEMORY, "Linux kernel");
}

/* The configuration is held in memory by then, and it is not where such a kernel has to go. */
static void place_of_its_own_is_kept(void **state)
{
    (void)state;
    fake_add_text_file("/stagecoach.conf", "cmdline quiet\n");
    linux_image_put(image, 0x234, 0, 1);
    linux_image_put(image, 0x258, 1u << 20, 8);
    must_reach_linux();
    assert_int_equal(fake->linux_entry.entry, (1u << 20) + 512);
}

static void long_command_line_is_refused(void **state)
{
    (void)state;
    char config[200] = "cmdline ";
    memset(config + 8, 'x', LINUX_IMAGE_COMMAND_LINE);
    fake_add_text_file("/stagecoach.conf", config);
    must_reach_linux();
    config[8 + LINUX_IMAGE_COMMAND_LINE] = 'x';
    fake->files[2].size++;
    must_fail(STATUS_COMMAND_LINE, "101 bytes; this Linux kernel takes 100");
}

static void modules_are_left_out_aloud(void **state)
{
    (void)state;
    fake_add_text_file("/stagecoach.conf", "module /ramdisk\n");
    const uint8_t *params = must_reach_linux();
    assert_int_equal(get(params, 0x21c, 4), 0);
    assert_non_null(strstr(fake->serial.text, "modules are left out"));
    reset(NULL);
    fake_add_text_file("/stagecoach.conf", "ramdisk /ramdisk\n");
    must_reach_linux();
    assert_null(strstr(fake->serial.text, "modules"));
}

static void damaged_kernel_ends_the_boot(void **state)
{
    (void)state;
    linux_image_put(image, 0x230, 0, 4);
    must_fail(STATUS_LINUX_HEADER, "/kernel.elf: Linux setup header: kernel_alignment");
}

/* --- programs of the firmware ------------------------------------------------------------------------------------ */

static void firmware_starts_its_own_programs(void **state)
{
    (void)state;
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof ramdisk; i++)
        sum += ramdisk[i];
    fake->identity.starts_programs = true;
    fake_add_text_file("/stagecoach.conf", "ramdisk /ramdisk\ncmdline a b c\n");
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_STARTED_PROGRAM);
    assert_string_equal(fake->program_arguments.text, "a b c");
    assert_int_equal(fake->program_ramdisk_sum, sum);
    linux_image_put(image, 0x44, 0x14c, 2); /* no stub for this machine: the boot protocol is left */
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_JUMPED_TO_LINUX);
}

static void programs_need_their_firmware(void **state)
{
    (void)state;
    fake_add_text_file("/stagecoach.conf", "efi-stub /kernel.elf\n");
    must_fail(STATUS_NEEDS_EFI, "/kernel.elf: is a UEFI application");
    fake->identity.starts_programs = true;
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_STARTED_PROGRAM);
    linux_image_put(image, 0x44, 0x14c, 2);
    must_fail(STATUS_EFI_PROGRAM, "/kernel.elf: is no UEFI application");
    linux_image_make(image);
    linux_image_put(image, 0x1fe, 0, 2); /* not Linux any more */
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_STARTED_PROGRAM);
    fake->identity.starts_programs = false;
    must_fail(STATUS_NEEDS_EFI, "/kernel.elf: is a UEFI application");
    image[0x40] = 'X';
    must_fail(STATUS_EFI_PROGRAM, "no PE signature");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sound_header_is_read, reset),
        cmocka_unit_test_setup(other_forms_are_read, reset),
        cmocka_unit_test_setup(wrong_fields_are_refused, reset),
        cmocka_unit_test_setup(single_bytes_are_judged, reset),
        cmocka_unit_test_setup(kernel_lies_where_it_wants, reset),
        cmocka_unit_test_setup(zero_page_tells_all, reset),
        cmocka_unit_test_setup(without_a_display_there_is_text, reset),
        cmocka_unit_test_setup(memory_map_goes_beyond_the_page, reset),
        cmocka_unit_test_setup(efi_is_passed_on, reset),
        cmocka_unit_test_setup(high_memory_is_used_where_it_may_be, reset),
        cmocka_unit_test_setup(place_of_its_own_is_kept, reset),
        cmocka_unit_test_setup(long_command_line_is_refused, reset),
        cmocka_unit_test_setup(modules_are_left_out_aloud, reset),
        cmocka_unit_test_setup(damaged_kernel_ends_the_boot, reset),
        cmocka_unit_test_setup(firmware_starts_its_own_programs, reset),
        cmocka_unit_test_setup(programs_need_their_firmware, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
