/* The volume that the loader was started from: a file system, or a boot server. */
#ifndef STAGECOACH_UEFI_VOLUME_H
#define STAGECOACH_UEFI_VOLUME_H

#include "services.h"

/* Finds the device of the running image and checks that its file system opens. */
enum status volume_start(struct error *error);

/* Files are on a boot server (net_files.h), and there is no root directory; after volume_start(). */
bool volume_is_network(void);

/* The device's handle; after volume_start(). */
EFI_HANDLE volume_device(void);

/* Opens the volume's root directory anew; the caller closes it. */
enum status volume_root(EFI_FILE_HANDLE *root, struct error *error);

#endif
