#include "volume.h"

#include "network.h"

static const EFI_GUID loaded_image_guid = EFI_LOADED_IMAGE_PROTOCOL_GUID;
static const EFI_GUID file_system_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;

static struct {
    EFI_HANDLE device;
    EFI_FILE_IO_INTERFACE *file_system;
    bool is_network; /* net_files.h has the files instead */
} volume;

EFI_HANDLE volume_device(void)
{
    return volume.device;
}

bool volume_is_network(void)
{
    return volume.is_network;
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
    volume.is_network = network_is_source(volume.device);
    if (volume.is_network)
        return network_start(volume.device, error);
    volume.file_system = services_protocol(volume.device, &file_system_guid);
    if (volume.file_system == NULL)
        return error_set(
            error, STATUS_NO_BOOT_VOLUME,
            "the device that the loader was started from has neither a file system nor PXE: start it from a FAT "
            "volume, or by PXE");
    EFI_FILE_HANDLE root;
    const enum status status = volume_root(&root, error);
    if (status == STATUS_OK)
        efi_call(root->Close(root));
    return status;
}
