/* Files that a command writes beside its work: logs, reports, pictures. They are told apart from what it reads, and
 * from each other, before any is opened, because opening empties them. */
#ifndef STAGECOACH_IMGTOOL_OUTPUT_FILES_H
#define STAGECOACH_IMGTOOL_OUTPUT_FILES_H

#include "failure.h"

#include <stddef.h>

struct output_file {
    const char *option; /* "--report", for messages */
    const char *path;   /* NULL: not wanted; a file, a pipe, /dev/null and the like, but no disk */
};

/* EXIT_OK also of what can't be judged: opening it will tell. `input` is the image or kernel. */
enum exit_code output_files_check(const struct output_file *files, size_t count, const char *input);

#endif
