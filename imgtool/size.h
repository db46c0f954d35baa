/* Sizes as users write them. */
#ifndef STAGECOACH_IMGTOOL_SIZE_H
#define STAGECOACH_IMGTOOL_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "4096", "64K", "10M", "2G", "1T", also "KiB" and so on; powers of 1024. False: not a size, or not in 63 bits. */
bool size_parse(const char *text, uint64_t *bytes);

/* "36 MiB", "516096 bytes": the largest unit that leaves no rest. Returns `to`. */
char *size_text(uint64_t bytes, char *to, size_t room);

/* "23 MiB" where that would say "24121344 bytes": three digits, for people. */
char *size_about(uint64_t bytes, char *to, size_t room);

#endif
