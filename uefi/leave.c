/* The end of boot services (UEFI 2.10, 7.4.6). */
#include "efi_map.h"
#include "network.h"

#define LEAVE_TRIES 8
#define LEAVE_SLACK 512 /* descriptors: frames are still to be taken, each of which may split a free block */

/* Asked for more than once, by those who plan with it: the first answer stays. */
size_t firmware_efi_map_room(void)
{
    static size_t room;
    if (room == 0) {
        struct efi_map map = {.descriptors = NULL, .size = 0};
        efi_map_read(&map); /* fails by design, with the size needed */
        const size_t step =
            map.descriptor_size > sizeof(EFI_MEMORY_DESCRIPTOR) ? map.descriptor_size : sizeof(EFI_MEMORY_DESCRIPTOR);
        room = map.size + map.size / 4 + LEAVE_SLACK * step;
    }
    return room;
}

size_t firmware_memory_map_room(void)
{
    return firmware_efi_map_room() / sizeof(EFI_MEMORY_DESCRIPTOR);
}

/* The firmware may change its map until the last moment, even inside ExitBootServices, which then refuses the key: read
 * again into the same storage, allocating nothing. */
static EFI_STATUS exit_boot_services(struct efi_map *map, size_t room)
{
    EFI_STATUS status = EFI_ABORTED;
    for (unsigned i = 0; i < LEAVE_TRIES; i++) {
        map->size = room;
        status = efi_map_read(map);
        if (EFI_ERROR(status))
            return status;
        services.phase = SERVICES_LEAVING;
        status = efi_call(services.boot->ExitBootServices(services.image, map->key));
        if (!EFI_ERROR(status))
            return status;
    }
    return status;
}

enum status firmware_leave(struct memmap *map, struct boot_efi *efi, struct error *error)
{
    struct efi_map raw = {.descriptors = firmware_map(efi->memory_map_phys, efi->memory_map_size)};
    network_stop();
    const EFI_STATUS left = exit_boot_services(&raw, efi->memory_map_size);
    if (left == EFI_BUFFER_TOO_SMALL)
        return error_set(error, STATUS_MAP_TOO_BIG, "the final memory map has %llu bytes, the room for it %llu",
                         (unsigned long long)raw.size, (unsigned long long)efi->memory_map_size);
    if (EFI_ERROR(left))
        return error_set(error, STATUS_LEAVE_REFUSED, "ExitBootServices refused %u times: %s", LEAVE_TRIES,
                         efi_status_name(left));
    __asm__ volatile("cli" ::: "memory");
    services.phase = SERVICES_LEFT;
    efi->system_table_phys = (uintptr_t)services.system;
    efi->memory_map_size = raw.size;
    efi->descriptor_size = (uint32_t)raw.descriptor_size;
    efi->descriptor_version = raw.descriptor_version;
    return efi_map_add(&raw, false, map, error);
}
