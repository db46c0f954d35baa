/* A file of the user's that goes into an image: read in place, never as a whole. */
#ifndef STAGECOACH_IMGTOOL_HOST_FILE_H
#define STAGECOACH_IMGTOOL_HOST_FILE_H

#include "failure.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct host_file {
    const char *path; /* as the user wrote it; not owned */
    int fd;
    uint64_t size;
    struct stat stat; /* when it was opened */
};

/* Opens a regular file. */
enum exit_code host_file_open(struct host_file *file, const char *path);

/* Takes over an open regular file; closes it on failure. `path` is for messages. */
enum exit_code host_file_adopt(struct host_file *file, const char *path, int fd);

void host_file_close(struct host_file *file);

/* Reads exactly [offset, offset + size). */
enum exit_code host_file_read(const struct host_file *file, uint64_t offset, uint64_t size, void *to);

/* Makes a new file of the same bytes, which only we can read. */
enum exit_code host_file_duplicate(const char *from, const char *to);

/* What errno says of writing to a file, device or pipe. */
const char *host_write_problem(void);

/* Can a result be written there later? A file that was not there is not left behind; a pipe needs a reader; what else
 * is no file is not opened. */
enum exit_code host_file_check_writable(const char *path);

/* Copies the whole file to `offset` of `fd` (whose name is `to`, for messages), leaving out its holes: the target has
 * zeroes there already. Fails if the file has changed since it was opened. Advances the job that progress.h shows. */
enum exit_code host_file_copy(const struct host_file *file, int fd, uint64_t offset, const char *to);

/* The same with `size` bytes from `from` on, which all are the file's. */
enum exit_code host_file_copy_part(const struct host_file *file, uint64_t from, uint64_t size, int fd, uint64_t offset,
                                   const char *to);

/* The next stretch of data at or behind *start, up to *end; false if only a hole is left. */
bool host_file_next_data(const struct host_file *file, uint64_t *start, uint64_t *end);

/* Fails if the file has changed since it was opened. */
enum exit_code host_file_unchanged(const struct host_file *file);

/* Writes exactly [offset, offset + size) of `fd`. */
enum exit_code host_write(int fd, uint64_t offset, const void *from, uint64_t size, const char *to);

#endif
