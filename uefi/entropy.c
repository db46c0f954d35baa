/* The firmware's random number generator, in whatever algorithm it prefers (UEFI 2.10, 37.5). */
#include "services.h"

size_t firmware_random(uint8_t *bytes, size_t size)
{
    EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
    VOID *found = NULL;
    if (EFI_ERROR(efi_call(services.boot->LocateProtocol(&guid, NULL, &found))) || found == NULL)
        return 0;
    EFI_RNG_PROTOCOL *generator = found;
    return EFI_ERROR(efi_call(generator->GetRNG(generator, NULL, size, bytes))) ? 0 : size;
}
