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
    static const char names[][25] = {
        "EFI_SUCCESS",          "EFI_LOAD_ERROR",           "EFI_INVALID_PARAMETER",
        "EFI_UNSUPPORTED",      "EFI_BAD_BUFFER_SIZE",      "EFI_BUFFER_TOO_SMALL",
        "EFI_NOT_READY",        "EFI_DEVICE_ERROR",         "EFI_WRITE_PROTECTED",
        "EFI_OUT_OF_RESOURCES", "EFI_VOLUME_CORRUPTED",     "EFI_VOLUME_FULL",
        "EFI_NO_MEDIA",         "EFI_MEDIA_CHANGED",        "EFI_NOT_FOUND",
        "EFI_ACCESS_DENIED",    "EFI_NO_RESPONSE",          "EFI_NO_MAPPING",
        "EFI_TIMEOUT",          "EFI_NOT_STARTED",          "EFI_ALREADY_STARTED",
        "EFI_ABORTED",          "EFI_ICMP_ERROR",           "EFI_TFTP_ERROR",
        "EFI_PROTOCOL_ERROR",   "EFI_INCOMPATIBLE_VERSION", "EFI_SECURITY_VIOLATION",
        "EFI_CRC_ERROR",        "EFI_END_OF_MEDIA",         "an unknown EFI error",
        "an unknown EFI error", "EFI_END_OF_FILE",
    };
    const uint64_t error_bit = 1ull << 63;
    const uint64_t code = status & ~error_bit;
    if ((code != 0) != ((status & error_bit) != 0) || code >= sizeof names / sizeof names[0])
        return "an unknown EFI error";
    return names[code];
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
