/* What a path on the boot volume may look like: the same rule for the loaders and for imgtool. */
#ifndef STAGECOACH_PATH_H
#define STAGECOACH_PATH_H

#include "error.h"

#include <stdbool.h>
#include <stdint.h>

/* Absolute, parts divided by single '/', none of them empty, "." or ".."; UTF-8 without the characters that FAT
 * forbids; no part ends in a dot or a space or is longer than a FAT name. "/" alone is the root directory. */
enum status path_check(const char *path, uint64_t size, struct error *error);

/* True if a FAT long name may contain the character. */
bool path_character_ok(uint32_t character);

/* True if both names are the same to a file system that does not tell upper from lower case. Valid UTF-8, both. */
bool path_names_equal(const char *one, uint64_t one_size, const char *other, uint64_t other_size);

#endif
