#include "config_print.h"

#include <stdio.h>
#include <string.h>

#define TEXT(value) (int)(value).size, (value).text

size_t config_print(const struct config *config, char *to)
{
    static const char *const levels[] = {"off", "error", "warn", "info", "debug", "trace"};
    char *at = to;
    at += sprintf(at, "%s %.*s\n", config->efi_stub ? "efi-stub" : "kernel", TEXT(config->kernel));
    if (config->ramdisk.size > 0)
        at += sprintf(at, "ramdisk %.*s\n", TEXT(config->ramdisk));
    if (config->command_line.size > 0)
        at += sprintf(at, "cmdline %.*s\n", TEXT(config->command_line));
    at += sprintf(at, "log-level %s\nlog-serial %s\nlog-screen %s\n", levels[config->log.level],
                  config->log.serial ? "on" : "off", config->log.screen ? "on" : "off");
    if (config->aslr != CONFIG_ASLR_AS_WISHED)
        at += sprintf(at, "aslr %s\n", config->aslr == CONFIG_ASLR_ON ? "on" : "off");
    if (config->has_kaslr_seed) {
        at += sprintf(at, "kaslr-seed ");
        for (size_t i = 0; i < sizeof config->kaslr_seed; i++)
            at += sprintf(at, "%02x", config->kaslr_seed[i]);
        at += sprintf(at, "\n");
    }
    if (config->video_off)
        at += sprintf(at, "video off\n");
    else if (config->video_width != 0)
        at += sprintf(at, "video %ux%u\n", config->video_width, config->video_height);
    if (config->reboot_on_error)
        at += sprintf(at, "reboot-on-error %u\n", config->reboot_seconds);
    if (config->compressed)
        at += sprintf(at, "compressed on\n");
    if (config->test_sentinel != 0)
        at += sprintf(at, "test-sentinel %llu\n", (unsigned long long)config->test_sentinel);
    for (uint32_t i = 0; i < config->module_count; i++) {
        const struct config_module *module = &config->modules[i];
        at += sprintf(at, "module %.*s %.*s %.*s\n", TEXT(module->path), TEXT(module->name), TEXT(module->arguments));
    }
    return (size_t)(at - to);
}

static bool same(struct config_text a, struct config_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.text, b.text, a.size) == 0);
}

bool config_equal(const struct config *a, const struct config *b)
{
    bool equal =
        same(a->kernel, b->kernel) && a->efi_stub == b->efi_stub && same(a->ramdisk, b->ramdisk) &&
        same(a->command_line, b->command_line) && a->log.level == b->log.level && a->log.serial == b->log.serial &&
        a->log.screen == b->log.screen && a->aslr == b->aslr && a->has_kaslr_seed == b->has_kaslr_seed &&
        memcmp(a->kaslr_seed, b->kaslr_seed, sizeof a->kaslr_seed) == 0 && a->video_width == b->video_width &&
        a->video_height == b->video_height && a->video_off == b->video_off &&
        a->reboot_on_error == b->reboot_on_error && a->reboot_seconds == b->reboot_seconds &&
        a->test_sentinel == b->test_sentinel && a->compressed == b->compressed && a->module_count == b->module_count;
    for (uint32_t i = 0; equal && i < a->module_count; i++)
        equal = same(a->modules[i].path, b->modules[i].path) && same(a->modules[i].name, b->modules[i].name) &&
                same(a->modules[i].arguments, b->modules[i].arguments);
    return equal;
}
