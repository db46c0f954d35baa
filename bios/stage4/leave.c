/* The end of common/firmware.h: a BIOS need not be told, but a network card. */
#include "firmware.h"
#include "identity.h"
#include "memory_map.h"
#include "network.h"

size_t firmware_efi_map_room(void)
{
    return 0;
}

enum status firmware_leave(struct memmap *map, struct boot_efi *efi, struct error *error)
{
    *efi = (struct boot_efi){0};
    if (identity_is_network())
        network_stop();
    return memory_map_final(map, error);
}
