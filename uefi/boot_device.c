#include "boot_device.h"

#include "memory.h"
#include "span.h"

#define DEVICE_PATH_MAX 4096u
#define NODE_HEADER_SIZE 4u
#define HARD_DRIVE_NODE_SIZE 42u /* UEFI 2.10, table 10.49 */
#define GPT_HEADER_LBA 1
#define GPT_SIGNATURE 0x5452415020494645ull /* "EFI PART" */
#define GPT_DISK_GUID_OFFSET 56             /* UEFI 2.10, table 5.5 */
#define BLOCK_SIZE_MIN 512u
#define BLOCK_SIZE_MAX 4096u /* and the most that its driver may want memory aligned to */

static const EFI_GUID device_path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
static const EFI_GUID block_io_guid = EFI_BLOCK_IO_PROTOCOL_GUID;

struct media_node {      /* the last node that says where on its medium the volume lies */
    uint8_t subtype;     /* MEDIA_HARDDRIVE_DP, MEDIA_CDROM_DP; 0: there is none */
    uint64_t offset;     /* in the device path */
    struct span content; /* with the header */
};

/* Walks a device path, which says its length only by its nodes. A path that is damaged ends where the damage is. */
static struct media_node find_media_node(const uint8_t *path)
{
    const struct span whole = {path, DEVICE_PATH_MAX};
    struct media_node found = {0};
    uint64_t offset = 0;
    uint8_t type, subtype;
    uint16_t length;
    while (span_u8(whole, offset, &type) && span_u8(whole, offset + 1, &subtype) &&
           span_u16(whole, offset + 2, &length)) {
        struct span node;
        if ((type & 0x7f) == END_DEVICE_PATH_TYPE || length < NODE_HEADER_SIZE ||
            !span_part(whole, offset, length, &node))
            break;
        if (type == MEDIA_DEVICE_PATH && (subtype == MEDIA_HARDDRIVE_DP || subtype == MEDIA_CDROM_DP))
            found = (struct media_node){subtype, offset, node};
        offset += length;
    }
    return found;
}

uint64_t boot_device_path_size(const uint8_t *path)
{
    const struct span whole = {path, DEVICE_PATH_MAX};
    uint64_t offset = 0;
    uint8_t type;
    uint16_t length;
    while (span_u8(whole, offset, &type) && span_u16(whole, offset + 2, &length)) {
        if ((type & 0x7f) == END_DEVICE_PATH_TYPE)
            return offset;
        if (length < NODE_HEADER_SIZE)
            break;
        offset += length;
    }
    return 0;
}

/* The handle of the whole disk: that of the path before the partition's node, and of nothing before that. Stack, not
 * pool: there is enough of it, and the pool's first pages cost a firmware as much as a look-up. */
static EFI_BLOCK_IO_PROTOCOL *find_disk(const uint8_t *path, uint64_t size)
{
    static const uint8_t end[NODE_HEADER_SIZE] = {END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE,
                                                  NODE_HEADER_SIZE, 0};
    uint8_t copy[DEVICE_PATH_MAX + sizeof end] __attribute__((aligned(8)));
    memcpy(copy, path, size); /* find_media_node() looked no further */
    memcpy(copy + size, end, sizeof end);
    EFI_GUID guid = block_io_guid;
    EFI_DEVICE_PATH *rest = (EFI_DEVICE_PATH *)(void *)copy;
    EFI_HANDLE disk = NULL;
    const EFI_STATUS status = efi_call(services.boot->LocateDevicePath(&guid, &rest, &disk));
    const bool exact = !EFI_ERROR(status) && (uint8_t *)rest == copy + size;
    return exact ? services_protocol(disk, &block_io_guid) : NULL;
}

/* Reads the GUID out of the primary header. The firmware has checked the table: it found our partition in it. */
static void read_disk_guid(EFI_BLOCK_IO_PROTOCOL *disk, uint8_t guid[16])
{
    uint8_t memory[2 * BLOCK_SIZE_MAX];
    const EFI_BLOCK_IO_MEDIA *media = disk->Media;
    if (media->BlockSize < BLOCK_SIZE_MIN || media->BlockSize > BLOCK_SIZE_MAX || media->IoAlign > BLOCK_SIZE_MAX)
        return;
    uint8_t *block = (uint8_t *)(uintptr_t)align_down((uintptr_t)memory + BLOCK_SIZE_MAX, BLOCK_SIZE_MAX);
    const EFI_STATUS status = efi_call(disk->ReadBlocks(disk, media->MediaId, GPT_HEADER_LBA, media->BlockSize, block));
    services.stats.disk_reads++;
    uint64_t signature;
    memcpy(&signature, block, sizeof signature);
    if (EFI_ERROR(status) || signature != GPT_SIGNATURE)
        return;
    services.stats.bytes_read += media->BlockSize;
    memcpy(guid, block + GPT_DISK_GUID_OFFSET, 16);
}

static void describe_gpt(const uint8_t *path, const struct media_node *node, struct boot_disk *disk)
{
    disk->table = BOOT_DISK_GPT;
    memcpy(disk->partition_guid, node->content.data + 24, sizeof disk->partition_guid);
    EFI_BLOCK_IO_PROTOCOL *whole = find_disk(path, node->offset);
    if (whole != NULL)
        read_disk_guid(whole, disk->disk_guid);
}

static void describe_partition(const uint8_t *path, const struct media_node *node, struct boot_disk *disk)
{
    uint8_t signature_type;
    if (!span_u8(node->content, HARD_DRIVE_NODE_SIZE - 1, &signature_type))
        return;
    span_u32(node->content, 4, &disk->partition_number);
    span_u64(node->content, 8, &disk->partition_lba);
    if (signature_type == SIGNATURE_TYPE_GUID)
        describe_gpt(path, node, disk);
    if (signature_type == SIGNATURE_TYPE_MBR) {
        disk->table = BOOT_DISK_MBR;
        span_u32(node->content, 24, &disk->mbr_signature);
    }
}

uint32_t boot_device_describe(EFI_HANDLE device, struct boot_disk *disk)
{
    *disk = (struct boot_disk){0};
    const uint8_t *path = services_protocol(device, &device_path_guid);
    if (path == NULL)
        return BOOT_SOURCE_DISK;
    const struct media_node node = find_media_node(path);
    if (node.subtype == MEDIA_CDROM_DP)
        return BOOT_SOURCE_CD;
    if (node.subtype == MEDIA_HARDDRIVE_DP)
        describe_partition(path, &node, disk);
    return BOOT_SOURCE_DISK;
}
