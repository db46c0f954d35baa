/* Which module and which member of an archive is what, and the configuration that is made of it. */
#include "../cmocka_all.h"

#include "cpio.h"
#include "fake_firmware.h"
#include "settings.h"

#include <stdio.h>
#include <string.h>

#define ARCHIVE 0x200000u
#define MODULES 0x1000000u

static struct starter starter;
static struct content content;
static struct error error;
static uint64_t archive_size;

static int start(void **state)
{
    (void)state;
    fake_reset();
    fake->map_anything = true;
    memset(&starter, 0, sizeof starter);
    starter_init(&starter, BOOT_SOURCE_MULTIBOOT2);
    archive_size = 0;
    return 0;
}

static struct config_text text(const char *string)
{
    return (struct config_text){string, (uint32_t)strlen(string)};
}

static void add_module(const char *string, const char *bytes)
{
    struct starter_module *module = &starter.modules[starter.module_count];
    *module = (struct starter_module){MODULES + starter.module_count * 0x1000u, 16, text(string)};
    memcpy(fake_memory(module->phys, 16), bytes, strlen(bytes));
    starter.module_count++;
}

static void add_member(const char *name, uint32_t mode, const char *data)
{
    char header[512];
    int size = snprintf(header, sizeof header, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x%s", 1,
                        mode, 0, 0, 1, 0, strlen(data), 0, 0, 0, 0, strlen(name) + 1, 0, name);
    uint8_t *to = fake_memory(ARCHIVE, 1 << 20);
    memcpy(to + archive_size, header, (size_t)size + 1);
    archive_size = (archive_size + (uint64_t)size + 1 + 3) / 4 * 4;
    memcpy(to + archive_size, data, strlen(data));
    archive_size = (archive_size + strlen(data) + 3) / 4 * 4;
}

static enum status sort(void)
{
    const struct content_piece own = {ARCHIVE, archive_size};
    return content_sort(&starter, &own, &content, &error);
}

static void expect_module(const struct content_piece *piece, unsigned index)
{
    assert_int_equal(piece->phys, MODULES + index * 0x1000);
    assert_int_equal(piece->size, 16);
}

static void expect_text(const struct config_text *found, const char *wanted)
{
    assert_int_equal(found->size, strlen(wanted));
    assert_memory_equal(found->text, wanted, found->size);
}

/* --- roles ------------------------------------------------------------------------------------------------------- */

static void by_name(void **state)
{
    (void)state;
    add_module("data first  second", "x");
    add_module("ramdisk", "x");
    add_module("config", "x");
    add_module(" kernel ", "x");
    assert_int_equal(sort(), STATUS_OK);
    expect_module(&content.ramdisk, 1);
    expect_module(&content.config, 2);
    expect_module(&content.kernel, 3);
    assert_int_equal(content.module_count, 1);
    expect_module(&content.modules[0].piece, 0);
    expect_text(&content.modules[0].name, "data");
    expect_text(&content.modules[0].arguments, "first  second");
}

static void by_order(void **state)
{
    (void)state;
    add_module("", "\177ELF");
    add_module("", "x");
    add_module("  ", "x");
    assert_int_equal(sort(), STATUS_OK);
    expect_module(&content.kernel, 0);
    expect_module(&content.ramdisk, 1);
    assert_int_equal(content.module_count, 1);
    assert_int_equal(content.modules[0].name.size, 0);
}

/* A name further back counts before the order. */
static void order_after_names(void **state)
{
    (void)state;
    add_module("", "x");
    add_module("kernel", "x");
    assert_int_equal(sort(), STATUS_OK);
    expect_module(&content.kernel, 1);
    expect_module(&content.ramdisk, 0);
}

static void archive_by_order(void **state)
{
    (void)state;
    add_module("", "x");
    starter.modules[0] = (struct starter_module){.phys = ARCHIVE, .text = text("")};
    add_member("kernel", 0100644, "K");
    add_member("TRAILER!!!", 0, "");
    starter.modules[0].size = archive_size;
    archive_size = 0; /* none inside */
    assert_int_equal(sort(), STATUS_OK);
    assert_int_equal(content.archive.phys, ARCHIVE);
    assert_int_equal(content.kernel.size, 0);
}

