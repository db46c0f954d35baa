/* An output file that appears all at once: written beside its final place and renamed; removed on failure and when a
 * signal ends the program. OUTPUT_MAX at a time. */
#ifndef STAGECOACH_IMGTOOL_OUTPUT_H
#define STAGECOACH_IMGTOOL_OUTPUT_H

#include "host_file.h"

#include <signal.h>
#include <stdbool.h>

#define OUTPUT_MAX 2u

struct output {
    char *path;      /* where it will be, links followed */
    char *temporary; /* where it is now */
    bool made;       /* `temporary` is there */
    int fd;
};

/* Refuses a target that is not a regular file, is one of the inputs, or (without `force`) has content that is not an
 * image made by imgtool. */
enum exit_code output_check(const char *path, bool force, const struct host_file *const *inputs, size_t input_count);

/* Do two names stand for the same output, whether it is there or not? */
enum exit_code output_same(const char *one, const char *other, bool *same);

/* Makes the temporary file, `size` bytes of zeroes without room on the disk. */
enum exit_code output_begin(struct output *output, const char *path, uint64_t size);

/* Closes the complete file, which tells of the last errors; for who has more to do before the file is to be seen. */
enum exit_code output_finish(struct output *output);

/* Puts the file in its place. */
enum exit_code output_commit(struct output *output);

/* Puts both in their places, or neither: what stood there before is there again then, but for `one` on a file system that
 * can't exchange names. */
enum exit_code output_commit_both(struct output *one, struct output *other);

/* Removes the temporary file, if it is still there, and frees. Call it in any case. */
void output_end(struct output *output);

/* The file that `path` leads to; the caller's to free, NULL without memory. Of a link to a file that is not there yet,
 * the file that writing by way of the link would make. */
char *output_follow_link(const char *path);

/* --- for directories too (output_directory.h) --- */

#define OUTPUT_RANDOM                                                                                                  \
    "XX"                                                                                                               \
    "XX"                                                                                                               \
    "XX" /* what mkostemp() and mkdtemp() replace */

/* The user's umask, which those two ignore. */
mode_t output_umask(void);

/* The signals that end the program. */
void output_fatal_signals(sigset_t *set);

#endif
