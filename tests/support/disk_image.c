#include "disk_image.h"

#include "crc32.h"

#include <stdlib.h>
#include <string.h>

void disk_image_make(struct disk_image *image, uint64_t sectors, uint32_t sector_size)
{
    *image = (struct disk_image){.sectors = sectors, .sector_size = sector_size, .bytes = calloc(sectors, sector_size)};
    memory_disk_init(&image->disk, image->bytes, sectors * sector_size, sector_size);
}

void disk_image_free(struct disk_image *image)
{
    free(image->bytes);
    image->bytes = NULL;
}

void disk_image_mbr(struct disk_image *image, uint64_t lba, uint32_t slot, uint8_t type, uint32_t first, uint32_t count)
{
    struct mbr *mbr = (struct mbr *)(image->bytes + lba * image->sector_size);
    mbr->boot_signature[0] = 0x55;
    mbr->boot_signature[1] = 0xaa;
    mbr->entries[slot] = (struct mbr_entry){.type = type};
    memcpy(mbr->entries[slot].first_lba, &first, sizeof first);
    memcpy(mbr->entries[slot].sectors, &count, sizeof count);
}

struct gpt_header *disk_image_header(struct disk_image *image, uint64_t lba)
{
    return (void *)(image->bytes + lba * image->sector_size);
}

struct gpt_entry *disk_image_gpt_entry(struct disk_image *image, uint64_t lba, uint32_t index)
{
    const struct gpt_header *header = disk_image_header(image, lba);
    return (void *)(image->bytes + header->entries_lba * image->sector_size + (uint64_t)index * header->entry_size);
}

void disk_image_seal(struct disk_image *image, uint64_t lba, bool entries)
{
    struct gpt_header *header = disk_image_header(image, lba);
    if (entries)
        header->entries_crc32 = crc32_add(0, image->bytes + header->entries_lba * image->sector_size,
                                          (uint64_t)header->entry_count * header->entry_size);
    header->header_crc32 = 0;
    header->header_crc32 = crc32_add(0, header, header->header_size);
}

static void put_copy(struct disk_image *image, uint64_t lba, uint64_t other, uint64_t entries, uint64_t first_usable,
                     uint64_t last_usable)
{
    struct gpt_header *header = disk_image_header(image, lba);
    *header = (struct gpt_header){.signature = GPT_SIGNATURE,
                                  .revision = GPT_REVISION,
                                  .header_size = GPT_HEADER_SIZE,
                                  .my_lba = lba,
                                  .alternate_lba = other,
                                  .first_usable_lba = first_usable,
                                  .last_usable_lba = last_usable,
                                  .disk_guid = "disk",
                                  .entries_lba = entries,
                                  .entry_count = GPT_ENTRY_COUNT,
                                  .entry_size = GPT_ENTRY_SIZE};
    struct gpt_entry *entry = disk_image_gpt_entry(image, lba, 0);
    entry[0] = (struct gpt_entry){.guid = "one", .first_lba = 100, .last_lba = 199, .name = {'b', 'i', 'o', 's'}};
    entry[1] = (struct gpt_entry){.guid = "two", .first_lba = 200, .last_lba = 299, .attributes = 1};
    memcpy(entry[0].type_guid, partition_guid_bios_boot, 16);
    memcpy(entry[1].type_guid, partition_guid_esp, 16);
    disk_image_seal(image, lba, true);
}

void disk_image_gpt(struct disk_image *image)
{
    uint64_t last = image->sectors - 1, array = (16384 + image->sector_size - 1) / image->sector_size;
    disk_image_mbr(image, 0, 0, MBR_TYPE_PROTECTIVE, 1, (uint32_t)last);
    put_copy(image, 1, last, 2, 2 + array, last - array - 1);
    put_copy(image, last, 1, last - array, 2 + array, last - array - 1);
}
