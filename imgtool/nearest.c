#include "nearest.h"

#include <edit_distance.h>

#include <stdbool.h>
#include <string.h>

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    unsigned best = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned distance = edit_distance(word, strlen(word), candidates[i]);
        size_t length = strlen(candidates[i]);
        /* Of short words nearly all may differ ("rnu"), but then not the first letter, too. */
        bool alike = distance * 2 <= length + 1 && (distance + 1 < length || *word == *candidates[i]);
        if (alike && (!nearest || distance < best)) {
            nearest = candidates[i];
            best = distance;
        }
    }
    return nearest;
}
