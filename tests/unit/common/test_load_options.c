#include "cmocka_all.h"

#include "boot.h"
#include "config.h"
#include "fake_firmware.h"
#include "load_options.h"
#include "support/config_print.h"
#include "support/linux_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

static struct config config;
static struct error error;
static char warnings[1024], *lines;
static uint32_t lines_size;

static void keep_warning(void *context, const char *text)
{
    assert_ptr_equal(context, warnings);
    strcat(strcat(warnings, text), "\n");
}

/* From a copy that ends where the options do, at an odd address, into as much room as is promised. */
static bool convert(const void *options, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    memcpy(copy + 1, options, size);
    free(lines);
    lines = malloc(LOAD_OPTIONS_TEXT_ROOM(size));
    const bool ok = load_options_lines((struct span){copy + 1, size}, lines, &lines_size);
    free(copy);
    return ok;
}

static size_t bytes_of(const char16_t *text)
{
    size_t count = 0;
    while (text[count] != 0)
        count++;
    return 2 * count;
}

/* With the NUL, as firmware counts it. */
static bool convert_wide(const char16_t *text)
{
    return convert(text, bytes_of(text) + 2);
}

static enum status override(const char16_t *text)
{
    warnings[0] = '\0';
    memset(&error, 0, sizeof error);
    assert_true(convert_wide(text));
    return config_override((struct span){(uint8_t *)lines, lines_size}, &config, keep_warning, warnings, &error);
}

/* What the configuration is with the options, as a configuration. */
static void expect(const char16_t *options, const char *file, const char *expected)
{
    static char printed[CONFIG_SIZE_MAX];
    struct config wanted;
    assert_int_equal(config_parse((struct span){(const uint8_t *)file, strlen(file)}, &config, NULL, NULL, &error), 0);
    assert_int_equal(override(options), STATUS_OK);
    assert_string_equal(warnings, "");
    assert_int_equal(
        config_parse((struct span){(const uint8_t *)expected, strlen(expected)}, &wanted, NULL, NULL, &error), 0);
    printed[config_print(&config, printed)] = '\0';
    if (!config_equal(&config, &wanted))
        fail_msg("instead of %s: %s", expected, printed);
}

static void words_are_keys_and_values(void **state)
{
    (void)state;
    expect(u"kernel=/a", "", "kernel /a");
    expect(u"  kernel=/a\tramdisk=/b  ", "", "kernel /a\nramdisk /b");
    expect(u"BOOTX64.EFI kernel=/a", "", "kernel /a");
    expect(u"\"FS0:\\my loader\\BOOTX64.EFI\" kernel=/a", "", "kernel /a");
    expect(u"FS0:\\EFI\\BOOT\\BOOTX64.EFI kernel=\\boot\\kernel.elf", "", "kernel /boot/kernel.elf");
    expect(u"kernel=\"/my kernel\" ramdisk='\\my initrd'", "", "kernel /my kernel\nramdisk /my initrd");
    expect(u"\"kernel=\\my kernel\" video=off", "", "kernel /my kernel\nvideo off");
    expect(u"module=\"\\a\\b.bin name C:\\x\" log-level=debug", "", "module /a/b.bin name C:\\x\nlog-level debug");
    expect(u"\u20ac\u20ac.efi kernel=/a", "", "kernel /a");
    expect(u"\"\" kernel=/a", "", "kernel /a");
    expect(u"kernel=/\u20ac\U0001f600", "", "kernel /\xe2\x82\xac\xf0\x9f\x98\x80");
}

static void command_line_is_the_rest(void **state)
{
    (void)state;
    expect(u"kernel=/a cmdline=root=/dev/sda quiet \"x y\" a\\b", "",
           "kernel /a\ncmdline root=/dev/sda quiet \"x y\" a\\b");
    expect(u"cmdline=\"one  two\" kernel=/a", "", "cmdline one  two\nkernel /a");
    expect(u"cmdline='a \"b c\" d' kernel=/a", "", "cmdline a \"b c\" d\nkernel /a");
    expect(u"cmdline='it's one' kernel=/a", "", "cmdline it's one\nkernel /a");
    expect(u"cmdline=\"no end kernel=/a", "", "cmdline no end kernel=/a");
    expect(u"cmdline=\"\" kernel=/a", "cmdline b", "kernel /a");
    expect(u"\"cmdline=one two\" kernel=/a", "", "cmdline one two\nkernel /a");
    expect(u"cmdline=one\ntwo", "", "cmdline one two");
}

