/* A UEFI application that says how it was started, on COM1 and port E9:
 *
 *   PROGRAM options=[LOAD OPTIONS] path=[FILE PATH] file=SIZE ramdisk=SIZE:FNV
 *
 * `file` is its own file, opened by that path on the device it was loaded from; the ramdisk is what Linux would get, by
 * LoadFile2, with its 32-bit FNV-1a hash. "none" stands for what there is not. Ends the machine with success, unless
 * the options begin with "return": it does that. */
#include "efi_abi.h"
#include "ports.h"

#include <stagecoach/print.h>

#define EXIT_PORT 0xf4u
#define SUCCESS 0x10u
#define TEXT_MAX 256u
#define ASCII_END 0x7fu

struct load_file {
    EFI_STATUS(EFIAPI *load)(struct load_file *, EFI_DEVICE_PATH *, BOOLEAN, UINTN *, VOID *);
};

struct initrd_path {
    VENDOR_DEVICE_PATH vendor;
    EFI_DEVICE_PATH end;
} __attribute__((packed));

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static EFI_BOOT_SERVICES *services;

static void *protocol(EFI_HANDLE handle, EFI_GUID guid)
{
    VOID *interface = NULL;
    if (handle == NULL || EFI_ERROR(services->HandleProtocol(handle, &guid, &interface)))
        return NULL;
    return interface;
}

/* --- texts ------------------------------------------------------------------------------------------------------- */

/* What is not ASCII is shown as '?'. */
static const char *narrow(const CHAR16 *text, UINTN count)
{
    static char narrow[TEXT_MAX];
    UINTN i = 0;
    for (; i < count && i < TEXT_MAX - 1 && text[i] != 0; i++)
        narrow[i] = text[i] < ASCII_END ? (char)text[i] : '?';
    narrow[i] = '\0';
    return narrow;
}

static const CHAR16 *path_of(const EFI_LOADED_IMAGE *loaded)
{
    const EFI_DEVICE_PATH *node = loaded->FilePath;
    if (node == NULL || node->Type != MEDIA_DEVICE_PATH || node->SubType != MEDIA_FILEPATH_DP)
        return NULL;
    return (const CHAR16 *)(const void *)(node + 1);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

static void show_file(const EFI_LOADED_IMAGE *loaded)
{
    EFI_FILE_IO_INTERFACE *volume = protocol(loaded->DeviceHandle, (EFI_GUID)EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID);
    const CHAR16 *path = path_of(loaded);
    EFI_FILE_HANDLE root = NULL, file = NULL;
    const UINT64 end = UINT64_MAX;
    UINT64 size = 0;
    if (volume == NULL || path == NULL || EFI_ERROR(volume->OpenVolume(volume, &root)) ||
        EFI_ERROR(root->Open(root, &file, (CHAR16 *)(UINTN)path, EFI_FILE_MODE_READ, 0)) ||
        EFI_ERROR(file->SetPosition(file, end)) || EFI_ERROR(file->GetPosition(file, &size)))
        boot_print(" file=none");
    else
        boot_print(" file=%llu", (unsigned long long)size);
}

static uint32_t fnv1a(const uint8_t *bytes, UINTN size)
{
    uint32_t sum = 0x811c9dc5u;
    for (UINTN i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * 0x01000193u;
    return sum;
}

/* As Linux's EFI stub does: the size first, then the bytes. */
static void show_ramdisk(void)
{
    static struct initrd_path wanted = {
        .vendor = {{MEDIA_DEVICE_PATH, MEDIA_VENDOR_DP, {sizeof(VENDOR_DEVICE_PATH), 0}}, LINUX_INITRD_MEDIA_GUID},
        .end = {END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {sizeof(EFI_DEVICE_PATH), 0}},
    };
    EFI_GUID guid = LOAD_FILE2_GUID;
    EFI_DEVICE_PATH *path = &wanted.vendor.Header;
    EFI_HANDLE handle = NULL;
    UINTN size = 0;
    VOID *bytes = NULL;
    struct load_file *file = NULL;
    if (!EFI_ERROR(services->LocateDevicePath(&guid, &path, &handle)))
        file = protocol(handle, guid);
    if (file == NULL || file->load(file, path, FALSE, &size, NULL) != EFI_BUFFER_TOO_SMALL ||
        EFI_ERROR(services->AllocatePool(EfiLoaderData, size, &bytes)) ||
        EFI_ERROR(file->load(file, path, FALSE, &size, bytes)))
        boot_print(" ramdisk=none\n");
    else
        boot_print(" ramdisk=%llu:%08x\n", (unsigned long long)size, fnv1a(bytes, size));
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    services = system->BootServices;
    const EFI_LOADED_IMAGE *loaded = protocol(image, (EFI_GUID)EFI_LOADED_IMAGE_PROTOCOL_GUID);
    if (loaded == NULL)
        return EFI_UNSUPPORTED;
    const CHAR16 *options = loaded->LoadOptionsSize != 0 ? loaded->LoadOptions : u"", *path = path_of(loaded);
    boot_print("PROGRAM options=[%s]", narrow(options, loaded->LoadOptionsSize / sizeof *options));
    boot_print(" path=[%s]", path != NULL ? narrow(path, TEXT_MAX) : "none");
    show_file(loaded);
    show_ramdisk();
    if (options[0] == 'r')
        return EFI_SUCCESS;
    port_out8(EXIT_PORT, SUCCESS);
    for (;;)
        __asm__ volatile("hlt");
}
