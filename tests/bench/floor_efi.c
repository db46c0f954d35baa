/* The least that UEFI firmware needs to bring a file into memory: one Read of \payload.bin into pages of its size.
 * Tells the time-stamp counter on port E9, leaves the firmware, tells when that was done, and ends the machine:
 *
 *   BENCH floor START READ
 *   BENCH left LEFT
 */
#include "ports.h"

#include <efi.h>
#include <stdint.h>

#define DEBUG_PORT 0xe9u
#define EXIT_PORT 0xf4u
#define SUCCESS 0x10u
#define FAILURE 0x11u
#define PAGE 4096u
#define INFO_ROOM 512u
#define MAP_ROOM 65536u

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static uint64_t tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static void print(const char *text)
{
    while (*text != '\0')
        port_out8(DEBUG_PORT, (uint8_t)*text++);
}

static void print_hex(uint64_t value)
{
    for (unsigned shift = 64; shift > 0; shift -= 4)
        port_out8(DEBUG_PORT, (uint8_t) "0123456789abcdef"[value >> (shift - 4) & 15]);
    print(" ");
}

static _Noreturn void end(uint8_t value)
{
    port_out8(EXIT_PORT, value);
    for (;;)
        __asm__ volatile("hlt");
}

/* The memory map may change while it is read: its key is then refused once. */
static void leave(EFI_HANDLE image, EFI_BOOT_SERVICES *boot)
{
    static uint8_t map[MAP_ROOM];
    EFI_STATUS status = EFI_INVALID_PARAMETER;
    for (unsigned i = 0; i < 2 && EFI_ERROR(status); i++) {
        UINTN size = sizeof map, key, descriptor_size;
        UINT32 version;
        if (EFI_ERROR(
                boot->GetMemoryMap(&size, (EFI_MEMORY_DESCRIPTOR *)(void *)map, &key, &descriptor_size, &version)))
            end(FAILURE);
        status = boot->ExitBootServices(image, key);
    }
    if (EFI_ERROR(status))
        end(FAILURE);
}

static void check(EFI_STATUS status)
{
    if (EFI_ERROR(status))
        end(FAILURE);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    EFI_GUID image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID, files_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
    EFI_GUID info_guid = EFI_FILE_INFO_ID;
    EFI_BOOT_SERVICES *boot = system->BootServices;
    EFI_LOADED_IMAGE *loaded;
    EFI_FILE_IO_INTERFACE *volume;
    EFI_FILE_HANDLE root, file;
    EFI_PHYSICAL_ADDRESS to;
    union {
        EFI_FILE_INFO info;
        uint8_t room[INFO_ROOM];
    } info;
    UINTN room = sizeof info, size;

    const uint64_t start = tsc();
    check(boot->HandleProtocol(image, &image_guid, (void **)&loaded));
    check(boot->HandleProtocol(loaded->DeviceHandle, &files_guid, (void **)&volume));
    check(volume->OpenVolume(volume, &root));
    check(root->Open(root, &file, (CHAR16 *)u"\\payload.bin", EFI_FILE_MODE_READ, 0));
    check(file->GetInfo(file, &info_guid, &room, &info));
    size = info.info.FileSize;
    check(boot->AllocatePages(AllocateAnyPages, EfiLoaderData, (size + PAGE - 1) / PAGE, &to));
    check(file->Read(file, &size, (void *)(uintptr_t)to));
    const uint64_t end_of_read = tsc();
    leave(image, boot);
    const uint64_t left = tsc();
    print("\nBENCH floor ");
    print_hex(start);
    print_hex(end_of_read);
    print("\nBENCH left ");
    print_hex(left);
    print("\n");
    end(SUCCESS);
}