static void options_go_before_the_file(void **state)
{
    (void)state;
    expect(u"kernel=/b", "efi-stub /a\nramdisk /r", "kernel /b\nramdisk /r");
    expect(u"efi-stub=/b", "kernel /a\ncmdline x", "efi-stub /b\ncmdline x");
    expect(u"video=800x600 aslr=off", "video off\naslr on", "video 800x600\naslr off");
    expect(u"video=off", "video 800x600", "video off");
    expect(u"reboot-on-error=off", "reboot-on-error 5", "reboot-on-error off");
    expect(u"module=/b module=/c", "module /a", "module /a\nmodule /b\nmodule /c");
}

/* What firmware leaves there when nobody gave options. */
static void other_bytes_are_no_options(void **state)
{
    (void)state;
    /* EDK2's mark of boot options that it made itself, and a device path that some firmware puts there. */
    static const uint8_t mark[] = {0x4e, 0xac, 0x08, 0x81, 0x11, 0x9f, 0x59, 0x4d,
                                   0x85, 0x0e, 0xe2, 0x1a, 0x52, 0x2c, 0x59, 0xb2};
    static const uint8_t path[] = {0x02, 0x01, 0x0c, 0x00, 0xd0, 0x41, 0x03, 0x0a,
                                   0x00, 0x00, 0x00, 0x00, 0x01, 0x01, 0x06, 0x00};
    static const uint8_t windows[] = "WINDOWS\0\1\0\0\0\x88\0\0\0x\0\0\0B\0C\0D\0O\0B\0J\0E\0C\0T\0=\0{\0";
    static const char16_t *const texts[] = {u"",
                                            u"BOOTX64.EFI",
                                            u"kernel /a",
                                            u"= =x A=b",
                                            u"\x01kernel=/a",
                                            u"kernel=/a\x1b[2J",
                                            u"kernel=/a\x9b",
                                            u"kernel=/a \xd800x",
                                            u"kernel=\xdc00"};
    assert_false(convert("", 0));
    assert_false(convert("k", 1));
    assert_false(convert(mark, sizeof mark));
    assert_false(convert(path, sizeof path));
    assert_false(convert(windows, sizeof windows));
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        assert_false(convert_wide(texts[i]));
    char16_t *long_text = calloc(LOAD_OPTIONS_SIZE_MAX + 4, 1);
    for (unsigned i = 0; i < LOAD_OPTIONS_SIZE_MAX / 2; i++)
        long_text[i] = u"cmdline="[i % 8];
    assert_true(convert(long_text, LOAD_OPTIONS_SIZE_MAX));
    assert_false(convert(long_text, LOAD_OPTIONS_SIZE_MAX + 2));
    free(long_text);
}

/* Boot entries are often made with 8-bit text; the number of bytes may be odd, and the NUL missing. */
static void plain_text_will_do(void **state)
{
    (void)state;
    static const char text[] = "kernel=/a";
    static const char16_t wide[] = u"kernel=/a\0cmdline=x";
    assert_true(convert(text, sizeof text - 1) && convert(text, sizeof text));
    assert_int_equal(lines_size, strlen("kernel /a"));
    assert_memory_equal(lines, "kernel /a", lines_size);
    assert_true(convert("kernel=/\xc3\xa4", 10));
    assert_false(convert("kernel=/\xe4", 9));
    assert_true(convert(wide, bytes_of(wide)) && convert(wide, bytes_of(wide) + 1) && convert(wide, sizeof wide));
    assert_int_equal(lines_size, strlen("kernel /a")); /* what is behind the NUL is not looked at */
}

