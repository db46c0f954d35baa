#include "nearest.h"

#include <edit_distance.h>

#include <string.h>

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    unsigned best = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned distance = edit_distance(word, strlen(word), candidates[i]);
        if (distance * 2 <= strlen(candidates[i]) + 1 && (!nearest || distance < best)) {
            nearest = candidates[i];
            best = distance;
        }
    }
    return nearest;
}
