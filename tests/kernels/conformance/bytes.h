/* Hashes and texts. */
#ifndef CONFORMANCE_BYTES_H
#define CONFORMANCE_BYTES_H

#include <stdbool.h>
#include <stdint.h>

/* FNV-1a, 64 bits, continued from `hash`; begin with FNV_OFFSET. */
#define FNV_OFFSET 0xcbf29ce484222325ull
uint64_t fnv1a(uint64_t hash, const void *bytes, uint64_t size);

bool text_equal(const char *a, const char *b);
uint64_t text_size(const char *text); /* without the NUL */

/* The length of a NUL-terminated text without control characters but tab and line feed, its NUL within `limit` bytes; -1
 * otherwise. */
int64_t text_length(const char *text, uint64_t limit);

#endif
