/* Partition tables made by hand, so that tests can make them wrong. */
#ifndef STAGECOACH_TESTS_DISK_IMAGE_H
#define STAGECOACH_TESTS_DISK_IMAGE_H

#include "gpt.h"
#include "mbr.h"
#include "memory_disk.h"

struct disk_image {
    struct memory_disk disk;
    uint8_t *bytes; /* owned */
    uint64_t sectors;
    uint32_t sector_size;
};

/* An empty disk. */
void disk_image_make(struct disk_image *image, uint64_t sectors, uint32_t sector_size);
void disk_image_free(struct disk_image *image);

/* The signature and one entry of the MBR, or of any other sector of that form. */
void disk_image_mbr(struct disk_image *image, uint64_t lba, uint32_t slot, uint8_t type, uint32_t first,
                    uint32_t count);

/* A protective MBR and both copies of a GPT with two partitions: 100..199 (BIOS boot) and 200..299 (ESP). */
void disk_image_gpt(struct disk_image *image);

/* The header at `lba`, and entry `index` of the array that belongs to it. */
struct gpt_header *disk_image_header(struct disk_image *image, uint64_t lba);
struct gpt_entry *disk_image_gpt_entry(struct disk_image *image, uint64_t lba, uint32_t index);

/* Makes the CRCs of the header at `lba` right; `entries`: that of the array too. */
void disk_image_seal(struct disk_image *image, uint64_t lba, bool entries);

#endif
