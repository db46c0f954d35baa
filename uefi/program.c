/* Other applications: loaded from memory, given a command line and, as Linux looks for it, a ramdisk. */
#include "boot_device.h"
#include "services.h"
#include "volume.h"

#include "log.h"
#include "memory.h"
#include "text.h"
#include "utf.h"

struct load_file2 { /* what the firmware knows of it is its first field */
    EFI_STATUS(EFIAPI *load)(struct load_file2 *, EFI_DEVICE_PATH *, BOOLEAN, UINTN *, VOID *);
    const struct firmware_program *program;
};

struct initrd_path {
    VENDOR_DEVICE_PATH vendor;
    EFI_DEVICE_PATH end;
} __attribute__((packed));

static const EFI_GUID loaded_image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
static const EFI_GUID device_path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;

/* --- the ramdisk ------------------------------------------------------------------------------------------------- */

static EFI_STATUS EFIAPI load_ramdisk(struct load_file2 *this, EFI_DEVICE_PATH *path, BOOLEAN boot_policy, UINTN *size,
                                      VOID *buffer)
{
    struct error error;
    if (this == NULL || path == NULL || size == NULL)
        return EFI_INVALID_PARAMETER;
    if (boot_policy)
        return EFI_UNSUPPORTED;
    const struct firmware_program *program = this->program;
    const bool fits = buffer != NULL && *size >= program->ramdisk_size;
    *size = program->ramdisk_size;
    if (!fits)
        return EFI_BUFFER_TOO_SMALL;
    if (program->read_ramdisk(program->context, buffer, &error) == STATUS_OK)
        return EFI_SUCCESS;
    log_error("ramdisk: %s", error.text);
    return EFI_LOAD_ERROR;
}

_Static_assert(__builtin_types_compatible_p(__typeof__(&load_ramdisk),
                                            EFI_STATUS(__attribute__((ms_abi)) *)(struct load_file2 *,
                                                                                  EFI_DEVICE_PATH *, BOOLEAN, UINTN *,
                                                                                  VOID *)),
               "the firmware calls it by the Microsoft ABI");

static EFI_STATUS offer_ramdisk(const struct firmware_program *program)
{
    static struct initrd_path path = {
        .vendor = {{MEDIA_DEVICE_PATH, MEDIA_VENDOR_DP, {sizeof(VENDOR_DEVICE_PATH), 0}}, LINUX_INITRD_MEDIA_GUID},
        .end = {END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {sizeof(EFI_DEVICE_PATH), 0}},
    };
    static struct load_file2 load_file = {.load = load_ramdisk};
    EFI_GUID path_guid = device_path_guid, load_guid = LOAD_FILE2_GUID;
    EFI_HANDLE handle = NULL;
    if (program->ramdisk_size == 0)
        return EFI_SUCCESS;
    load_file.program = program;
    EFI_STATUS status =
        efi_call(services.boot->InstallProtocolInterface(&handle, &path_guid, EFI_NATIVE_INTERFACE, &path));
    if (!EFI_ERROR(status))
        status =
            efi_call(services.boot->InstallProtocolInterface(&handle, &load_guid, EFI_NATIVE_INTERFACE, &load_file));
    return status;
}

/* --- the application --------------------------------------------------------------------------------------------- */

/* The path that the application is told it comes from: that of our volume and, behind it, the file's. NULL: none. */
static EFI_DEVICE_PATH *make_path(const char *name)
{
    const uint8_t *volume = services_protocol(volume_device(), &device_path_guid);
    const uint64_t prefix = volume != NULL ? boot_device_path_size(volume) : 0, node = sizeof(EFI_DEVICE_PATH);
    const char *const end = name + text_length(name);
    const EFI_DEVICE_PATH last = {END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {sizeof last, 0}};
    if (prefix == 0)
        return NULL;
    uint8_t *path = services_allocate(prefix + 2 * node + 2 * ((uint64_t)(end - name) + 1));
    if (path == NULL)
        return NULL;
    memcpy(path, volume, prefix);
    uint64_t size = node;
    uint32_t character;
    uint16_t units[2];
    while (name < end && utf8_take(&name, end, &character)) {
        const uint32_t count = utf16_put(character == '/' ? '\\' : character, units);
        memcpy(path + prefix + size, units, count * sizeof units[0]);
        size += count * sizeof units[0];
    }
    memset(path + prefix + size, 0, sizeof units[0]);
    size += sizeof units[0];
    const EFI_DEVICE_PATH head = {MEDIA_DEVICE_PATH, MEDIA_FILEPATH_DP, {(UINT8)size, (UINT8)(size >> 8)}};
    memcpy(path + prefix, &head, node);
    memcpy(path + prefix + size, &last, sizeof last);
    return (EFI_DEVICE_PATH *)(void *)path;
}

static EFI_STATUS give_command_line(EFI_HANDLE image, const struct firmware_program *program)
{
    EFI_LOADED_IMAGE *loaded = services_protocol(image, &loaded_image_guid);
    const char *text = program->command_line, *end = text + program->command_line_size;
    uint16_t *options = services_allocate(2 * (program->command_line_size + 1ull));
    uint32_t count = 0, character;
    if (loaded == NULL || options == NULL)
        return EFI_OUT_OF_RESOURCES;
    while (text < end && utf8_take(&text, end, &character))
        count += utf16_put(character, options + count);
    options[count++] = 0;
    loaded->LoadOptions = options;
    loaded->LoadOptionsSize = count * 2;
    return EFI_SUCCESS;
}

static enum status refuse(const struct firmware_program *program, const char *call, EFI_STATUS status,
                          struct error *error)
{
    const bool secure = status == EFI_SECURITY_VIOLATION || status == EFI_ACCESS_DENIED;
    return error_set(error, STATUS_PROGRAM_REFUSED, "%s: %s says %s%s", program->path, call, efi_status_name(status),
                     secure ? ": Secure Boot is on and does not trust it" : "");
}

enum status firmware_start_program(const struct firmware_program *program, struct error *error)
{
    EFI_HANDLE image = NULL;
    EFI_STATUS status = efi_call(services.boot->LoadImage(FALSE, services.image, make_path(program->path),
                                                          (VOID *)(uintptr_t)program->image, program->size, &image));
    if (EFI_ERROR(status))
        return refuse(program, "LoadImage", status, error);
    status = give_command_line(image, program);
    if (!EFI_ERROR(status))
        status = offer_ramdisk(program);
    if (EFI_ERROR(status))
        return refuse(program, "the firmware", status, error);
    status = efi_call(services.boot->StartImage(image, NULL, NULL));
    return error_set(error, STATUS_PROGRAM_RETURNED, "%s came back with %s", program->path, efi_status_name(status));
}
