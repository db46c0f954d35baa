#include "services.h"

struct services services;

void services_start(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    services.image = image;
    services.system = system;
    services.boot = system->BootServices;
}

enum status services_check(struct error *error)
{
    /* The check value of CRC-32: a call with wrong arguments can't produce it by chance. */
    static char digits[] = "123456789";
    const UINT32 expected = 0xcbf43926u;
    UINT32 crc = 0;
    EFI_STATUS status = efi_call(services.boot->CalculateCrc32(digits, sizeof digits - 1, &crc));
    if (EFI_ERROR(status) || crc != expected)
        return error_set(
            error, STATUS_FIRMWARE_CALL,
            "CalculateCrc32 answers %#x instead of %#x (%s): firmware and loader don't agree on how to call", crc,
            expected, efi_status_name(status));
    /* The firmware resets the machine 5 minutes after it started us; a kernel may take longer to be read from a slow
     * medium. Refusal is harmless: there may be no watchdog. */
    efi_call(services.boot->SetWatchdogTimer(0, 0, 0, NULL));
    return STATUS_OK;
}

const char *efi_status_name(EFI_STATUS status)
{
    /* Number 0 first, each up to its NUL; empty: no such code. */
    static const char names[] =
        "EFI_SUCCESS\0EFI_LOAD_ERROR\0EFI_INVALID_PARAMETER\0EFI_UNSUPPORTED\0EFI_BAD_BUFFER_SIZE\0"
        "EFI_BUFFER_TOO_SMALL\0EFI_NOT_READY\0EFI_DEVICE_ERROR\0EFI_WRITE_PROTECTED\0EFI_OUT_OF_RESOURCES\0"
        "EFI_VOLUME_CORRUPTED\0EFI_VOLUME_FULL\0EFI_NO_MEDIA\0EFI_MEDIA_CHANGED\0EFI_NOT_FOUND\0"
        "EFI_ACCESS_DENIED\0EFI_NO_RESPONSE\0EFI_NO_MAPPING\0EFI_TIMEOUT\0EFI_NOT_STARTED\0"
        "EFI_ALREADY_STARTED\0EFI_ABORTED\0EFI_ICMP_ERROR\0EFI_TFTP_ERROR\0EFI_PROTOCOL_ERROR\0"
        "EFI_INCOMPATIBLE_VERSION\0EFI_SECURITY_VIOLATION\0EFI_CRC_ERROR\0EFI_END_OF_MEDIA\0\0\0EFI_END_OF_FILE";
    const uint64_t error_bit = 1ull << 63, code = status & ~error_bit;
    const char *name = names, *const end = names + sizeof names;
    for (uint64_t left = code; left > 0 && name < end; left--)
        while (*name++ != '\0')
            continue;
    if ((code != 0) == EFI_ERROR(status) && name < end && *name != '\0')
        return name;
    return "an unknown EFI error";
}

void *services_protocol(EFI_HANDLE handle, const EFI_GUID *protocol)
{
    EFI_GUID guid = *protocol; /* the prototype is not const */
    VOID *interface = NULL;
    if (handle == NULL || EFI_ERROR(efi_call(services.boot->HandleProtocol(handle, &guid, &interface))))
        return NULL;
    return interface;
}

void *services_allocate(uint64_t size)
{
    VOID *memory = NULL;
    if (EFI_ERROR(efi_call(services.boot->AllocatePool(EfiLoaderData, size, &memory))))
        return NULL;
    return memory;
}

void services_free(void *memory)
{
    if (memory != NULL)
        efi_call(services.boot->FreePool(memory));
}
