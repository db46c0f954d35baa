/* The arguments of a command that are not options. */
#ifndef STAGECOACH_IMGTOOL_OPERANDS_H
#define STAGECOACH_IMGTOOL_OPERANDS_H

#include "failure.h"

#include <stddef.h>

/* Takes `least` to `most` of them into `operands`, the missing ones as NULL. EXIT_USAGE, with `usage` ("imgtool ls IMAGE
 * [PATH]") in the message, if there are fewer or more. */
enum exit_code operands_take(poptContext context, const char *usage, size_t least, size_t most, const char **operands);

/* A path on the volume as users write it: "etc/init.conf" means "/etc/init.conf", "/etc/" means "/etc". To be freed;
 * NULL: no memory. */
char *operand_path(const char *path);

#endif
