#include "nearest.h"

#include <string.h>

#define WORD_MAX 63

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned nearest_distance(const char *one, const char *other)
{
    size_t one_size = strnlen(one, WORD_MAX), other_size = strnlen(other, WORD_MAX);
    unsigned rows[3][WORD_MAX + 1]; /* of the table of prefixes: this row, the one before, the one before that */
    unsigned *row = rows[0], *above = rows[1], *above2 = rows[2];

    for (size_t j = 0; j <= other_size; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= one_size; i++) {
        unsigned *spare = above2;
        above2 = above;
        above = row;
        row = spare;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= other_size; j++) {
            unsigned replaced = above[j - 1] + (one[i - 1] != other[j - 1]);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return row[other_size];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    unsigned nearest_distance_so_far = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned distance = nearest_distance(word, candidates[i]);
        if (distance > (strlen(candidates[i]) + 2) / 3)
            continue;
        if (!nearest || distance < nearest_distance_so_far) {
            nearest = candidates[i];
            nearest_distance_so_far = distance;
        }
    }
    return nearest;
}
