#include "image_container.h"

#include "process.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC_MAX 8u

static const struct container {
    const char *name;
    off_t offset;
    uint8_t magic[MAGIC_MAX];
    size_t size;
    const char *unpack[6]; /* the words before the file's name */
    const char *to;        /* those behind it */
} containers[] = {
    {"a qcow2 disk", 0, "QFI\xfb", 4, {"qemu-img", "convert", "-O", "raw"}, "disk.img"},
    {"a VMDK disk", 0, "KDMV", 4, {"qemu-img", "convert", "-O", "raw"}, "disk.img"},
    {"a VHD disk", 0, "conectix", 8, {"qemu-img", "convert", "-O", "raw"}, "disk.img"},
    {"a VDI disk", 64, "\x7f\x10\xda\xbe", 4, {"qemu-img", "convert", "-O", "raw"}, "disk.img"},
    {"packed by gzip", 0, "\x1f\x8b", 2, {"gzip", "-dk"}, NULL},
    {"packed by zstd", 0, "\x28\xb5\x2f\xfd", 4, {"zstd", "-d"}, NULL},
};

static enum exit_code refuse(const struct container *container, const char *path)
{
    struct arguments arguments = {0};
    for (size_t i = 0; container->unpack[i] != NULL; i++)
        arguments_add(&arguments, container->unpack[i]);
    arguments_add(&arguments, path);
    if (container->to != NULL)
        arguments_add(&arguments, container->to);
    char *text = arguments_text(&arguments);
    enum exit_code code =
        failure(EXIT_INPUT_REJECTED, "%s: is %s, not a raw image; this makes one: %s", path, container->name, text);
    free(text);
    arguments_free(&arguments);
    return code;
}

enum exit_code image_container_refuse(int fd, const char *path)
{
    uint8_t found[MAGIC_MAX];
    for (size_t i = 0; i < sizeof containers / sizeof containers[0]; i++) {
        const struct container *container = &containers[i];
        if (pread(fd, found, container->size, container->offset) == (ssize_t)container->size &&
            memcmp(found, container->magic, container->size) == 0)
            return refuse(container, path);
    }
    return EXIT_OK;
}
