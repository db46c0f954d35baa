/* "Did you mean ...?" */
#ifndef STAGECOACH_IMGTOOL_NEAREST_H
#define STAGECOACH_IMGTOOL_NEAREST_H

#include <stddef.h>

/* The candidate that is close enough to be what was meant (at most half of its letters wrong), or NULL. */
const char *nearest_word(const char *word, const char *const *candidates, size_t count);

#endif
