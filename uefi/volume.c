#include "volume.h"

static const EFI_GUID loaded_image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
static const EFI_GUID file_system_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;

static struct {
    EFI_HANDLE device;
    EFI_FILE_IO_INTERFACE *file_system;
} volume;

EFI_HANDLE volume_device(void)
{
    return volume.device;
}

enum status volume_root(EFI_FILE_HANDLE *root, struct error *error)
{
    EFI_FILE_HANDLE handle = NULL;
    const EFI_STATUS status = efi_call(volume.file_system->OpenVolume(volume.file_system, &handle));
    if (EFI_ERROR(status) || handle == NULL)
        return error_set(error, STATUS_NO_BOOT_VOLUME, "the boot volume's root directory can't be opened: %s",
                         efi_status_name(status));
    *root = handle;
    return STATUS_OK;
}

enum status volume_start(struct error *error)
{
    const EFI_LOADED_IMAGE *image = services_protocol(services.image, &loaded_image_guid);
    if (image == NULL || image->DeviceHandle == NULL)
        return error_set(error, STATUS_NO_BOOT_VOLUME,
                         "the firmware doesn't say which device the loader was started from; start it from a disk");
    volume.device = image->DeviceHandle;
    volume.file_system = services_protocol(volume.device, &file_system_guid);
    if (volume.file_system == NULL)
        return error_set(error, STATUS_NO_BOOT_VOLUME,
                         "the device that the loader was started from has no file system; start it from a FAT volume");
    EFI_FILE_HANDLE root;
    const enum status status = volume_root(&root, error);
    if (status == STATUS_OK)
        efi_call(root->Close(root));
    return status;
}
