#include "scratch.h"

#include "checked.h"
#include "firmware.h"

/* At the end of what is below 4 GiB, if there is room: the start is where kernels were linked for. */
static enum status take_high(struct frames *frames, uint64_t size, const char *what, uint64_t *phys,
                             struct error *error)
{
    const struct frames_wish wish = {.pages = size / PAGE_SIZE + (size % PAGE_SIZE != 0 ? 1 : 0),
                                     .alignment = PAGE_SIZE,
                                     .below = 4 * SIZE_1G,
                                     .highest = true,
                                     .type = BOOT_MEMORY_USABLE,
                                     .what = what};
    return frames_take(frames, &wish, phys, error);
}

enum status scratch_take(struct frames *frames, uint64_t size, const char *what, void **memory, struct error *error)
{
    uint64_t phys;
    enum status status = take_high(frames, size, what, &phys, error);
    if (status == STATUS_OUT_OF_MEMORY)
        status = frames_take_pages(frames, size, 0, BOOT_MEMORY_USABLE, what, &phys, error);
    if (status == STATUS_OK)
        *memory = firmware_map(phys, size);
    return status;
}
