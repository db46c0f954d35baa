/* Changes single keys in the text of a configuration; all else, comments too, stays as the user wrote it. */
#ifndef STAGECOACH_IMGTOOL_CONFIG_EDIT_H
#define STAGECOACH_IMGTOOL_CONFIG_EDIT_H

#include "failure.h"

#include <stddef.h>

/* Gives `key` this value: in its line if it has one, else in a line at the end. *text is malloc()ed. */
enum exit_code config_edit_set(char **text, size_t *size, const char *key, const char *value);

#endif
