/* An output directory that appears all at once: filled beside its final place and renamed; removed on failure and when
 * a signal ends the program, which is held back until then. One at a time. */
#ifndef STAGECOACH_IMGTOOL_OUTPUT_DIRECTORY_H
#define STAGECOACH_IMGTOOL_OUTPUT_DIRECTORY_H

#include "image_content.h"
#include "output.h"

struct output_directory {
    const char *path; /* where it will be */
    char *temporary;  /* where it is now; NULL: nowhere, or in its place */
    int fd;
    sigset_t signals; /* that were blocked before */
};

/* Makes the temporary directory. Call output_directory_end() in any case. */
enum exit_code output_directory_begin(struct output_directory *output, const char *path);

/* Writes one file, and the directories that lead to it. */
enum exit_code output_directory_add(struct output_directory *output, const struct image_item *item);

/* Puts the directory in its place, where one that shall be replaced may be. */
enum exit_code output_directory_commit(struct output_directory *output);

/* Removes the temporary directory, if it is still there, and frees. */
void output_directory_end(struct output_directory *output);

#endif
