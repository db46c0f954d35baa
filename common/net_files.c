#include "net_files.h"

#include "dhcp.h"
#include "format.h"
#include "memory.h"
#include "path.h"
#include "text.h"
#include "tftp.h"

#define NAME_SIZE (NET_DIRECTORY_MAX + NET_PATH_MAX + 1)

static struct {
    struct tftp tftp;
    char address[DHCP_ADDRESS_TEXT];
    char directory[NET_DIRECTORY_MAX + 1]; /* "" or ends in the separator */
    char separator;                        /* '\\' on a server that calls the boot program so */
} files;

enum status net_files_start(const char *address, uint16_t port, const char *boot_file, const struct datagram_link *link,
                            struct error *error)
{
    size_t length = text_length(boot_file);
    while (length > 0 && boot_file[length - 1] != '/' && boot_file[length - 1] != '\\')
        length--;
    if (length > NET_DIRECTORY_MAX)
        return error_set(error, STATUS_PATH_BAD, "the directory of the boot program '%s' has more than %u bytes",
                         boot_file, NET_DIRECTORY_MAX);
    files.tftp = (struct tftp){.link = *link, .port = port};
    format(files.address, sizeof files.address, "%s", address);
    memcpy(files.directory, boot_file, length);
    files.directory[length] = '\0';
    files.separator = length > 0 ? boot_file[length - 1] : '/';
    return STATUS_OK;
}

/* "/boot/kernel.elf" -> "stagecoach/boot/kernel.elf", or with backslashes */
static void server_name(const char *path, char name[NAME_SIZE])
{
    format(name, NAME_SIZE, "%s%s", files.directory, path + 1);
    for (char *c = name + text_length(files.directory); *c != '\0'; c++)
        if (*c == '/')
            *c = files.separator;
}

enum status net_files_open(const char *path, struct firmware_file *file, struct error *error)
{
    char name[NAME_SIZE];
    size_t length = text_length(path);
    enum status status = path_check(path, length, error);
    if (status == STATUS_OK && (length > NET_PATH_MAX || length == 1))
        status =
            error_set(error, STATUS_PATH_BAD, "on a server a path names a file and has at most %u bytes", NET_PATH_MAX);
    if (status != STATUS_OK)
        return error_prefix(error, "%s", path);
    server_name(path, name);
    uint64_t size = 0;
    status = tftp_size(&files.tftp, name, &size, error);
    if (status != STATUS_OK)
        return error_prefix(error, "server %s", files.address);
    *file = (struct firmware_file){.size = size, .whole = true};
    memcpy(file->private_, path, length + 1);
    return STATUS_OK;
}

enum status net_files_read(struct firmware_file *file, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    char name[NAME_SIZE];
    const char *path = (const char *)file->private_;
    if (offset != 0 || size != file->size)
        return error_set(error, STATUS_INTERNAL, "%s: a part of it is read, but it comes in one piece", path);
    server_name(path, name);
    enum status status = tftp_read(&files.tftp, name, size, to, error);
    return status == STATUS_OK ? status : error_prefix(error, "server %s", files.address);
}
