#include "cmocka_all.h"

#include "config.h"
#include "support/config_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct config config;
static struct error error;
static char warnings[1024];

static void keep_warning(void *context, const char *text)
{
    assert_ptr_equal(context, warnings);
    strcat(strcat(warnings, text), "\n");
}

/* Parses a copy that ends exactly where the text does, so that the sanitizer sees any byte read beyond it. The copy
 * lives until the next call, as `config` points into it. */
static enum status parse_bytes(const char *text, size_t size)
{
    static uint8_t *copy;
    free(copy);
    copy = malloc(size + (size == 0));
    memcpy(copy, text, size);
    warnings[0] = '\0';
    memset(&error, 0, sizeof error);
    enum status status = config_parse((struct span){copy, size}, &config, keep_warning, warnings, &error);
    assert_true(status == STATUS_OK || (error.status == status && strncmp(error.text, CONFIG_PATH, 16) == 0));
    return status;
}

static enum status parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static void expect_text(struct config_text text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.text, expected, text.size);
}

static void expect_defaults(void)
{
    struct config defaults;
    config_defaults(&defaults);
    assert_true(config_equal(&config, &defaults));
    expect_text(config.kernel, "/kernel.elf");
    assert_int_equal(config.log.level, LOG_INFO);
    assert_true(config.log.serial && config.log.screen && !config.video_off && !config.reboot_on_error);
}

static void nothing_said(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n",
                                        "\r\n",
                                        "\r",
                                        "   \t ",
                                        "# only a comment",
                                        "\n\n",
                                        "#",
                                        "\xef\xbb\xbf",
                                        "  # in\n",
                                        "\xef\xbb\xbf# x\r\n"};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        assert_int_equal(parse(texts[i]), STATUS_OK);
        expect_defaults();
        assert_string_equal(warnings, "");
    }
    assert_int_equal(config_parse((struct span){NULL, 0}, &config, NULL, NULL, &error), STATUS_OK);
    expect_defaults();
}

static void all_keys(void **state)
{
    (void)state;
    assert_int_equal(parse("\xef\xbb\xbf# a comment\r\n"
                           "kernel /boot/my kernel.elf \t\r\n"
                           "\tramdisk   /init.img\n"
                           "cmdline  root=/dev/sda1 # not a comment\tquiet  \n"
                           "log-level trace\n"
                           "log-serial off\n"
                           "log-screen off\n"
                           "video 1280x720\n"
                           "reboot-on-error 10\n"
                           "module /a/b.bin first one two  three\n"
                           "module /c/d.bin\n"
                           "module /e second"),
                     STATUS_OK);
    assert_string_equal(warnings, "");
    expect_text(config.kernel, "/boot/my kernel.elf");
    expect_text(config.ramdisk, "/init.img");
    expect_text(config.command_line, "root=/dev/sda1 # not a comment\tquiet");
    assert_int_equal(config.log.level, LOG_TRACE);
    assert_false(config.log.serial || config.log.screen);
    assert_int_equal(config.video_width, 1280);
    assert_int_equal(config.video_height, 720);
    assert_true(config.reboot_on_error);
    assert_int_equal(config.reboot_seconds, 10);
    assert_int_equal(config.module_count, 3);
    expect_text(config.modules[0].path, "/a/b.bin");
    expect_text(config.modules[0].name, "first");
    expect_text(config.modules[0].arguments, "one two  three");
    expect_text(config.modules[1].name, "d.bin");
    expect_text(config.modules[1].arguments, "");
    expect_text(config.modules[2].name, "second");
}

struct accepted_case {
    const char *text;
    bool (*check)(void);
};

static bool video_is_off(void)
{
    return config.video_off && config.video_width == 0;
}
static bool reboots_at_once(void)
{
    return config.reboot_on_error && config.reboot_seconds == 0;
}
static bool never_reboots(void)
{
    return !config.reboot_on_error;
}
static bool logs_nothing(void)
{
    return config.log.level == LOG_OFF;
}
static bool has_no_command_line(void)
{
    return config.command_line.size == 0;
}
static bool largest_video(void)
{
    return config.video_width == 65535 && config.video_height == 65535;
}

