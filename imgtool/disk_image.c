#include "disk_image.h"

#include "boot_volume.h"
#include "gpt.h"
#include "host_block.h"
#include "image_container.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR_SIZE 512u
#define QEMU_LOCKS_START 100
#define QEMU_LOCKS_SIZE 200

/* The sector size of an image is written nowhere; where its GPT stands tells. */
static enum exit_code guess_sector_size(const struct disk_image *image, int *sector_size)
{
    *sector_size = SECTOR_SIZE;
    for (uint32_t size = SECTOR_SIZE; size <= 4096; size *= 2) {
        uint64_t signature = 0;
        ssize_t done = pread(image->fd, &signature, sizeof signature, GPT_PRIMARY_LBA * size);
        if (done < 0)
            return failure(EXIT_IO, "%s: can't be read at byte %u: %s", image->path, GPT_PRIMARY_LBA * size,
                           strerror(errno));
        if (done != (ssize_t)sizeof signature || signature != GPT_SIGNATURE)
            continue;
        *sector_size = (int)size;
        break;
    }
    return EXIT_OK;
}

static enum exit_code measure(struct disk_image *image)
{
    struct stat stat_of;
    uint64_t size = 0;
    int sector_size = 0;
    enum exit_code code = EXIT_OK;
    if (fstat(image->fd, &stat_of) != 0)
        return failure(EXIT_IO, "%s: %s", image->path, strerror(errno));
    image->device = S_ISBLK(stat_of.st_mode);
    if (S_ISREG(stat_of.st_mode)) {
        size = (uint64_t)stat_of.st_size;
        code = guess_sector_size(image, &sector_size);
    } else if (!image->device) {
        return failure(EXIT_INPUT_REJECTED, "%s: neither a disk image nor a block device", image->path);
    } else if (ioctl(image->fd, BLKGETSIZE64, &size) != 0 || ioctl(image->fd, BLKSSZGET, &sector_size) != 0) {
        return failure(EXIT_IO, "%s: its size can't be found out: %s", image->path, strerror(errno));
    }
    if (code != EXIT_OK)
        return code;
    if (!image->device && image_container_refuse(image->fd, image->path) != EXIT_OK)
        return EXIT_INPUT_REJECTED;
    if (size < SECTOR_SIZE)
        return failure(EXIT_INPUT_REJECTED, "%s: has %lu bytes; a disk image has at least one sector", image->path,
                       size);
    host_block_init(&image->block, image->fd, size, (uint32_t)sector_size);
    return EXIT_OK;
}

static enum exit_code open_with(struct disk_image *image, const char *path, int flags)
{
    *image = (struct disk_image){.path = path};
    image->fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO must not make us wait */
    if (image->fd < 0 && errno == EBUSY)
        return failure(EXIT_UNSAFE, "%s: is in use: mounted, swap, or part of another device; unmount it first", path);
    if (image->fd < 0)
        return failure(EXIT_IO, "%s: can't be opened: %s", path, strerror(errno));
    enum exit_code code = measure(image);
    if (code != EXIT_OK)
        disk_image_close(image);
    return code;
}

enum exit_code disk_image_open(struct disk_image *image, const char *path)
{
    return open_with(image, path, O_RDONLY);
}

/* Of an image file: nobody else with flock(), and no virtual machine. QEMU holds shared OFD locks on the bytes from 100
 * on, one for each thing that it does or does not allow others to do. */
static enum exit_code claim(struct disk_image *image)
{
    struct flock qemu = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = QEMU_LOCKS_START, .l_len = QEMU_LOCKS_SIZE};
    if (image->device)
        return EXIT_OK;
    if (flock(image->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return failure(EXIT_UNSAFE, "%s: another program is changing it; try again when that has ended", image->path);
    if (fcntl(image->fd, F_OFD_SETLK, &qemu) != 0 && (errno == EAGAIN || errno == EACCES))
        return failure(EXIT_UNSAFE, "%s: a virtual machine has it open; end that first", image->path);
    return EXIT_OK;
}

enum exit_code disk_image_open_to_write(struct disk_image *image, const char *path)
{
    struct stat stat_of;
    bool device = stat(path, &stat_of) == 0 && S_ISBLK(stat_of.st_mode);
    enum exit_code code = open_with(image, path, O_RDWR | (device ? O_EXCL : 0));
    if (code != EXIT_OK)
        return code;
    code = claim(image);
    if (code != EXIT_OK)
        disk_image_close(image);
    return code;
}

void disk_image_close(struct disk_image *image)
{
    if (image->fd >= 0)
        close(image->fd);
    image->fd = -1;
}

enum exit_code disk_image_failure(const struct disk_image *image, const struct error *error)
{
    enum exit_code code = error->status == STATUS_READ_ERROR ? EXIT_IO : EXIT_INPUT_REJECTED;
    return failure(code, "%s: %s (error %d)", image->path, error->text, (int)error->status);
}

/* Of an image that is open, or failed to: closes it on failure. */
static enum exit_code mount_boot_volume(struct boot_files *files, enum exit_code code)
{
    struct error error;
    if (code != EXIT_OK)
        return code;
    enum status status = partition_read(&files->image.block, &files->table, &error);
    if (status == STATUS_OK)
        status = boot_volume_mount(&files->image.block, &files->table, &files->fat, &files->partition, &error);
    if (status == STATUS_OK)
        return EXIT_OK;
    code = disk_image_failure(&files->image, &error);
    boot_files_close(files);
    return code;
}

enum exit_code boot_files_open(struct boot_files *files, const char *path)
{
    return mount_boot_volume(files, disk_image_open(&files->image, path));
}

enum exit_code boot_files_open_to_write(struct boot_files *files, const char *path)
{
    return mount_boot_volume(files, disk_image_open_to_write(&files->image, path));
}

void boot_files_close(struct boot_files *files)
{
    disk_image_close(&files->image);
}
