#include "scratch.h"

#include "firmware.h"

enum status scratch_take(struct frames *frames, uint64_t size, const char *what, void **memory, struct error *error)
{
    uint64_t phys;
    enum status status = frames_take_pages(frames, size, 0, BOOT_MEMORY_USABLE, what, &phys, error);
    if (status == STATUS_OK)
        *memory = firmware_map(phys, size);
    return status;
}
