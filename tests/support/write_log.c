/* Preloaded into a program (LD_PRELOAD): notes every write and flush of one file, in order, whoever makes it.
 * WRITE_LOG_FILE: the file that is watched; WRITE_LOG: where the notes go: 'W' offset size bytes, or 'F' for a flush;
 * numbers have 8 bytes. A way of writing that it does not know ends the program, so that nothing is missed. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static FILE *notes;

static bool is_watched(int fd)
{
    struct stat watched, this;
    const char *path = getenv("WRITE_LOG_FILE");
    return path != NULL && stat(path, &watched) == 0 && fstat(fd, &this) == 0 && watched.st_ino == this.st_ino &&
           watched.st_dev == this.st_dev;
}

static void note(char kind, uint64_t offset, uint64_t size, const void *bytes)
{
    if (notes == NULL)
        notes = fopen(getenv("WRITE_LOG"), "w");
    if (notes == NULL)
        abort();
    fputc(kind, notes);
    if (kind == 'W') {
        fwrite(&offset, sizeof offset, 1, notes);
        fwrite(&size, sizeof size, 1, notes);
        fwrite(bytes, 1, size, notes);
    }
    fflush(notes);
}

static void unknown(int fd, const char *name)
{
    if (!is_watched(fd))
        return;
    fprintf(stderr, "write_log: %s() is not watched\n", name);
    abort();
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite64");
    if (is_watched(fd))
        note('W', (uint64_t)offset, size, bytes);
    return real(fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset)
{
    return pwrite(fd, bytes, size, offset);
}

int fdatasync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    if (is_watched(fd))
        note('F', 0, 0, NULL);
    return real(fd);
}

int fsync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
    if (is_watched(fd))
        note('F', 0, 0, NULL);
    return real(fd);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    unknown(fd, "write");
    return real(fd, bytes, size);
}

ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
    ssize_t (*real)(int, const struct iovec *, int, off_t) = dlsym(RTLD_NEXT, "pwritev");
    unknown(fd, "pwritev");
    return real(fd, pieces, count, offset);
}

ssize_t copy_file_range(int from, off_t *in, int to, off_t *out, size_t size, unsigned flags)
{
    ssize_t (*real)(int, off_t *, int, off_t *, size_t, unsigned) = dlsym(RTLD_NEXT, "copy_file_range");
    unknown(to, "copy_file_range");
    return real(from, in, to, out, size, flags);
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    int (*real)(int, int, off_t, off_t) = dlsym(RTLD_NEXT, "fallocate");
    unknown(fd, "fallocate");
    return real(fd, mode, offset, size);
}
