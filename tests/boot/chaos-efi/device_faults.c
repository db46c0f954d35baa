/* Faults of displays, tables, consoles, and of what the firmware says about the loader's image. */
#include "chaos.h"

#include "memory.h"
#include "ports.h"

#define EDID_SIZE 128u
#define EXIT_PORT 0xf4u
#define EXIT_SUCCESS 0x10u
#define SMALL_FRAMEBUFFER 4096u
#define PITCH_LIE 64u

static const EFI_GUID gop_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID, acpi2_guid = ACPI_20_TABLE_GUID;
static EFI_GUID edid_guid = EFI_EDID_ACTIVE_PROTOCOL_GUID;

/* --- displays ---------------------------------------------------------------------------------------------------- */

static EFI_STATUS EFIAPI no_gop(EFI_LOCATE_SEARCH_TYPE how, EFI_GUID *protocol, VOID *key, UINTN *count,
                                EFI_HANDLE **handles)
{
    if (how == ByProtocol && chaos_same_guid(protocol, &gop_guid))
        return EFI_NOT_FOUND;
    return chaos.real.LocateHandleBuffer(how, protocol, key, count, handles);
}

/* A display that likes 1024x768 best: the fields that matter, and a checksum that is right. */
static void install_edid(EFI_HANDLE handle)
{
    static const uint8_t header[] = {0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00};
    static const uint8_t timing[] = {0x64, 0x19, 0x00, 0x40, 0x41, 0x00, 0x26, 0x30, 0x18,
                                     0x88, 0x36, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x18};
    static uint8_t edid[EDID_SIZE];
    static EFI_EDID_ACTIVE_PROTOCOL protocol = {.SizeOfEdid = EDID_SIZE, .Edid = edid};
    uint8_t sum = 0;
    memset(edid, 0, sizeof edid);
    memcpy(edid, header, sizeof header);
    edid[18] = 1; /* version 1.4 */
    edid[19] = 4;
    edid[24] = 0x02; /* the first timing is the preferred one */
    memcpy(edid + 54, timing, sizeof timing);
    for (unsigned i = 0; i < EDID_SIZE - 1; i++)
        sum = (uint8_t)(sum + edid[i]);
    edid[EDID_SIZE - 1] = (uint8_t)-sum;
    chaos.real.InstallProtocolInterface(&handle, &edid_guid, EFI_NATIVE_INTERFACE, &protocol);
}

static EFI_GRAPHICS_OUTPUT_PROTOCOL_QUERY_MODE real_query;

/* The list's pitch is a lie; the one after SetMode is right. */
static EFI_STATUS EFIAPI lying_query(EFI_GRAPHICS_OUTPUT_PROTOCOL *this, UINT32 mode, UINTN *size,
                                     EFI_GRAPHICS_OUTPUT_MODE_INFORMATION **information)
{
    const EFI_STATUS status = real_query(this, mode, size, information);
    if (!EFI_ERROR(status))
        (*information)->PixelsPerScanLine += PITCH_LIE;
    return status;
}

static EFI_STATUS EFIAPI refuse_text(SIMPLE_TEXT_OUTPUT_INTERFACE *this, CHAR16 *text)
{
    (void)this;
    (void)text;
    return EFI_DEVICE_ERROR;
}

static EFI_STATUS EFIAPI end_in_success(SIMPLE_TEXT_OUTPUT_INTERFACE *this, CHAR16 *text)
{
    (void)this;
    (void)text;
    port_out8(EXIT_PORT, EXIT_SUCCESS);
    return EFI_SUCCESS;
}

/* The display takes no text; who then asks for the console of all devices has done right. */
static void refuse_text_on(EFI_HANDLE handle)
{
    EFI_GUID guid = EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL_GUID;
    VOID *console;
    if (EFI_ERROR(chaos.real.HandleProtocol(handle, &guid, &console)))
        return;
    ((SIMPLE_TEXT_OUTPUT_INTERFACE *)console)->OutputString = refuse_text;
    chaos.system->ConOut->OutputString = end_in_success;
}

static void patch_display(EFI_HANDLE handle, EFI_GRAPHICS_OUTPUT_PROTOCOL *gop)
{
    if (chaos_wants("text-fails"))
        refuse_text_on(handle);
    if (chaos_wants("edid"))
        install_edid(handle);
    if (chaos_wants("framebuffer-small"))
        gop->Mode->FrameBufferSize = SMALL_FRAMEBUFFER;
    if (chaos_wants("framebuffer-zero"))
        gop->Mode->FrameBufferBase = 0;
    if (chaos_wants("pitch-lies") && gop->QueryMode != lying_query) {
        real_query = gop->QueryMode;
        gop->QueryMode = lying_query;
    }
}

void chaos_patch_displays(void)
{
    EFI_GUID guid = gop_guid;
    EFI_HANDLE *handles = NULL;
    UINTN count = 0;
    if (chaos_wants("no-gop"))
        chaos.boot->LocateHandleBuffer = no_gop;
    if (EFI_ERROR(chaos.real.LocateHandleBuffer(ByProtocol, &guid, NULL, &count, &handles)))
        return;
    for (UINTN i = 0; i < count; i++) {
        EFI_GUID path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
        VOID *gop, *path;
        /* The real display, not the console's. */
        if (!EFI_ERROR(chaos.real.HandleProtocol(handles[i], &path_guid, &path)) &&
            !EFI_ERROR(chaos.real.HandleProtocol(handles[i], &guid, &gop)))
            patch_display(handles[i], gop);
    }
}

/* --- tables and consoles ----------------------------------------------------------------------------------------- */

void chaos_patch_tables(void)
{
    EFI_SYSTEM_TABLE *system = chaos.system;
    if (chaos_wants("acpi-1")) {
        for (UINTN i = 0; i < system->NumberOfTableEntries; i++) {
            if (chaos_same_guid(&system->ConfigurationTable[i].VendorGuid, &acpi2_guid))
                system->ConfigurationTable[i].VendorGuid.Data1++;
        }
    }
    if (chaos_wants("no-console")) {
        system->ConIn = NULL;
        system->ConOut = NULL;
        system->StdErr = NULL;
        system->ConsoleInHandle = system->ConsoleOutHandle = system->StandardErrorHandle = NULL;
    }
}

/* --- the loader's image ------------------------------------------------------------------------------------------ */

void chaos_patch_image(EFI_LOADED_IMAGE_PROTOCOL *loader)
{
    static uint8_t options[0x57];
    if (chaos_wants("high"))
        chaos_say((uintptr_t)loader->ImageBase >> 32 != 0 ? "image above 4 GiB" : "VIOLATION image below 4 GiB");
    if (chaos_wants("no-device"))
        loader->DeviceHandle = NULL;
    if (chaos_wants("no-volume"))
        loader->DeviceHandle = chaos.image;
    if (chaos_wants("load-options")) {
        memset(options, 0xd8, sizeof options); /* unpaired surrogates, no end, an odd size at an odd address */
        loader->LoadOptions = options + 1;
        loader->LoadOptionsSize = sizeof options - 2;
    }
}
