#include "status.h"

#include <stddef.h>
#include <stdint.h>

/* Texts one after another, found by their distance from the first: a pointer to each would cost the UEFI application,
 * which is relocated, ten times as much. */
static const struct {
#define STATUS_ROOM(name, number, text) char name[sizeof(text)];
    STATUS_LIST(STATUS_ROOM)
#undef STATUS_ROOM
} texts = {
#define STATUS_TEXT(name, number, text) text,
    STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
};

const char *status_text(enum status status)
{
    static const struct {
        uint16_t status, at;
    } places[] = {
#define STATUS_PLACE(name, number, text) {STATUS_##name, offsetof(__typeof__(texts), name)},
        STATUS_LIST(STATUS_PLACE)
#undef STATUS_PLACE
    };
    _Static_assert(sizeof texts <= UINT16_MAX, "the distances have 16 bits");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (places[i].status == status)
            return (const char *)&texts + places[i].at;
    return "unknown status";
}

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