/* With a kernel inside, the first module without a name is the ramdisk, even if it is an archive. */
static void ramdisk_beside_own_archive(void **state)
{
    (void)state;
    add_member("kernel", 0100644, "K");
    add_module("", "070701");
    assert_int_equal(sort(), STATUS_OK);
    assert_int_equal(content.archive.phys, ARCHIVE);
    expect_module(&content.ramdisk, 0);
}

static void twice(void **state)
{
    (void)state;
    add_module("kernel", "x");
    add_module("kernel", "x");
    assert_int_equal(sort(), STATUS_STARTER_INFO);
    assert_non_null(strstr(error.text, "'kernel'"));
}

/* Multiboot 1 strings have a file name in front, but not GRUB 2's. */
static void file_names(void **state)
{
    (void)state;
    starter_init(&starter, BOOT_SOURCE_MULTIBOOT1);
    starter.loader = text("qemu");
    starter.command_line = text("/boot/os.elf quiet verbose");
    add_module("/a/one.bin kernel", "x");
    add_module("/a/two.bin", "x");
    add_module("/a/three.bin", "x");
    assert_int_equal(sort(), STATUS_OK);
    expect_module(&content.kernel, 0);
    expect_module(&content.ramdisk, 1);
    expect_text(&content.modules[0].name, "three.bin");
    struct config_text line = content_command_line(&starter);
    expect_text(&line, "quiet verbose");
    starter.loader = text("GRUB 2.06-13");
    line = content_command_line(&starter);
    expect_text(&line, "/boot/os.elf quiet verbose");
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static void expect_file(const char *path, const char *wanted)
{
    struct content_piece found;
    assert_int_equal(content_find(&content, path, &found, &error), STATUS_OK);
    assert_int_equal(found.size, strlen(wanted));
    assert_memory_equal(fake_memory(found.phys, found.size + 1), wanted, found.size);
}

static void expect_no_file(const char *path, enum status status)
{
    struct content_piece found;
    assert_int_equal(content_find(&content, path, &found, &error), status);
}

static void members(void **state)
{
    (void)state;
    add_member(".", 040755, "");
    add_member("./boot", 040755, "");
    add_member("./boot/Kernel.ELF", 0100755, "K");
    add_member("ramdisk", 0100600, "RRR");
    add_member("/absolute", 0100600, "");
    add_member("link", 0120777, "ramdisk");
    add_member("TRAILER!!!", 0, "");
    add_member("behind", 0100600, "B");
    assert_int_equal(sort(), STATUS_OK);
    expect_file("/boot/kernel.elf", "K");
    expect_file("/ramdisk", "RRR");
    expect_file("/absolute", "");
    expect_no_file("/boot", STATUS_NOT_A_FILE);
    expect_no_file("/link", STATUS_NOT_A_FILE);
    expect_no_file("/boot/kernel", STATUS_FILE_NOT_FOUND);
    expect_no_file("/boot/kernel.elf2", STATUS_FILE_NOT_FOUND);
    expect_no_file("/behind", STATUS_FILE_NOT_FOUND);
}

/* The end of the path is not the end of the name. */
static void name_with_nul(void **state)
{
    (void)state;
    add_member("kernel.x", 0100644, "K");
    add_member("TRAILER!!!", 0, "");
    assert_int_equal(sort(), STATUS_OK);
    memset((uint8_t *)fake_memory(ARCHIVE, 256) + 110 + 6, 0, 2);
    expect_no_file("/kernel", STATUS_FILE_NOT_FOUND);
}

static void outside_before_inside(void **state)
{
    (void)state;
    struct content_piece found;
    add_member("kernel", 0100644, "K");
    add_member("TRAILER!!!", 0, "");
    add_module("kernel", "x");
    add_module("extra", "x");
    assert_int_equal(sort(), STATUS_OK);
    assert_int_equal(content_find(&content, "/KERNEL", &found, &error), STATUS_OK);
    expect_module(&found, 0);
    assert_int_equal(content_find(&content, CONTENT_MODULE "0", &found, &error), STATUS_OK);
    expect_module(&found, 1);
    expect_no_file(CONTENT_MODULE "1", STATUS_FILE_NOT_FOUND);
}

static void damaged_archives(void **state)
{
    (void)state;
    add_member("first", 0100644, "K");
    const uint64_t sound = archive_size;
    add_member("TRAILER!!!", 0, "");
    uint8_t *bytes = fake_memory(ARCHIVE, archive_size);
    assert_int_equal(sort(), STATUS_OK);
    expect_no_file("/x", STATUS_FILE_NOT_FOUND);
    for (uint64_t size = 1; size < archive_size - 3; size++) { /* the last three fill up */
        content.archive.size = size;
        expect_no_file("/x", STATUS_ARCHIVE_BAD);
    }
    content.archive.size = archive_size;
    bytes[sound] = '9'; /* the magic number */
    expect_no_file("/x", STATUS_ARCHIVE_BAD);
    bytes[sound] = '0';
    bytes[sound + 6 + 8 * 11] = 'g'; /* not a digit */
    expect_no_file("/x", STATUS_ARCHIVE_BAD);
    memset(bytes + sound + 6 + 8 * 11, '0', 8); /* a name without a byte */
    expect_no_file("/x", STATUS_ARCHIVE_BAD);
    memset(bytes + sound + 6 + 8 * 6, 'f', 8); /* a file of 4 GiB */
    expect_no_file("/x", STATUS_ARCHIVE_BAD);
}

/* --- configuration ----------------------------------------------------------------------------------------------- */

static void expect_settings(const char *file, const char *line, const char *wanted)
{
    const struct settings settings = {&content, {(const uint8_t *)file, strlen(file)}, text(line)};
    char *to = fake_memory(0x300000, 1 << 16);
    uint64_t size;
    assert_int_equal(settings_write(&settings, to, &size, &error), STATUS_OK);
    assert_true(size <= settings_room(&settings));
    assert_int_equal(size, strlen(wanted));
    assert_memory_equal(to, wanted, size);
}

static void nothing_from_outside(void **state)
{
    (void)state;
    add_member("kernel.elf", 0100644, "K");
    add_member("TRAILER!!!", 0, "");
    assert_int_equal(sort(), STATUS_OK);
    expect_settings("", "", "");
    expect_settings("log-level debug\ncmdline a", "", "log-level debug\ncmdline a\n");
}

static void archive_without_configuration(void **state)
{
    (void)state;
    add_member("kernel", 0100644, "K");
    add_member("ramdisk", 0100644, "R");
    add_member("TRAILER!!!", 0, "");
    assert_int_equal(sort(), STATUS_OK);
    expect_settings("", "", "kernel /kernel\nramdisk /ramdisk\n");
    expect_settings("kernel /other\nramdisk /other\n", "", "kernel /other\nramdisk /other\n");
}

static void outside_replaces(void **state)
{
    (void)state;
    add_module("kernel", "x");
    add_module("ramdisk", "x");
    add_module("one a b", "x");
    add_module("", "x");
    assert_int_equal(sort(), STATUS_OK);
    expect_settings("\xef\xbb\xbfkernel /k\r\n  ramdisk\t/r\ncmdline x\nkernels y\nvideo off", "new line",
                    "#\n#\n#\nkernels y\nvideo off\nkernel /kernel\nramdisk /ramdisk\ncmdline new line\n"
                    "module /outside-module-0 one a b\nmodule /outside-module-1 module-1 \n");
}

/* Text from outside can't begin a line of its own. */
static void control_characters(void **state)
{
    (void)state;
    const struct settings settings = {&content, {NULL, 0}, text("a\nlog-level trace")};
    char to[1024];
    uint64_t size;
    assert_int_equal(sort(), STATUS_OK);
    assert_int_equal(settings_write(&settings, to, &size, &error), STATUS_STARTER_INFO);
    add_module("name arguments\r", "x");
    assert_int_equal(sort(), STATUS_OK);
    const struct settings module = {&content, {NULL, 0}, text("")};
    assert_int_equal(settings_write(&module, to, &size, &error), STATUS_STARTER_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(by_name, start),
        cmocka_unit_test_setup(by_order, start),
        cmocka_unit_test_setup(order_after_names, start),
        cmocka_unit_test_setup(archive_by_order, start),
        cmocka_unit_test_setup(ramdisk_beside_own_archive, start),
        cmocka_unit_test_setup(twice, start),
        cmocka_unit_test_setup(file_names, start),
        cmocka_unit_test_setup(members, start),
        cmocka_unit_test_setup(name_with_nul, start),
        cmocka_unit_test_setup(outside_before_inside, start),
        cmocka_unit_test_setup(damaged_archives, start),
        cmocka_unit_test_setup(nothing_from_outside, start),
        cmocka_unit_test_setup(archive_without_configuration, start),
        cmocka_unit_test_setup(outside_replaces, start),
        cmocka_unit_test_setup(control_characters, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
