#include "iso_read.h"

#include "iso_format.h"

#include <string.h>

static bool is_descriptor(struct block *image, uint64_t block, uint8_t type)
{
    struct error ignored;
    char bytes[6];
    return block_read(image, block * ISO_BLOCK_SIZE, sizeof bytes, bytes, &ignored) == STATUS_OK &&
           (uint8_t)bytes[0] == type && memcmp(bytes + 1, ISO_IDENTIFIER, strlen(ISO_IDENTIFIER)) == 0;
}

bool iso_is_there(struct block *image)
{
    return is_descriptor(image, ISO_PRIMARY_BLOCK, ISO_TYPE_PRIMARY) ||
           is_descriptor(image, ISO_BOOT_RECORD_BLOCK, ISO_TYPE_BOOT_RECORD);
}