static bool randomises(void)
{
    return config.aslr == CONFIG_ASLR_ON && !config.has_kaslr_seed;
}
static bool never_randomises(void)
{
    return config.aslr == CONFIG_ASLR_OFF;
}
static bool has_seed_0x123(void)
{
    static const uint8_t wanted[32] = {[30] = 0x01, [31] = 0x23};
    return config.has_kaslr_seed && memcmp(config.kaslr_seed, wanted, sizeof wanted) == 0;
}
static bool has_longest_seed(void)
{
    for (unsigned i = 0; i < sizeof config.kaslr_seed; i++)
        if (config.kaslr_seed[i] != (i == 0 ? 0x1f : 0xab))
            return false;
    return config.has_kaslr_seed;
}

static void accepted_values(void **state)
{
    (void)state;
    static const struct accepted_case cases[] = {
        {"video off", video_is_off},
        {"reboot-on-error 0", reboots_at_once},
        {"reboot-on-error off", never_reboots},
        {"log-level off", logs_nothing},
        {"aslr on", randomises},
        {"aslr off", never_randomises},
        {"kaslr-seed 123", has_seed_0x123},
        {"kaslr-seed 0000000123", has_seed_0x123},
        {"kaslr-seed 1fABabABababababababababababababababababababababababababababAbab", has_longest_seed},
        {"cmdline", has_no_command_line},
        {"cmdline  \r\n", has_no_command_line},
        {"video 65535x65535", largest_video},
        {"video 065535x0065535", largest_video},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_int_equal(parse(cases[i].text), STATUS_OK);
        assert_true(cases[i].check());
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum status status;
        const char *place; /* "LINE:COLUMN:" and a part of the sentence */
        const char *says;
    } cases[] = {
        {"kernel", STATUS_CONFIG_SYNTAX, ":1:7:", "needs a value"},
        {"\n  kernel  \n", STATUS_CONFIG_SYNTAX, ":2:9:", "needs a value"},
        {"kernel kernel.elf", STATUS_CONFIG_VALUE, ":1:8:", "'kernel.elf' is not the absolute path"},
        {"kernel /boot/", STATUS_CONFIG_VALUE, ":1:8:", "absolute path of a file"},
        {"kernel /", STATUS_CONFIG_VALUE, ":1:8:", "absolute path of a file"},
        {"kernel /a\tb", STATUS_CONFIG_VALUE, ":1:8:", "tab"},
        {"ramdisk \\init", STATUS_CONFIG_VALUE, ":1:9:", "absolute path"},
        {"log-level verbose", STATUS_CONFIG_VALUE, ":1:11:", "one of off, error, warn, info, debug, trace"},
        {"log-level INFO", STATUS_CONFIG_VALUE, ":1:11:", "one of"},
        {"log-serial yes", STATUS_CONFIG_VALUE, ":1:12:", "'on' or 'off'"},
        {"log-screen", STATUS_CONFIG_SYNTAX, ":1:11:", "needs a value"},
        {"video 1024", STATUS_CONFIG_VALUE, ":1:7:", "WIDTHxHEIGHT"},
        {"video 1024x", STATUS_CONFIG_VALUE, ":1:7:", "WIDTHxHEIGHT"},
        {"video x768", STATUS_CONFIG_VALUE, ":1:7:", "WIDTHxHEIGHT"},
        {"video 1024 x 768", STATUS_CONFIG_VALUE, ":1:7:", "WIDTHxHEIGHT"},
        {"video 1024x768x32", STATUS_CONFIG_VALUE, ":1:7:", "WIDTHxHEIGHT"},
        {"video 0x768", STATUS_CONFIG_VALUE, ":1:7:", "WIDTHxHEIGHT"},
        {"video -1x768", STATUS_CONFIG_VALUE, ":1:7:", "WIDTHxHEIGHT"},
        {"video 65536x768", STATUS_CONFIG_VALUE, ":1:7:", "WIDTHxHEIGHT"},
        {"video 1024x18446744073709551617", STATUS_CONFIG_VALUE, ":1:7:", "WIDTHxHEIGHT"},
        {"reboot-on-error soon", STATUS_CONFIG_VALUE, ":1:17:", "number of seconds"},
        {"reboot-on-error 86401", STATUS_CONFIG_VALUE, ":1:17:", "86400"},
        {"reboot-on-error 1s", STATUS_CONFIG_VALUE, ":1:17:", "number of seconds"},
        {"aslr yes", STATUS_CONFIG_VALUE, ":1:6:", "'on' or 'off'"},
        {"kaslr-seed", STATUS_CONFIG_SYNTAX, ":1:11:", "needs a value"},
        {"kaslr-seed 0x12", STATUS_CONFIG_VALUE, ":1:12:", "64 hexadecimal digits"},
        {"kaslr-seed 12 34", STATUS_CONFIG_VALUE, ":1:12:", "64 hexadecimal digits"},
        {"kaslr-seed 1g", STATUS_CONFIG_VALUE, ":1:12:", "64 hexadecimal digits"},
        {"kaslr-seed 00000000000000000000000000000000000000000000000000000000000000001", STATUS_CONFIG_VALUE,
         ":1:12:", "64 hexadecimal digits"},
        {"module", STATUS_CONFIG_SYNTAX, ":1:7:", "needs a value"},
        {"module m.bin name", STATUS_CONFIG_VALUE, ":1:8:", "absolute path"},
        {"kernel /a\nramdisk /b\nkernel /c", STATUS_CONFIG_DUPLICATE, ":3:1:", "already on line 1"},
        {"cmdline\ncmdline x", STATUS_CONFIG_DUPLICATE, ":2:1:", "already on line 1"},
        {"kernel /a\nefi-stub /b", STATUS_CONFIG_DUPLICATE, ":2:10:", "both name"},
        {"efi-stub /a\nkernel /b", STATUS_CONFIG_DUPLICATE, ":2:8:", "both name"},
        {"video off\nvideo 800x600", STATUS_CONFIG_DUPLICATE, ":2:1:", "already on line 1"},
        {"# \xc3\xa4\xe2\x82\xac\ncmdline \xc3\xa4\xc3\xa4\xff", STATUS_CONFIG_ENCODING, ":2:11:", "0xff"},
        {"cmdline \xc0\x80", STATUS_CONFIG_ENCODING, ":1:9:", "UTF-8"},
        {"cmdline \xed\xa0\x80", STATUS_CONFIG_ENCODING, ":1:9:", "UTF-8"},
        {"cmdline \xf4\x90\x80\x80", STATUS_CONFIG_ENCODING, ":1:9:", "UTF-8"},
        {"cmdline \xe2\x82", STATUS_CONFIG_ENCODING, ":1:9:", "UTF-8"},
        {"# latin-1: \xe4", STATUS_CONFIG_ENCODING, ":1:12:", "UTF-8"},
        {"cmdline a\x1b[2J", STATUS_CONFIG_SYNTAX, ":1:10:", "control character 0x1b"},
        {"cmdline a\x7f", STATUS_CONFIG_SYNTAX, ":1:10:", "control character 0x7f"},
        {"cmdline \xc2\x9b", STATUS_CONFIG_SYNTAX, ":1:9:", "control character 0x9b"},
        {"cmdline a\rb", STATUS_CONFIG_SYNTAX, ":1:10:", "control character 0xd"},
        {"\xff\xfe"
         "k",
         STATUS_CONFIG_ENCODING, ":1:1:", "UTF-16"},
        {"\xfe\xff"
         "k",
         STATUS_CONFIG_ENCODING, ":1:1:", "UTF-16"},
        {"kernel /k\n\xef\xbb\xbf", STATUS_OK, "", ""}, /* a mark elsewhere is just an unknown key */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        enum status status = parse(cases[i].text);
        if (status != cases[i].status || (status != STATUS_OK && (strstr(error.text, cases[i].place) == NULL ||
                                                                  strstr(error.text, cases[i].says) == NULL)))
            fail_msg("'%s': status %d, %s", cases[i].text, status, error.text);
    }
}

