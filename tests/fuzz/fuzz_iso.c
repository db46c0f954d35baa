/* ISO 9660 descriptors and El Torito catalogs on a sparse disk: what is accepted is printable and bounded, what is
 * refused has a sentence, and few blocks are read. */
#include "fuzz.h"
#include "sparse_disk.h"

#include "../../imgtool/iso_read.h"

#define READS_MAX 8u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sparse_disk disk;
    struct iso_catalog catalog;
    struct error error;
    sparse_disk_init(&disk, data, size);
    bool there = iso_is_there(&disk.block);
    disk.reads = 0;
    enum status status = iso_catalog_read(&disk.block, &catalog, &error);
    FUZZ_ASSERT(disk.reads <= READS_MAX);
    if (status != STATUS_OK) {
        fuzz_expect_sentence(status, &error);
        return 0;
    }
    FUZZ_ASSERT(there && catalog.count >= 1 && catalog.count <= ISO_CATALOG_MAX);
    FUZZ_ASSERT(memchr(catalog.volume_name, '\0', sizeof catalog.volume_name) != NULL);
    for (const char *c = catalog.volume_name; *c != '\0'; c++)
        FUZZ_ASSERT(*c >= ' ' && *c <= '~');
    for (uint32_t i = 0; i < catalog.count; i++)
        FUZZ_ASSERT(catalog.entries[i].emulation < 16 && *iso_platform_name(catalog.entries[i].platform) != '\0');
    return 0;
}