static void errors_tell_the_place(void **state)
{
    (void)state;
    static const struct {
        const char16_t *options;
        enum status status;
        const char *says;
    } cases[] = {
        {u"kernel=a", STATUS_CONFIG_VALUE, "load options:1:8: 'a' is not the absolute path"},
        {u"BOOTX64.EFI video=off kernel=fs0:\\a", STATUS_CONFIG_VALUE, "load options:1:30: 'fs0:/a' is not the"},
        {u"\u20ac kernel=\"a b\"", STATUS_CONFIG_VALUE, "load options:1:11: 'a b' is not the absolute path"},
        {u"cmdline=\"x\" kernel=", STATUS_CONFIG_SYNTAX, "load options:1:19: 'kernel' needs a value"},
        {u"x kernel video=off", STATUS_CONFIG_SYNTAX, "load options:1:9: 'kernel' needs a value"},
        {u"kernel=/a kernel=/b", STATUS_CONFIG_DUPLICATE, "load options:1:11: 'kernel' is already on line 1"},
        {u"kernel=/a efi-stub=/b", STATUS_CONFIG_DUPLICATE, "load options:1:20: 'kernel' and 'efi-stub' both name"},
        {u"config=\\x\\", STATUS_CONFIG_VALUE, "load options:1:8: '/x/' is not the absolute path"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        config_defaults(&config);
        assert_int_equal(override(cases[i].options), cases[i].status);
        if (strncmp(error.text, cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("%s instead of %s", error.text, cases[i].says);
    }
}

static void unknown_words_are_warned_of(void **state)
{
    (void)state;
    config_defaults(&config);
    assert_int_equal(override(u"BOOTX64.EFI kernal=/a confg=/b quiet"), STATUS_OK);
    assert_string_equal(warnings, "load options:1:13: unknown key 'kernal' is ignored (nearest: 'kernel')\n"
                                  "load options:1:23: unknown key 'confg' is ignored (nearest: 'config')\n"
                                  "load options:1:32: unknown key 'quiet' is ignored (nearest: 'video')\n");
}

/* --- in a boot --------------------------------------------------------------------------------------------------- */

static enum status boot_as_a_door_does(struct error *reason)
{
    const enum status status = boot(reason);
    if (status != STATUS_OK)
        boot_fail(reason);
    return status;
}

/* A program, because it tells its command line. */
static int machine_with_programs(void **state)
{
    static uint8_t program[LINUX_IMAGE_SIZE];
    (void)state;
    fake_reset();
    linux_image_make(program);
    fake->identity.starts_programs = true;
    fake_add_file("/program", program, sizeof program);
    return 0;
}

static void give(const char16_t *options)
{
    fake->load_options = options;
    fake->load_options_size = bytes_of(options) + 2;
}

static void expect_command_line(const char *wanted)
{
    fake->program_arguments = (struct fake_output){0};
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_STARTED_PROGRAM);
    assert_string_equal(fake->program_arguments.text, wanted);
}

static void boot_takes_them(void **state)
{
    (void)state;
    give(u"BOOTX64.EFI efi-stub=\\program cmdline=alone");
    expect_command_line("alone");
    fake_add_text_file("/stagecoach.conf", "efi-stub /none\ncmdline file\nlog-level debug\n");
    expect_command_line("alone");
    assert_non_null(strstr(fake->serial.text, "load options go before /stagecoach.conf"));
    give(u"efi-stub=/program");
    expect_command_line("file");
    fake_add_text_file("/other.conf", "efi-stub /program\ncmdline other\nconfig /x\n");
    give(u"config=\\other.conf");
    expect_command_line("other");
    assert_non_null(strstr(fake->serial.text, "/other.conf:3:1: unknown key 'config' is ignored"));
    give(u"config=\\other.conf cmdline=mine");
    expect_command_line("mine");
}

static void must_fail(const char16_t *options, const char *says)
{
    give(options);
    assert_int_equal(fake_run(boot_as_a_door_does), FAKE_STOPPED);
    if (strstr(fake->serial.text, says) == NULL)
        fail_msg("%s instead of %s", fake->serial.text, says);
}

static void boot_refuses_wrong_ones(void **state)
{
    (void)state;
    must_fail(u"BOOTX64.EFI kernel=program", "BOOT-ERR 302");
    must_fail(u"kernel=\\none", "BOOT-ERR 208");
    must_fail(u"config=\\none kernel=\\program", "BOOT-ERR 208");
    fake_add_text_file("/bad.conf", "\nkernel x\n");
    must_fail(u"config=\\bad.conf kernel=\\program", "/bad.conf:2:8: 'x' is not");
    fake_add_text_file("/stagecoach.conf", "efi-stub /program\ncmdline file\n");
    give(u"\x01kernel=\\none");
    expect_command_line("file");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_keys_and_values),
        cmocka_unit_test(command_line_is_the_rest),
        cmocka_unit_test(options_go_before_the_file),
        cmocka_unit_test(other_bytes_are_no_options),
        cmocka_unit_test(plain_text_will_do),
        cmocka_unit_test(errors_tell_the_place),
        cmocka_unit_test(unknown_words_are_warned_of),
        cmocka_unit_test_setup(boot_takes_them, machine_with_programs),
        cmocka_unit_test_setup(boot_refuses_wrong_ones, machine_with_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
