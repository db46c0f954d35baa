#include "net_files.h"

#include "format.h"
#include "memory.h"
#include "path.h"

#define ADDRESS_MAX 48u
#define NAME_SIZE (NET_DIRECTORY_MAX + NET_PATH_MAX + 1)

static struct {
    struct net_server server;
    char address[ADDRESS_MAX];
    char directory[NET_DIRECTORY_MAX + 1]; /* "" or ends in a slash */
} files;

static size_t text_length(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

enum status net_files_start(const struct net_server *server, struct error *error)
{
    size_t length = text_length(server->boot_file);
    while (length > 0 && server->boot_file[length - 1] != '/')
        length--;
    if (length > NET_DIRECTORY_MAX)
        return error_set(error, STATUS_PATH_BAD, "the directory of the boot program '%s' has more than %u bytes",
                         server->boot_file, NET_DIRECTORY_MAX);
    files.server = *server;
    format(files.address, sizeof files.address, "%s", server->address);
    memcpy(files.directory, server->boot_file, length);
    files.directory[length] = '\0';
    return STATUS_OK;
}

/* "/boot/kernel.elf" -> "stagecoach/boot/kernel.elf" */
static void server_name(const char *path, char name[NAME_SIZE])
{
    format(name, NAME_SIZE, "%s%s", files.directory, path + 1);
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
    status = files.server.size(files.server.context, name, &size, error);
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
    enum status status = files.server.read(files.server.context, name, size, to, error);
    return status == STATUS_OK ? status : error_prefix(error, "server %s", files.address);
}

static enum status size_by_tftp(void *context, const char *name, uint64_t *size, struct error *error)
{
    return tftp_size(context, name, size, error);
}

static enum status read_by_tftp(void *context, const char *name, uint64_t size, void *to, struct error *error)
{
    return tftp_read(context, name, size, to, error);
}

struct net_server net_files_tftp(struct tftp *tftp)
{
    return (struct net_server){.context = tftp, .size = size_by_tftp, .read = read_by_tftp};
}
