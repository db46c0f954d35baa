/* boot.json, the run-time configuration of rust-osdev/bootloader, translated to the lines of /stagecoach.conf. */
#ifndef STAGECOACH_IMGTOOL_BOOT_JSON_H
#define STAGECOACH_IMGTOOL_BOOT_JSON_H

#include "failure.h"

#include <stdbool.h>
#include <stddef.h>

/* True if a configuration is JSON and not lines of keys: its first visible character is '{'. */
bool boot_json_looks_like(const char *text, size_t size);

/* `name` is the file's, for messages. *lines (to be freed) is NUL-terminated. A key that is unknown is warned of; a
 * value of the wrong kind is EXIT_INPUT_REJECTED. */
enum exit_code boot_json_translate(const char *name, const char *text, size_t size, char **lines);

#endif
