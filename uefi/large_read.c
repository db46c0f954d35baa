#include "large_read.h"

#include "block_cache.h"
#include "checked.h"
#include "services.h"

#define BLOCK_SIZE_MIN 512u
#define BLOCK_SIZE_MAX 4096u

static const EFI_GUID block_io_guid = EFI_BLOCK_IO_PROTOCOL_GUID;
static const EFI_GUID disk_io_guid = EFI_DISK_IO_PROTOCOL_GUID;

struct volume_blocks { /* in pool memory: few boots need it */
    EFI_DISK_IO_PROTOCOL *io;
    uint32_t media; /* another one in the drive, and reads fail */
    struct block disk;
    struct block_cache cache;
    struct fat fat;
};

static struct {
    EFI_HANDLE device;            /* NULL: was looked at already */
    struct volume_blocks *blocks; /* NULL: not to be read so */
} volume;

void large_read_start(EFI_HANDLE device)
{
    volume.device = device;
    volume.blocks = NULL;
}

static enum status read_disk(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    const struct volume_blocks *blocks = block->context;
    const EFI_STATUS status = efi_call(blocks->io->ReadDisk(blocks->io, blocks->media, offset, size, to));
    services.stats.disk_reads++;
    if (EFI_ERROR(status))
        return error_set(error, STATUS_READ_ERROR, "%s", efi_status_name(status));
    services.stats.bytes_read += size;
    return STATUS_OK;
}

/* What the firmware says of the volume's blocks, if it makes sense. */
static bool describe_blocks(EFI_HANDLE device, struct volume_blocks *blocks)
{
    const EFI_BLOCK_IO_PROTOCOL *block_io = services_protocol(device, &block_io_guid);
    blocks->io = services_protocol(device, &disk_io_guid);
    if (blocks->io == NULL || block_io == NULL)
        return false;
    const EFI_BLOCK_IO_MEDIA *media = block_io->Media;
    uint64_t count, size;
    if (!media->MediaPresent || media->BlockSize < BLOCK_SIZE_MIN || media->BlockSize > BLOCK_SIZE_MAX ||
        !is_power_of_two(media->BlockSize) || !add_ok(media->LastBlock, 1, &count) ||
        !mul_ok(count, media->BlockSize, &size))
        return false;
    blocks->media = media->MediaId;
    blocks->disk = (struct block){read_disk, size, media->BlockSize, blocks};
    return true;
}

static bool mount(EFI_HANDLE device, struct volume_blocks *blocks)
{
    struct error error;
    if (!describe_blocks(device, blocks))
        return false;
    block_cache_init(&blocks->cache, &blocks->disk);
    return fat_mount(&blocks->fat, &blocks->cache.block, 0, blocks->disk.size, &error) == STATUS_OK;
}

/* A volume that can't be read so is left to the file system for good. */
static void mount_once(void)
{
    if (volume.device == NULL)
        return;
    struct volume_blocks *blocks = services_allocate(sizeof *blocks);
    if (blocks != NULL && mount(volume.device, blocks))
        volume.blocks = blocks;
    else
        services_free(blocks);
    volume.device = NULL;
}

bool large_read_open(const char *path, uint64_t size, struct fat_file *file)
{
    struct error ignored;
    mount_once();
    return volume.blocks != NULL && fat_open(&volume.blocks->fat, path, file, &ignored) == STATUS_OK &&
           (file->attributes & FAT_ATTRIBUTE_DIRECTORY) == 0 && file->size == size;
}

bool large_read(struct fat_file *file, uint64_t offset, uint64_t size, void *to)
{
    struct error ignored; /* the file system has a better one, if it can't read there either */
    if (volume.blocks == NULL)
        return false;
    if (fat_read(file, offset, size, to, &ignored) == STATUS_OK)
        return true;
    volume.blocks = NULL; /* the memory stays: files point to it */
    return false;
}
