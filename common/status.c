#include "status.h"

const char *status_remedy(enum status status)
{
    switch (status) {
    case STATUS_DISK_SHORT:
    case STATUS_GPT_BAD:
    case STATUS_MBR_BAD:
    case STATUS_FAT_BAD:
    case STATUS_FAT_CHAIN:
    case STATUS_FILE_SHORT:
        return "write the whole image to the disk again";
    case STATUS_PACKED_BAD:
        return "write the image, or the boot directory, again";
    case STATUS_FILE_NOT_FOUND:
    case STATUS_NOT_A_FILE:
    case STATUS_PATH_BAD:
    case STATUS_MODULE_MISSING:
        return "check the paths in /stagecoach.conf";
    default:
        return "";
    }
}
