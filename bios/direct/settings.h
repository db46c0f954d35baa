/* The configuration of this door: the file that somebody gave, with lines for what comes from outside. What comes from
 * outside replaces kernel, ramdisk and cmdline of the file; modules are added. */
#ifndef STAGECOACH_BIOS_DIRECT_SETTINGS_H
#define STAGECOACH_BIOS_DIRECT_SETTINGS_H

#include "content.h"

struct settings {
    const struct content *content;
    struct span file;                /* the configuration file; size 0: none */
    struct config_text command_line; /* from outside; size 0: none */
};

/* Bytes that settings_write() needs at most. */
uint64_t settings_room(const struct settings *settings);

/* Writes the text to `to` and returns its size. Text from outside that would not stay on its line is refused. */
enum status settings_write(const struct settings *settings, char *to, uint64_t *size, struct error *error);

#endif
