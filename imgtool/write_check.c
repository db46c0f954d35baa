#include "write.h"

#include "size.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

/* The image's file must not lie on the target, nor be what a loop device shows. */
static bool holds_image(const struct block_devices_root *root, const struct block_device *device,
                        const struct stat *image)
{
    struct stat backing;
    if (block_device_has(root, device, major(image->st_dev), minor(image->st_dev)))
        return true;
    return device->backing[0] != '\0' && stat(device->backing, &backing) == 0 && backing.st_ino == image->st_ino &&
           backing.st_dev == image->st_dev;
}

static enum exit_code check_expected(const struct block_device *device, const struct write_wishes *wishes)
{
    if (wishes->expect_size != 0 && wishes->expect_size != device->size)
        return failure(EXIT_UNSAFE, "%s: has %lu bytes, not the %lu of --expect-size", wishes->path, device->size,
                       wishes->expect_size);
    if (wishes->expect_serial != NULL && strcmp(wishes->expect_serial, device->serial) != 0)
        return failure(EXIT_UNSAFE, "%s: its serial number is '%s', not the '%s' of --expect-serial", wishes->path,
                       device->serial, wishes->expect_serial);
    return EXIT_OK;
}

enum exit_code write_check_target(const struct block_devices_root *root, const struct block_device *device,
                                  const struct disk_image *image, const struct write_wishes *wishes)
{
    struct stat stat_of;
    if (device == NULL)
        return failure(EXIT_UNSAFE, "%s: is not a whole disk; 'imgtool devices' lists those that can be written",
                       wishes->path);
    if (device->use[0] != '\0')
        return failure(EXIT_UNSAFE, "%s: %s; free it first", wishes->path, device->use);
    if (device->read_only)
        return failure(EXIT_UNSAFE, "%s: is read-only; look for a lock on the card or stick", wishes->path);
    if (!device->removable && !wishes->not_removable)
        return failure(EXIT_UNSAFE, "%s: is not removable; --not-removable allows fixed disks, too", wishes->path);
    if (fstat(image->fd, &stat_of) != 0 || holds_image(root, device, &stat_of))
        return failure(EXIT_UNSAFE, "%s: holds %s itself", wishes->path, wishes->image);
    if (device->size < image->block.size)
        return failure(EXIT_UNSAFE, "%s: has %lu bytes, and %s has %lu; take a larger disk", wishes->path, device->size,
                       wishes->image, image->block.size);
    return check_expected(device, wishes);
}

static enum exit_code ask(const struct block_device *device, const struct write_wishes *wishes)
{
    char size[32], answer[BLOCK_DEVICE_TEXT + 2];
    const char *word = device->model[0] != '\0' ? device->model : device->name;
    fprintf(stderr, "%s: %s, %s%s%s\nEverything on it will be lost. To go on, type %s: %s\n> ", wishes->path,
            size_text(device->size, size, sizeof size), device->model[0] != '\0' ? device->model : "model unknown",
            device->serial[0] != '\0' ? ", serial number " : "", device->serial,
            device->model[0] != '\0' ? "its model" : "its name", word);
    if (fgets(answer, sizeof answer, stdin) == NULL)
        answer[0] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    if (strcmp(answer, word) == 0)
        return EXIT_OK;
    return failure(EXIT_UNSAFE, "%s: that is not '%s'; nothing was written", wishes->path, word);
}

enum exit_code write_confirm(const struct block_device *device, const struct write_wishes *wishes, bool terminal)
{
    bool expected = wishes->expect_size != 0 || wishes->expect_serial != NULL;
    if (wishes->yes && expected)
        return EXIT_OK;
    if (terminal && !wishes->yes)
        return ask(device, wishes);
    return failure(EXIT_UNSAFE,
                   "%s: without a question on a terminal, say which disk is meant: --yes with --expect-size %lu%s%s",
                   wishes->path, device->size, device->serial[0] != '\0' ? " or --expect-serial " : "", device->serial);
}