static void nul_bytes(void **state)
{
    (void)state;
    assert_int_equal(parse_bytes("kernel /k\n\0", 11), STATUS_CONFIG_ENCODING);
    assert_non_null(strstr(error.text, ":2:1: NUL"));
    assert_int_equal(parse_bytes("\0", 1), STATUS_CONFIG_ENCODING);
}

static void unknown_keys(void **state)
{
    (void)state;
    assert_int_equal(parse("kernal /k\n  \xc3\xa4 rootdisk /x\nramdsk\nVIDEO off\nmodule /m\nlog-lvel 5\n"), STATUS_OK);
    assert_string_equal(warnings, "/stagecoach.conf:1:1: unknown key 'kernal' is ignored (nearest: 'kernel')\n"
                                  "/stagecoach.conf:2:3: unknown key '\xc3\xa4' is ignored (nearest: 'aslr')\n"
                                  "/stagecoach.conf:3:1: unknown key 'ramdsk' is ignored (nearest: 'ramdisk')\n"
                                  "/stagecoach.conf:4:1: unknown key 'VIDEO' is ignored (nearest: 'video')\n"
                                  "/stagecoach.conf:6:1: unknown key 'log-lvel' is ignored (nearest: 'log-level')\n");
    assert_int_equal(config.module_count, 1);
    assert_int_equal(config_parse((struct span){(const uint8_t *)"x y", 3}, &config, NULL, NULL, &error), STATUS_OK);
}

