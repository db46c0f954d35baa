/* The door's threshold: gnu-efi's start code has relocated the image and calls efi_main by the System V ABI. */
#include "boot.h"
#include "identity.h"
#include "services.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    struct error error;
    identity_start();
    services_start(image, system);
    boot(&error); /* comes back only with a reason */
    boot_fail(&error);
}
