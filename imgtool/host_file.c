#include "host_file.h"

#include "progress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define COPY_SIZE (1u << 20)
#define KERNEL_COPY_SIZE (64u << 20)  /* in one call, after which a signal is seen */
#define KERNEL_COPY_SHOWN (16u << 20) /* the same where somebody watches: after each, the progress is shown */

enum exit_code host_file_adopt(struct host_file *file, const char *path, int fd)
{
    *file = (struct host_file){.path = path, .fd = fd};
    enum exit_code code = EXIT_OK;
    if (fstat(file->fd, &file->stat) != 0)
        code = failure(EXIT_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(file->stat.st_mode))
        code = failure(EXIT_INPUT_REJECTED, "%s: is %s, not a regular file", path,
                       S_ISDIR(file->stat.st_mode)    ? "a directory"
                       : S_ISFIFO(file->stat.st_mode) ? "a pipe"
                                                      : "a device or socket");
    if (code != EXIT_OK)
        host_file_close(file);
    else
        file->size = (uint64_t)file->stat.st_size;
    return code;
}

enum exit_code host_file_open(struct host_file *file, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO must not make us wait */
    if (fd < 0)
        return failure(EXIT_IO, "%s: can't be opened: %s", path, strerror(errno));
    return host_file_adopt(file, path, fd);
}

void host_file_close(struct host_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

enum exit_code host_file_read(const struct host_file *file, uint64_t offset, uint64_t size, void *to)
{
    char *target = to;
    while (size > 0) {
        ssize_t done = pread(file->fd, target, size < COPY_SIZE ? size : COPY_SIZE, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return failure(EXIT_IO, "%s: can't be read at byte %lu: %s", file->path, offset, strerror(errno));
        if (done == 0)
            return failure(EXIT_IO, "%s: ended at byte %lu; it was %lu bytes long when it was opened", file->path,
                           offset, file->size);
        target += done;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return EXIT_OK;
}

static enum exit_code write_failed(const char *to, uint64_t offset)
{
    const char *remedy = errno == ENOSPC || errno == EDQUOT ? "; make room there, or write elsewhere with -o FILE"
                         : errno == EFBIG                   ? "; the file system or 'ulimit -f' allows no bigger file"
                                                            : "";
    return failure(EXIT_IO, "%s: can't be written at byte %lu: %s%s", to, offset, strerror(errno), remedy);
}

enum exit_code host_write(int fd, uint64_t offset, const void *from, uint64_t size, const char *to)
{
    const char *source = from;
    while (size > 0) {
        ssize_t done = pwrite(fd, source, size, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return write_failed(to, offset);
        source += done;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return EXIT_OK;
}

/* The kernel's own copying does not work between all file systems. */
static bool kernel_copy_impossible(int error)
{
    return error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP || error == EPERM ||
           error == EIO;
}

static enum exit_code copy_by_hand(const struct host_file *file, uint64_t from, uint64_t size, int fd, uint64_t offset,
                                   const char *to)
{
    char *buffer = malloc(COPY_SIZE);
    if (buffer == NULL)
        return failure_memory();
    enum exit_code code = EXIT_OK;
    while (size > 0 && code == EXIT_OK) {
        uint64_t part = size < COPY_SIZE ? size : COPY_SIZE;
        code = host_file_read(file, from, part, buffer);
        if (code == EXIT_OK)
            code = host_write(fd, offset, buffer, part, to);
        from += part;
        offset += part;
        size -= part;
        progress_add(part);
    }
    free(buffer);
    return code;
}

static enum exit_code copy_range(const struct host_file *file, uint64_t from, uint64_t size, int fd, uint64_t offset,
                                 const char *to)
{
    const uint64_t most = progress_is_shown() ? KERNEL_COPY_SHOWN : KERNEL_COPY_SIZE;
    while (size > 0) {
        off_t in = (off_t)from, out = (off_t)offset;
        ssize_t done = copy_file_range(file->fd, &in, fd, &out, size < most ? size : most, 0);
        if (done < 0 && errno == EINTR)
            continue;
        if (done == 0 || (done < 0 && kernel_copy_impossible(errno))) /* 0: some file systems; the slow way tells */
            return copy_by_hand(file, from, size, fd, offset, to);
        if (done < 0)
            return write_failed(to, offset);
        from += (uint64_t)done;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
        progress_add((uint64_t)done);
    }
    return EXIT_OK;
}

bool host_file_next_data(const struct host_file *file, uint64_t *start, uint64_t *end)
{
    off_t data = lseek(file->fd, (off_t)*start, SEEK_DATA);
    if (data < 0 && errno == ENXIO)
        return false;
    off_t hole = data < 0 ? -1 : lseek(file->fd, data, SEEK_HOLE);
    *end = file->size;
    if (hole < 0) /* a file system that knows no holes */
        return *start < *end;
    *start = (uint64_t)data;
    if ((uint64_t)hole < *end)
        *end = (uint64_t)hole;
    return *start < *end;
}

enum exit_code host_file_unchanged(const struct host_file *file)
{
    struct stat now;
    if (fstat(file->fd, &now) != 0)
        return failure(EXIT_IO, "%s: %s", file->path, strerror(errno));
    const struct stat *then = &file->stat;
    if (now.st_size != then->st_size || now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
        now.st_mtim.tv_nsec != then->st_mtim.tv_nsec)
        return failure(EXIT_IO, "%s: was changed while it was read; try again when it is finished", file->path);
    return EXIT_OK;
}

enum exit_code host_file_duplicate(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t copied = -1;
    if (in >= 0 && out >= 0) {
        do {
            copied = sendfile(out, in, NULL, COPY_SIZE);
        } while (copied > 0);
    }
    enum exit_code code =
        copied == 0 ? EXIT_OK : failure(EXIT_IO, "can't copy %s to %s: %s", from, to, strerror(errno));
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return code;
}

const char *host_write_problem(void)
{
    return errno == ENXIO ? "nobody reads from this pipe" : strerror(errno);
}

enum exit_code host_file_check_writable(const char *path)
{
    struct stat stat_of;
    bool existed = lstat(path, &stat_of) == 0; /* a link that leads nowhere yet is kept */
    if (existed && stat(path, &stat_of) == 0 && S_ISFIFO(stat_of.st_mode)) {
        /* Stays open until we end, or the reader would see an end before there is anything to read. */
        if (open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK) < 0)
            return failure(EXIT_IO, "%s: can't be written: %s", path, host_write_problem());
        return EXIT_OK;
    }
    if (existed && stat(path, &stat_of) == 0 && !S_ISREG(stat_of.st_mode) && !S_ISDIR(stat_of.st_mode))
        return EXIT_OK;
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return failure(EXIT_IO, "%s: can't be written: %s", path, strerror(errno));
    close(fd);
    if (!existed)
        unlink(path);
    return EXIT_OK;
}

enum exit_code host_file_copy_part(const struct host_file *file, uint64_t from, uint64_t size, int fd, uint64_t offset,
                                   const char *to)
{
    uint64_t start = from, end, before = from;
    const uint64_t part_end = from + size;
    while (start < part_end && host_file_next_data(file, &start, &end) && start < part_end) {
        end = end < part_end ? end : part_end;
        progress_add(start - before);
        enum exit_code code = copy_range(file, start, end - start, fd, offset + (start - from), to);
        if (code != EXIT_OK)
            return code;
        start = before = end;
    }
    progress_add(part_end - before);
    return host_file_unchanged(file);
}

enum exit_code host_file_copy(const struct host_file *file, int fd, uint64_t offset, const char *to)
{
    return host_file_copy_part(file, 0, file->size, fd, offset, to);
}
