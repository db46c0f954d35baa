#include "chaos.h"

#include "memory.h"
#include "ports.h"
#include "serial.h"

#define LOADER_MAX (1u << 20)
#define WATCHDOG_SECONDS 2
#define WATCHDOG_CODE 0x1ffff
#define PVPANIC_PORT 0x505
#define PVPANIC_PANICKED 1

struct chaos chaos;

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

static const EFI_GUID loaded_image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
static const EFI_GUID file_system_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;

void chaos_say(const char *text)
{
    static const char before[] = "CHAOS ", after[] = "\n";
    size_t size = 0;
    while (text[size] != '\0')
        size++;
    void (*const sinks[])(const char *, size_t) = {serial_write, debugcon_write};
    for (size_t i = 0; i < 2; i++) {
        sinks[i](before, sizeof before - 1);
        sinks[i](text, size);
        sinks[i](after, 1);
    }
}

bool chaos_wants(const char *name)
{
    for (const char *word = chaos.wishes; *word != '\0';) {
        size_t i = 0;
        while (name[i] != '\0' && word[i] == name[i])
            i++;
        if (name[i] == '\0' && (word[i] == '\0' || word[i] == ' '))
            return true;
        while (*word != '\0' && *word++ != ' ')
            continue;
    }
    return false;
}

bool chaos_same_guid(const EFI_GUID *one, const EFI_GUID *other)
{
    return memcmp(one, other, sizeof *one) == 0;
}

static void *protocol(EFI_HANDLE handle, const EFI_GUID *guid)
{
    EFI_GUID copy = *guid;
    VOID *interface = NULL;
    return EFI_ERROR(chaos.boot->HandleProtocol(handle, &copy, &interface)) ? NULL : interface;
}

/* Reads a file of the own volume; 0 if that fails. */
static UINTN read_file(CHAR16 *name, void *to, UINTN size)
{
    EFI_FILE_IO_INTERFACE *volume = protocol(chaos.device, &file_system_guid);
    EFI_FILE_HANDLE root, file;
    if (volume == NULL || EFI_ERROR(volume->OpenVolume(volume, &root)) ||
        EFI_ERROR(root->Open(root, &file, name, EFI_FILE_MODE_READ, 0)) || EFI_ERROR(file->Read(file, &size, to)))
        return 0;
    file->Close(file);
    root->Close(root);
    return size;
}

static EFI_HANDLE load(EFI_LOADED_IMAGE_PROTOCOL **loaded)
{
    static CHAR16 name[] = u"\\EFI\\BOOT\\LOADER.EFI";
    EFI_HANDLE handle = NULL;
    VOID *bytes = NULL;
    chaos.boot->AllocatePool(EfiLoaderData, LOADER_MAX, &bytes);
    const UINTN size = read_file(name, bytes, LOADER_MAX);
    chaos_hide_low_memory();
    const EFI_STATUS status = chaos.boot->LoadImage(FALSE, chaos.image, NULL, bytes, size, &handle);
    chaos_show_low_memory();
    chaos.boot->FreePool(bytes);
    if (EFI_ERROR(status))
        return NULL;
    *loaded = protocol(handle, &loaded_image_guid);
    (*loaded)->DeviceHandle = chaos.device; /* a load from memory knows none */
    return handle;
}

static void read_wishes(void)
{
    static CHAR16 name[] = u"\\chaos.txt";
    const UINTN size = read_file(name, chaos.wishes, sizeof chaos.wishes - 1);
    for (UINTN i = 0; i < size; i++) {
        if (chaos.wishes[i] == '\n' || chaos.wishes[i] == '\r')
            chaos.wishes[i] = ' ';
    }
    chaos_say(chaos.wishes);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    EFI_LOADED_IMAGE_PROTOCOL *own, *loaded = NULL;
    chaos.image = image;
    chaos.system = system;
    chaos.boot = system->BootServices;
    serial_start();
    own = protocol(image, &loaded_image_guid);
    chaos.device = own->DeviceHandle;
    read_wishes();
    const EFI_HANDLE loader = load(&loaded);
    if (loader == NULL) {
        chaos_say("VIOLATION the firmware does not load the loader");
        return EFI_LOAD_ERROR;
    }
    if (chaos_wants("pause")) { /* of the machine, by QEMU; a firmware without a fault */
        port_out8(PVPANIC_PORT, PVPANIC_PANICKED);
        return chaos.boot->StartImage(loader, NULL, NULL);
    }
    chaos.real = *chaos.boot;
    chaos_patch_memory();
    chaos_patch_files();
    chaos_patch_displays();
    chaos_patch_tables();
    chaos_patch_image(loaded);
    if (chaos_wants("watchdog"))
        chaos.real.SetWatchdogTimer(WATCHDOG_SECONDS, WATCHDOG_CODE, 0, NULL);
    chaos.boot->StartImage(loader, NULL, NULL);
    chaos_say("VIOLATION the loader came back");
    return EFI_ABORTED;
}
