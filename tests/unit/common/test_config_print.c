/* parse(print(x)) == x, for random configurations. */
#include "cmocka_all.h"

#include "config.h"
#include "support/config_print.h"

#include <stdio.h>

static void never_warn(void *context, const char *text)
{
    (void)context;
    fail_msg("warned: %s", text);
}

static uint64_t random_state = 0x123456789abcdef1;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 20) % limit;
}

/* A text of `first` and random characters, without blanks at its ends, and inside it only if allowed. */
static struct config_text random_text(char **room, const char *first, uint32_t longest, bool blanks)
{
    static const char *const characters[] = {"a", "Z", "0", "/", "#", "=", "\"", "\xc3\xa4", "\xf0\x9f\x98\x80",
                                             " ", "\t"};
    struct config_text text = {*room, 0};
    *room += sprintf(*room, "%s", first);
    uint32_t count = random_below(longest / 4);
    for (uint32_t i = 0; i < count; i++)
        *room += sprintf(*room, "%s", characters[random_below(blanks ? 11 : 9)]);
    *room += sprintf(*room, "x");
    text.size = (uint32_t)(*room - text.text);
    return text;
}

static struct config_text random_path(char **room)
{
    return random_text(room, "/", CONFIG_PATH_MAX - 2, false);
}

static void random_config(struct config *wished, char *room)
{
    config_defaults(wished);
    wished->kernel = random_path(&room);
    if (random_below(2) != 0)
        wished->ramdisk = random_path(&room);
    if (random_below(2) != 0)
        wished->command_line = random_text(&room, "y", CONFIG_COMMAND_LINE_MAX - 2, true);
    wished->log.level = (enum log_level)random_below(6);
    wished->compressed = random_below(2) != 0;
    wished->log.serial = random_below(2) != 0;
    wished->log.screen = random_below(2) != 0;
    wished->video_off = random_below(3) == 0;
    if (!wished->video_off && random_below(2) != 0) {
        wished->video_width = 1 + random_below(65535);
        wished->video_height = 1 + random_below(65535);
    }
    wished->reboot_on_error = random_below(2) != 0;
    wished->reboot_seconds = wished->reboot_on_error ? random_below(86401) : 0;
    wished->test_sentinel = random_below(2) != 0 ? random_state : 0;
    wished->aslr = (enum config_aslr)random_below(3);
    wished->has_kaslr_seed = random_below(2) != 0;
    for (unsigned i = 0; i < sizeof wished->kaslr_seed && wished->has_kaslr_seed; i++)
        wished->kaslr_seed[i] = (uint8_t)random_below(256);
    wished->module_count = random_below(5);
    for (uint32_t i = 0; i < wished->module_count; i++) {
        wished->modules[i].path = random_path(&room);
        wished->modules[i].name = random_text(&room, "", CONFIG_PATH_MAX - 1, false);
        if (random_below(2) != 0)
            wished->modules[i].arguments = random_text(&room, "y", CONFIG_COMMAND_LINE_MAX - 2, true);
        else
            wished->modules[i].arguments = (struct config_text){"", 0};
    }
}

static void printing_and_parsing_is_identity(void **state)
{
    (void)state;
    static char room[65536], text[65536];
    static struct config wished, config;
    struct error error;
    for (unsigned i = 0; i < 2000; i++) {
        random_config(&wished, room);
        struct span printed = {(const uint8_t *)text, config_print(&wished, text)};
        assert_int_equal(config_parse(printed, &config, never_warn, NULL, &error), STATUS_OK);
        assert_true(config_equal(&config, &wished));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printing_and_parsing_is_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
