/* The load options of a program that a firmware starts (UEFI 2.10, 3.1.3 and 9.1): "kernel=\vmlinuz cmdline="quiet"",
 * from a shell, a boot entry or another boot loader. What each word means is docs/configuration.md's to say. */
#ifndef STAGECOACH_LOAD_OPTIONS_H
#define STAGECOACH_LOAD_OPTIONS_H

#include "span.h"

#include <stdbool.h>
#include <stdint.h>

#define LOAD_OPTIONS_SIZE_MAX 16384u

/* Bytes of text that so many bytes of options become at most: three of UTF-8 for each unit of UTF-16. */
#define LOAD_OPTIONS_TEXT_ROOM(size) ((size) / 2 * 3 + 1)

/* Turns UTF-16, or plain 8-bit text, into lines for config_override(), characters at the same places as in the options.
 * False where there is no word KEY=VALUE: the name of the program alone, nothing, or what a firmware left there for
 * itself. */
bool load_options_lines(struct span options, char *lines, uint32_t *size);

#endif
