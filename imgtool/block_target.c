#include "block_target.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

static int fd_of(const struct block_target *target)
{
    return (int)(intptr_t)target->context;
}

static int64_t write_fd(struct block_target *target, uint64_t offset, const void *from, uint64_t size)
{
    ssize_t done = pwrite(fd_of(target), from, size, (off_t)offset);
    return done < 0 ? -errno : done;
}

static int64_t read_fd(struct block_target *target, uint64_t offset, void *to, uint64_t size)
{
    ssize_t done = pread(fd_of(target), to, size, (off_t)offset);
    return done < 0 ? -errno : done;
}

static int flush_fd(struct block_target *target)
{
    return fdatasync(fd_of(target)) != 0 ? -errno : 0;
}

static int64_t size_fd(struct block_target *target)
{
    struct stat stat_of;
    uint64_t size = 0;
    if (fstat(fd_of(target), &stat_of) != 0)
        return -errno;
    if (!S_ISBLK(stat_of.st_mode))
        return stat_of.st_size;
    return ioctl(fd_of(target), BLKGETSIZE64, &size) != 0 ? -errno : (int64_t)size;
}

void block_target_init_fd(struct block_target *target, int fd, const char *name)
{
    *target = (struct block_target){
        .write = write_fd,
        .read = read_fd,
        .flush = flush_fd,
        .size = size_fd,
        .name = name,
        .context = (void *)(intptr_t)fd,
    };
}

enum exit_code block_target_write(struct block_target *target, uint64_t offset, const void *from, uint64_t size)
{
    const uint8_t *source = from;
    while (size > 0) {
        int64_t done = target->write(target, offset, source, size);
        if (done == -EINTR)
            continue;
        if (done < 0)
            return failure(EXIT_IO, "%s: can't be written at byte %lu: %s", target->name, offset, strerror((int)-done));
        if (done == 0)
            return failure(EXIT_IO, "%s: takes no more bytes at byte %lu", target->name, offset);
        source += done;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return EXIT_OK;
}

enum exit_code block_target_read(struct block_target *target, uint64_t offset, void *to, uint64_t size)
{
    uint8_t *at = to;
    while (size > 0) {
        int64_t done = target->read(target, offset, at, size);
        if (done == -EINTR)
            continue;
        if (done < 0)
            return failure(EXIT_IO, "%s: can't be read at byte %lu: %s", target->name, offset, strerror((int)-done));
        if (done == 0)
            return failure(EXIT_IO, "%s: ends at byte %lu", target->name, offset);
        at += done;
        offset += (uint64_t)done;
        size -= (uint64_t)done;
    }
    return EXIT_OK;
}

enum exit_code block_target_flush(struct block_target *target)
{
    int result = target->flush(target);
    if (result == 0)
        return EXIT_OK;
    return failure(EXIT_IO, "%s: what was written did not reach the medium: %s", target->name, strerror(-result));
}
