/* struct config back to text, for parse(print(x)) == x. */
#ifndef STAGECOACH_TESTS_CONFIG_PRINT_H
#define STAGECOACH_TESTS_CONFIG_PRINT_H

#include "config.h"

/* Writes the configuration's text to `to`, which has room for any; returns its length. */
size_t config_print(const struct config *config, char *to);

/* True if both say the same. */
bool config_equal(const struct config *a, const struct config *b);

#endif
