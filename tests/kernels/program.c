/* A UEFI application that says how it was started: "PROGRAM options=[...] path=[...]", its load options and the path of
 * its own file on the volume. Ends the machine with success, unless the options are "return". */
#include "efi_abi.h"
#include "ports.h"

#define EXIT_PORT 0xf4u
#define SUCCESS 0x10u

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static void say(EFI_SYSTEM_TABLE *system, const CHAR16 *text)
{
    system->ConOut->OutputString(system->ConOut, (CHAR16 *)(UINTN)text);
}

static const CHAR16 *path_of(const EFI_LOADED_IMAGE *loaded)
{
    const EFI_DEVICE_PATH *node = loaded->FilePath;
    if (node == NULL || loaded->DeviceHandle == NULL || node->Type != MEDIA_DEVICE_PATH ||
        node->SubType != MEDIA_FILEPATH_DP)
        return u"none";
    return (const CHAR16 *)(const void *)(node + 1);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    EFI_GUID guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
    EFI_LOADED_IMAGE *loaded = NULL;
    if (EFI_ERROR(system->BootServices->HandleProtocol(image, &guid, (VOID **)&loaded)))
        return EFI_UNSUPPORTED;
    const CHAR16 *options = loaded->LoadOptionsSize != 0 ? loaded->LoadOptions : u"";
    say(system, u"PROGRAM options=[");
    say(system, options);
    say(system, u"] path=[");
    say(system, path_of(loaded));
    say(system, u"]\r\n");
    if (options[0] == 'r')
        return EFI_SUCCESS;
    port_out8(EXIT_PORT, SUCCESS);
    for (;;)
        __asm__ volatile("hlt");
}
