#include "iso_read.h"

#include "little_endian.h"

#include <string.h>

#define MORE_SECTIONS 0x90u
#define EXTENSION 0x44u
#define EXTENSION_GOES_ON 0x20u

static bool read_descriptor(struct block *image, uint64_t block, uint8_t type, uint8_t bytes[ISO_BLOCK_SIZE])
{
    struct error ignored;
    return block_read(image, block * ISO_BLOCK_SIZE, ISO_BLOCK_SIZE, bytes, &ignored) == STATUS_OK &&
           bytes[0] == type && memcmp(bytes + 1, ISO_IDENTIFIER, strlen(ISO_IDENTIFIER)) == 0;
}

bool iso_is_there(struct block *image)
{
    uint8_t bytes[ISO_BLOCK_SIZE];
    return read_descriptor(image, ISO_PRIMARY_BLOCK, ISO_TYPE_PRIMARY, bytes) ||
           read_descriptor(image, ISO_BOOT_RECORD_BLOCK, ISO_TYPE_BOOT_RECORD, bytes);
}

bool iso_is_ours(struct block *image)
{
    uint8_t bytes[ISO_BLOCK_SIZE];
    struct error ignored;
    if (block_read(image, ISO_PRIMARY_BLOCK * ISO_BLOCK_SIZE, sizeof bytes, bytes, &ignored) == STATUS_OK &&
        memcmp(bytes + ISO_PREPARER, ISO_PREPARED_BY, strlen(ISO_PREPARED_BY)) == 0)
        return true;
    return block_read(image, ISO_CATALOG_BLOCK * ISO_BLOCK_SIZE, sizeof bytes, bytes, &ignored) == STATUS_OK &&
           memcmp(bytes + ISO_VALIDATION_NAME, ISO_OUR_NAME, strlen(ISO_OUR_NAME)) == 0;
}

static void take_volume_name(const uint8_t *descriptor, char *name)
{
    uint32_t size = 0;
    for (uint32_t i = 0; i < ISO_VOLUME_NAME_SIZE; i++) {
        char c = (char)descriptor[ISO_VOLUME_NAME + i];
        name[i] = c < ' ' || c > '~' ? '?' : c;
        size = c != ' ' ? i + 1 : size;
    }
    name[size] = '\0';
}

static bool is_joliet(const uint8_t *descriptor)
{
    return memcmp(descriptor + ISO_ESCAPE, "%/", 2) == 0 && strchr("@CE", descriptor[ISO_ESCAPE + 2]) != NULL &&
           descriptor[ISO_ESCAPE + 2] != '\0';
}

const char *iso_platform_name(uint8_t platform)
{
    return platform == ISO_PLATFORM_BIOS ? "BIOS" : platform == ISO_PLATFORM_EFI ? "UEFI" : "other";
}

static void add_entry(struct iso_catalog *catalog, uint8_t platform, const uint8_t *entry)
{
    if (catalog->count == ISO_CATALOG_MAX)
        return;
    catalog->entries[catalog->count++] = (struct iso_boot_entry){
        .platform = platform,
        .bootable = entry[0] == ISO_BOOTABLE,
        .emulation = entry[1] & 0xf,
        .sectors = little_endian(entry + 6, 2),
        .block = little_endian(entry + 8, 4),
    };
}

static enum status check_validation(const uint8_t *entry, struct error *error)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < ISO_ENTRY_SIZE; i += 2)
        sum += little_endian(entry + i, 2);
    if (entry[0] != ISO_VALIDATION || entry[30] != 0x55 || entry[31] != 0xaa)
        return error_set(error, STATUS_LOADER_DAMAGED,
                         "El Torito: the boot catalog does not begin with a validation entry");
    if ((sum & 0xffff) != 0)
        return error_set(error, STATUS_LOADER_DAMAGED, "El Torito: the boot catalog's words add up to %#x, not 0",
                         sum & 0xffff);
    return STATUS_OK;
}

/* A section's entries, and what extends them; returns the offset behind them. */
static uint32_t read_section(struct iso_catalog *catalog, const uint8_t *bytes, uint32_t at)
{
    uint8_t platform = bytes[at + 1];
    uint32_t count = little_endian(bytes + at + 2, 2);
    for (at += ISO_ENTRY_SIZE; count > 0 && at < ISO_BLOCK_SIZE; count--) {
        add_entry(catalog, platform, bytes + at);
        bool extended = (bytes[at + 1] & EXTENSION_GOES_ON) != 0;
        for (at += ISO_ENTRY_SIZE; extended && at < ISO_BLOCK_SIZE && bytes[at] == EXTENSION; at += ISO_ENTRY_SIZE)
            extended = (bytes[at + 1] & EXTENSION_GOES_ON) != 0;
    }
    return at;
}

/* Only the first block of the catalog: 63 entries. */
static enum status read_entries(const uint8_t *bytes, struct iso_catalog *catalog, struct error *error)
{
    enum status status = check_validation(bytes, error);
    if (status != STATUS_OK)
        return status;
    add_entry(catalog, bytes[1], bytes + ISO_ENTRY_SIZE);
    for (uint32_t at = ISO_SECTION_HEADER; at < ISO_BLOCK_SIZE;) {
        uint8_t kind = bytes[at];
        if (kind != MORE_SECTIONS && kind != ISO_LAST_SECTION)
            break;
        at = read_section(catalog, bytes, at);
        if (kind == ISO_LAST_SECTION)
            break;
    }
    return STATUS_OK;
}

enum status iso_catalog_read(struct block *image, struct iso_catalog *catalog, struct error *error)
{
    uint8_t bytes[ISO_BLOCK_SIZE];
    *catalog = (struct iso_catalog){0};
    if (!read_descriptor(image, ISO_PRIMARY_BLOCK, ISO_TYPE_PRIMARY, bytes))
        return error_set(error, STATUS_LOADER_DAMAGED, "ISO 9660: block %u is no primary descriptor",
                         ISO_PRIMARY_BLOCK);
    take_volume_name(bytes, catalog->volume_name);
    for (uint32_t block = ISO_BOOT_RECORD_BLOCK; block < ISO_CATALOG_BLOCK && !catalog->joliet; block++)
        catalog->joliet = read_descriptor(image, block, ISO_TYPE_SUPPLEMENTARY, bytes) && is_joliet(bytes);
    if (!read_descriptor(image, ISO_BOOT_RECORD_BLOCK, ISO_TYPE_BOOT_RECORD, bytes) ||
        memcmp(bytes + 7, ISO_BOOT_SYSTEM, strlen(ISO_BOOT_SYSTEM)) != 0)
        return error_set(error, STATUS_LOADER_DAMAGED, "El Torito: block %u is no boot record", ISO_BOOT_RECORD_BLOCK);
    uint64_t block = little_endian(bytes + ISO_BOOT_CATALOG, 4);
    enum status status = block_read(image, block * ISO_BLOCK_SIZE, sizeof bytes, bytes, error);
    return status == STATUS_OK ? read_entries(bytes, catalog, error) : error_prefix(error, "El Torito: boot catalog");
}