static void long_unknown_key(void **state)
{
    (void)state;
    char text[3 * 1000 + 1] = "";
    for (unsigned i = 0; i < 1000; i++)
        strcat(text, "\xe2\x82\xac");
    assert_int_equal(parse(text), STATUS_OK);
    assert_non_null(strstr(warnings, "\xe2\x82\xac' is ignored (nearest: '")); /* cut between characters */
}

static void lengths(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        unsigned longest;
    } cases[] = {
        {"kernel /", CONFIG_PATH_MAX - 1},     {"ramdisk /", CONFIG_PATH_MAX - 1},
        {"cmdline ", CONFIG_COMMAND_LINE_MAX}, {"module /", CONFIG_PATH_MAX - 1},
        {"module /m ", CONFIG_PATH_MAX},       {"module /m name ", CONFIG_COMMAND_LINE_MAX},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (unsigned more = 0; more < 2; more++) {
            char text[5000];
            size_t size = (size_t)sprintf(text, "%s", cases[i].before);
            memset(text + size, 'x', cases[i].longest + more);
            size += cases[i].longest + more;
            assert_int_equal(parse_bytes(text, size), more == 0 ? STATUS_OK : STATUS_CONFIG_VALUE);
            if (more != 0)
                assert_non_null(strstr(error.text, "at most"));
        }
    }
}

static void size_limit(void **state)
{
    (void)state;
    char *text = malloc(CONFIG_SIZE_MAX + 1);
    memset(text, '#', CONFIG_SIZE_MAX + 1);
    assert_int_equal(parse_bytes(text, CONFIG_SIZE_MAX), STATUS_OK); /* one comment of 64 KiB */
    assert_int_equal(parse_bytes(text, CONFIG_SIZE_MAX + 1), STATUS_CONFIG_TOO_BIG);
    assert_non_null(strstr(error.text, "65537 bytes"));
    free(text);
}

static void module_limit(void **state)
{
    (void)state;
    char text[4096] = "";
    for (unsigned i = 0; i < CONFIG_MODULES_MAX; i++)
        sprintf(text + strlen(text), "module /m%u\n", i);
    assert_int_equal(parse(text), STATUS_OK);
    assert_int_equal(config.module_count, CONFIG_MODULES_MAX);
    expect_text(config.modules[CONFIG_MODULES_MAX - 1].name, "m63");
    assert_int_equal(parse(strcat(text, "module /m64")), STATUS_CONFIG_LIMIT);
    assert_non_null(strstr(error.text, ":65:8: more than 64 modules"));
}

/* Each key of the reference's table is known: what is unknown would be warned of. */
static void every_documented_key_is_known(void **state)
{
    (void)state;
    char line[1024];
    unsigned keys = 0;
    FILE *reference = fopen(CONFIGURATION_DOC, "r");
    assert_non_null(reference);
    while (fgets(line, sizeof line, reference) != NULL) {
        char key[64];
        if (sscanf(line, "| `%63[a-z-]` |", key) != 1)
            continue;
        assert_int_equal(parse(key), strcmp(key, "cmdline") == 0 ? STATUS_OK : STATUS_CONFIG_SYNTAX);
        assert_string_equal(warnings, "");
        keys++;
    }
    fclose(reference);
    assert_true(keys >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said),
        cmocka_unit_test(all_keys),
        cmocka_unit_test(accepted_values),
        cmocka_unit_test(refused),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(unknown_keys),
        cmocka_unit_test(long_unknown_key),
        cmocka_unit_test(lengths),
        cmocka_unit_test(size_limit),
        cmocka_unit_test(module_limit),
        cmocka_unit_test(every_documented_key_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
