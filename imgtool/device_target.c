#include "device_target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* O_DIRECT reads go to the device; where that is not possible, the cache is thrown away before each read. */
static int64_t read_medium(struct block_target *target, uint64_t offset, void *to, uint64_t size)
{
    const struct device_target *device = target->context;
    ssize_t done = device->direct >= 0 ? pread(device->direct, to, size, (off_t)offset) : -1;
    if (device->direct >= 0 && (done >= 0 || errno != EINVAL))
        return done < 0 ? -errno : done;
    ioctl(device->fd, BLKFLSBUF);
    posix_fadvise(device->fd, (off_t)offset, (off_t)size, POSIX_FADV_DONTNEED);
    done = pread(device->fd, to, size, (off_t)offset);
    return done < 0 ? -errno : done;
}

static int64_t write_device(struct block_target *target, uint64_t offset, const void *from, uint64_t size)
{
    const struct device_target *device = target->context;
    ssize_t done = pwrite(device->fd, from, size, (off_t)offset);
    return done < 0 ? -errno : done;
}

static int flush_device(struct block_target *target)
{
    const struct device_target *device = target->context;
    return fsync(device->fd) != 0 ? -errno : 0;
}

static int64_t size_of_device(struct block_target *target)
{
    const struct device_target *device = target->context;
    uint64_t size = 0;
    return ioctl(device->fd, BLKGETSIZE64, &size) != 0 ? -errno : (int64_t)size;
}

static enum exit_code look(struct device_target *device, const char *path, dev_t rdev)
{
    int sector_size = 0;
    if (fstat(device->fd, &device->stat) != 0 || !S_ISBLK(device->stat.st_mode) || device->stat.st_rdev != rdev)
        return failure(EXIT_UNSAFE, "%s: is another device than it was a moment ago", path);
    if (ioctl(device->fd, BLKGETSIZE64, &device->size) != 0 || ioctl(device->fd, BLKSSZGET, &sector_size) != 0)
        return failure(EXIT_IO, "%s: its size can't be found out: %s", path, strerror(errno));
    device->sector_size = (uint32_t)sector_size;
    device->direct = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
    return EXIT_OK;
}

enum exit_code device_target_open(struct device_target *device, const char *path, dev_t rdev)
{
    *device = (struct device_target){.direct = -1};
    device->target = (struct block_target){
        .write = write_device,
        .read = read_medium,
        .flush = flush_device,
        .size = size_of_device,
        .name = path,
        .context = device,
    };
    device->fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC | O_NONBLOCK);
    if (device->fd < 0 && errno == EBUSY)
        return failure(EXIT_UNSAFE, "%s: is in use: mounted, swap, or part of another device; unmount it first", path);
    if (device->fd < 0)
        return failure(EXIT_IO, "%s: can't be opened: %s%s", path, strerror(errno),
                       errno == EACCES ? "; try it with sudo" : "");
    enum exit_code code = look(device, path, rdev);
    if (code != EXIT_OK)
        device_target_close(device);
    return code;
}

void device_target_close(struct device_target *device)
{
    if (device->direct >= 0)
        close(device->direct);
    if (device->fd >= 0) {
        ioctl(device->fd, BLKRRPART); /* loop devices and others may have no partitions: nothing is lost */
        close(device->fd);
    }
    device->fd = device->direct = -1;
}
