/* The file operations of common/firmware.h: the boot drive's FAT volume, or the boot server. */
#include "fat.h"
#include "firmware.h"
#include "identity.h"
#include "memory.h"
#include "net_files.h"
#include "network.h"
#include "volume.h"

static struct fat *volume;

_Static_assert(sizeof(struct fat_file) <= sizeof((struct firmware_file){0}.private_), "a file's state fits");

enum status firmware_start(struct error *error)
{
    struct boot_disk disk;
    if (identity_is_network())
        return network_start(error);
    enum status status = volume_find(identity_drive(), &volume, &disk, error);
    if (status == STATUS_OK)
        identity_set_disk(&disk);
    return status;
}

enum status firmware_open(const char *path, struct firmware_file *file, struct error *error)
{
    struct fat_file found;
    if (identity_is_network())
        return net_files_open(path, file, error);
    enum status status = fat_open(volume, path, &found, error);
    if (status != STATUS_OK)
        return status;
    if (found.attributes & FAT_ATTRIBUTE_DIRECTORY)
        return error_set(error, STATUS_NOT_A_FILE, "%s is a directory", path);
    *file = (struct firmware_file){.size = found.size};
    memcpy(file->private_, &found, sizeof found);
    return STATUS_OK;
}

enum status firmware_read(struct firmware_file *file, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    struct fat_file state;
    if (identity_is_network())
        return net_files_read(file, offset, size, to, error);
    memcpy(&state, file->private_, sizeof state);
    enum status status = fat_read(&state, offset, size, to, error);
    memcpy(file->private_, &state, sizeof state); /* keeps the place in the cluster chain */
    return status;
}
