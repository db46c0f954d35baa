/* An error on its way up: which, and one sentence that names the thing, the value found, the value allowed and, if
 * possible, the remedy. Functions that can fail take `struct error *error` last, return its status, and write to it
 * only on failure. Only common/boot.c and the programs' mains decide to stop. */
#ifndef STAGECOACH_ERROR_H
#define STAGECOACH_ERROR_H

#include "status.h"

#include <stdint.h>

struct error {
    enum status status;
    char text[256]; /* one line, NUL-terminated, no newline; longer text ends in "..." */
};

/* Fills in `error` and returns `status`, so that failing is one line:
 *     return error_set(error, STATUS_ELF_MAGIC, "%s: starts with %#x, not with the ELF magic", path, word);
 * Formats: common/format.h. */
__attribute__((format(printf, 3, 4))) enum status error_set(struct error *error, enum status status, const char *format,
                                                            ...);
#ifdef __clang_analyzer__ /* it does not look into other files: there, too, the status comes back */
#define error_set(error, status, ...) (error_set(error, status, __VA_ARGS__), (status))
#endif

/* Puts "PREFIX: " before the text (cut at the end if need be) and returns the status unchanged. */
__attribute__((format(printf, 2, 3))) enum status error_prefix(struct error *error, const char *prefix, ...);

#endif
