/* "Did you mean ...?" */
#ifndef STAGECOACH_IMGTOOL_NEAREST_H
#define STAGECOACH_IMGTOOL_NEAREST_H

#include <stddef.h>

/* Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. Words are looked at up
 * to their first 63 bytes. */
unsigned nearest_distance(const char *one, const char *other);

/* The candidate that is close enough to be what was meant (at most a third of its letters wrong), or NULL. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);

#endif
