/* How far a mistyped word is from a known one. */
#ifndef STAGECOACH_EDIT_DISTANCE_H
#define STAGECOACH_EDIT_DISTANCE_H

#include <stddef.h>

#define EDIT_DISTANCE_WORD_MAX 31 /* longer known words are compared by their first characters */

/* Insertions, deletions and replacements of single bytes that turn `typed` into `known`. */
unsigned edit_distance(const char *typed, size_t typed_size, const char *known);

#endif
