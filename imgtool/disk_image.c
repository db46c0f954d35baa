#include "disk_image.h"

#include "boot_volume.h"
#include "gpt.h"
#include "host_block.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR_SIZE 512u

/* The sector size of an image is written nowhere; where its GPT stands tells. */
static uint32_t guess_sector_size(int fd)
{
    for (uint32_t size = SECTOR_SIZE; size <= 4096; size *= 2) {
        uint64_t signature = 0;
        if (pread(fd, &signature, sizeof signature, GPT_PRIMARY_LBA * size) == (ssize_t)sizeof signature &&
            signature == GPT_SIGNATURE)
            return size;
    }
    return SECTOR_SIZE;
}

static enum exit_code measure(struct disk_image *image)
{
    struct stat stat_of;
    uint64_t size = 0;
    int sector_size = 0;
    if (fstat(image->fd, &stat_of) != 0)
        return failure(EXIT_IO, "%s: %s", image->path, strerror(errno));
    image->device = S_ISBLK(stat_of.st_mode);
    if (S_ISREG(stat_of.st_mode)) {
        size = (uint64_t)stat_of.st_size;
        sector_size = (int)guess_sector_size(image->fd);
    } else if (!image->device) {
        return failure(EXIT_INPUT_REJECTED, "%s: neither a disk image nor a block device", image->path);
    } else if (ioctl(image->fd, BLKGETSIZE64, &size) != 0 || ioctl(image->fd, BLKSSZGET, &sector_size) != 0) {
        return failure(EXIT_IO, "%s: its size can't be found out: %s", image->path, strerror(errno));
    }
    if (size < SECTOR_SIZE)
        return failure(EXIT_INPUT_REJECTED, "%s: has %lu bytes; a disk image has at least one sector", image->path, size);
    host_block_init(&image->block, image->fd, size, (uint32_t)sector_size);
    return EXIT_OK;
}

enum exit_code disk_image_open(struct disk_image *image, const char *path)
{
    *image = (struct disk_image){.path = path};
    image->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO must not make us wait */
    if (image->fd < 0)
        return failure(EXIT_IO, "%s: can't be opened: %s", path, strerror(errno));
    enum exit_code code = measure(image);
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

enum exit_code boot_files_open(struct boot_files *files, const char *path)
{
    struct error error;
    enum exit_code code = disk_image_open(&files->image, path);
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

void boot_files_close(struct boot_files *files)
{
    disk_image_close(&files->image);
}
