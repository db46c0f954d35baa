#include "ramdisk_join.h"

#include "checked.h"
#include "pack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define ALIGNMENT 4u

static enum exit_code append(const char *path, int fd, uint64_t *end)
{
    struct host_file file;
    enum exit_code code = host_file_open(&file, path);
    if (code != EXIT_OK)
        return code;
    if (!align_up_ok(*end, ALIGNMENT, end))
        code = failure(EXIT_INPUT_REJECTED, "%s: all ramdisks together are too big", path);
    /* The temporary file grows to its full size first: what is a hole, and the padding, reads as zeroes. */
    if (code == EXIT_OK && ftruncate(fd, (off_t)(*end + file.size)) != 0)
        code = failure(EXIT_IO, "a temporary file: %s", strerror(errno));
    if (code == EXIT_OK)
        code = host_file_copy(&file, fd, *end, "a temporary file");
    *end += file.size;
    host_file_close(&file);
    return code;
}

enum exit_code ramdisk_join(const char *const *paths, size_t count, struct host_file *joined)
{
    uint64_t end = 0;
    int fd;
    if (count == 1)
        return host_file_open(joined, paths[0]);
    enum exit_code code = pack_open_temporary(&fd);
    if (code != EXIT_OK)
        return code;
    for (size_t i = 0; i < count && code == EXIT_OK; i++)
        code = append(paths[i], fd, &end);
    if (code == EXIT_OK)
        return host_file_adopt(joined, paths[0], fd);
    close(fd);
    return code;
}
