/* Memory while boot services run: the map, and pages by address. */
#include "efi_map.h"
#include "machine_use.h"

#include "checked.h"

#define MAP_TRIES 8
#define MAP_SLACK 64       /* descriptors: the map grows by the very allocations made to hold it */
#define MAP_OF_MOST 12288u /* bytes that hold the map of most firmware, and cost it no call */

struct storage {
    void *descriptors;
    UINTN size; /* of the descriptors, bytes */
    struct boot_memory_region *regions;
    size_t capacity;
    bool pooled;
};

static struct {
    EFI_MEMORY_DESCRIPTOR descriptors[MAP_OF_MOST / sizeof(EFI_MEMORY_DESCRIPTOR)];
    struct boot_memory_region regions[MEMMAP_ROOM(MAP_OF_MOST / sizeof(EFI_MEMORY_DESCRIPTOR) + MACHINE_USE_REGIONS)];
} built_in;

static struct storage storage;

static void use_built_in(void)
{
    if (storage.size != 0)
        return;
    storage.descriptors = built_in.descriptors;
    storage.size = sizeof built_in.descriptors;
    storage.regions = built_in.regions;
    storage.capacity = sizeof built_in.regions / sizeof built_in.regions[0];
}

static void free_storage(void)
{
    if (storage.pooled) {
        services_free(storage.descriptors);
        services_free(storage.regions);
    }
    storage = (struct storage){0};
}

/* Storage for a map of `needed` bytes, and for the regions made of it. No descriptor is smaller than the one we know.
 */
static bool grow_storage(UINTN needed)
{
    free_storage();
    storage.pooled = true;
    storage.size = needed + needed / 4 + MAP_SLACK * sizeof(EFI_MEMORY_DESCRIPTOR);
    storage.capacity = memmap_room(storage.size / sizeof(EFI_MEMORY_DESCRIPTOR) + MACHINE_USE_REGIONS);
    storage.descriptors = services_allocate(storage.size);
    storage.regions = services_allocate(storage.capacity * sizeof *storage.regions);
    if (storage.descriptors != NULL && storage.regions != NULL)
        return true;
    free_storage();
    return false;
}

/* Reads the map into the storage; nothing is allocated after the read that succeeds, so that the map is true. */
static EFI_STATUS read_map(struct efi_map *map)
{
    EFI_STATUS status = EFI_BUFFER_TOO_SMALL;
    use_built_in();
    for (unsigned i = 0; i < MAP_TRIES && status == EFI_BUFFER_TOO_SMALL; i++) {
        *map = (struct efi_map){.descriptors = storage.descriptors, .size = storage.size};
        status = efi_map_read(map);
        if (status == EFI_BUFFER_TOO_SMALL && !grow_storage(map->size))
            return EFI_OUT_OF_RESOURCES;
    }
    return status;
}

enum status firmware_memory_map(struct memmap *map, struct error *error)
{
    struct efi_map efi;
    const EFI_STATUS read = read_map(&efi);
    if (EFI_ERROR(read))
        return error_set(error, STATUS_NO_MEMORY_MAP, "GetMemoryMap fails: %s (descriptor size %llu)",
                         efi_status_name(read), (unsigned long long)efi.descriptor_size);
    *map = (struct memmap){.regions = storage.regions, .capacity = storage.capacity};
    enum status status = efi_map_add(&efi, true, map, error);
    if (status == STATUS_OK)
        status = machine_use_add(map, error);
    return status != STATUS_OK ? status : memmap_normalise(map, error);
}

enum status firmware_claim(uint64_t phys, uint64_t pages, struct error *error)
{
    EFI_PHYSICAL_ADDRESS address = phys;
    const EFI_STATUS status = efi_call(services.boot->AllocatePages(AllocateAddress, EfiLoaderData, pages, &address));
    if (!EFI_ERROR(status) && address == phys)
        return STATUS_OK;
    /* Both mean: not this block. Which of the two comes depends on the firmware. */
    if (status == EFI_NOT_FOUND || status == EFI_OUT_OF_RESOURCES)
        return error_set(error, STATUS_BUSY, "the firmware doesn't give %llu pages at %#llx: %s",
                         (unsigned long long)pages, (unsigned long long)phys, efi_status_name(status));
    return error_set(error, STATUS_FIRMWARE_CALL, "AllocatePages(%llu pages at %#llx) fails: %s",
                     (unsigned long long)pages, (unsigned long long)phys, efi_status_name(status));
}

void *firmware_map(uint64_t phys, uint64_t size)
{
    (void)size; /* the firmware maps all memory one to one (UEFI 2.10, 2.3.4) */
    return (void *)(uintptr_t)phys;
}

/* UEFI 2.10, 37.2: only firmware that keeps data from running has it. gnu-efi's headers are older. */
#define MEMORY_ATTRIBUTE_GUID                                                                                          \
    {                                                                                                                  \
        0xf4560cf6, 0x40ec, 0x4b4a,                                                                                    \
        {                                                                                                              \
            0xa1, 0x92, 0xbf, 0x1d, 0x57, 0xd0, 0xb1, 0x89                                                             \
        }                                                                                                              \
    }

struct memory_attribute {
    EFI_STATUS(EFIAPI *get)(struct memory_attribute *, EFI_PHYSICAL_ADDRESS, UINT64, UINT64 *);
    EFI_STATUS(EFIAPI *set)(struct memory_attribute *, EFI_PHYSICAL_ADDRESS, UINT64, UINT64);
    EFI_STATUS(EFIAPI *clear)(struct memory_attribute *, EFI_PHYSICAL_ADDRESS, UINT64, UINT64);
};

enum status firmware_allow_execution(uint64_t phys, uint64_t size, struct error *error)
{
    EFI_GUID guid = MEMORY_ATTRIBUTE_GUID;
    VOID *interface = NULL;
    if (EFI_ERROR(efi_call(services.boot->LocateProtocol(&guid, NULL, &interface))))
        return STATUS_OK;
    struct memory_attribute *attribute = interface;
    EFI_STATUS status = efi_call(attribute->set(attribute, phys, size, EFI_MEMORY_ATTRIBUTE_RO));
    if (!EFI_ERROR(status))
        status = efi_call(attribute->clear(attribute, phys, size, EFI_MEMORY_XP));
    if (!EFI_ERROR(status))
        return STATUS_OK;
    return error_set(error, STATUS_FIRMWARE_CALL, "the firmware does not let code run at %#llx: %s",
                     (unsigned long long)phys, efi_status_name(status));
}
