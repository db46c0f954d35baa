#include "scratch.h"

#include "checked.h"
#include "firmware.h"

enum status scratch_take(struct frames *frames, uint64_t size, const char *what, void **memory, struct error *error)
{
    uint64_t bytes, phys;
    if (!align_up_ok(size, PAGE_SIZE, &bytes))
        return error_set(error, STATUS_OUT_OF_MEMORY, "%s: %llu bytes are more than any machine has", what,
                         (unsigned long long)size);
    struct frames_wish wish = {
        .pages = bytes / PAGE_SIZE, .alignment = PAGE_SIZE, .type = BOOT_MEMORY_USABLE, .what = what};
    enum status status = frames_take(frames, &wish, &phys, error);
    if (status == STATUS_OK)
        *memory = firmware_map(phys, bytes);
    return status;
}
