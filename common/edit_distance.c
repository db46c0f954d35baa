#include "edit_distance.h"

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Levenshtein's table, one row at a time. */
unsigned edit_distance(const char *typed, size_t typed_size, const char *known)
{
    unsigned row[EDIT_DISTANCE_WORD_MAX + 1];
    size_t length = 0;
    while (length < EDIT_DISTANCE_WORD_MAX && known[length] != '\0')
        length++;
    for (unsigned i = 0; i <= length; i++)
        row[i] = i;

    for (size_t i = 0; i < typed_size; i++) {
        unsigned diagonal = row[0];
        row[0]++;
        for (size_t j = 1; j <= length; j++) {
            unsigned replaced = diagonal + (typed[i] != known[j - 1]);
            diagonal = row[j];
            row[j] = smaller(replaced, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[length];
}
