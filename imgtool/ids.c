#include "ids.h"

#include "gpt_guid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <uuid/uuid.h>

/* The name space of our name-based UUIDs (RFC 9562, version 5): drawn once, for this program. */
static const uuid_t name_space = {0x5b, 0x1c, 0x5f, 0x27, 0x0d, 0x3e, 0x4c, 0x86,
                                  0x9a, 0x41, 0xe7, 0x92, 0x36, 0xb8, 0xd0, 0x74};

static void derive_guid(const uuid_t base, const char *purpose, uint8_t guid[16])
{
    uuid_t uuid;
    uuid_generate_sha1(uuid, base, purpose, strlen(purpose));
    gpt_guid_store(uuid, guid);
}

static uint32_t derive_number(const uuid_t base, const char *purpose)
{
    uuid_t uuid;
    uuid_generate_sha1(uuid, base, purpose, strlen(purpose));
    uint32_t number = (uint32_t)uuid[0] << 24 | (uint32_t)uuid[1] << 16 | (uint32_t)uuid[2] << 8 | uuid[3];
    return number != 0 ? number : 1;
}

enum exit_code ids_derive(const struct host_file *kernel, const char *recipe, size_t recipe_size, struct ids *ids)
{
    uuid_t of_kernel, base;
    void *bytes = mmap(NULL, kernel->size, PROT_READ, MAP_PRIVATE, kernel->fd, 0);
    if (bytes == MAP_FAILED)
        return failure(EXIT_IO, "%s: can't be read: %s", kernel->path, strerror(errno));
    uuid_generate_sha1(of_kernel, name_space, bytes, kernel->size);
    munmap(bytes, kernel->size);
    uuid_generate_sha1(base, of_kernel, recipe, recipe_size);
    memcpy(ids->base, base, sizeof ids->base);
    derive_guid(base, "disk", ids->disk_guid);
    derive_guid(base, "BIOS boot partition", ids->bios_guid);
    derive_guid(base, "EFI system partition", ids->esp_guid);
    ids->disk_signature = derive_number(base, "disk signature");
    ids->volume_id = derive_number(base, "volume id");
    ids->image_id = derive_number(base, "image id");
    return EXIT_OK;
}

void ids_partition(const struct ids *ids, uint32_t number, uint8_t guid[16])
{
    char purpose[32];
    snprintf(purpose, sizeof purpose, "partition %u", number);
    derive_guid(ids->base, purpose, guid);
}
