#include "overlay.h"

#include "bios.h"
#include "boot.h"
#include "disk.h"
#include "identity_map.h"
#include "image_format.h"

extern uint8_t overlay_start[], overlay_text_end[], overlay_end[]; /* stages.ld */

/* overlay_unpack.asm: the sum of the block must be right. */
void overlay_unpack(const uint8_t *packed, const uint8_t *packed_end, uint8_t *to);

static bool wanted; /* once is enough: what faults afterwards is a bug */

/* It lies behind the stages on their drive. The network boot program, which comes from no drive, has brought it along.
 */
static enum status read_packed(const struct bios_stages_header *header, uint8_t *packed, uint32_t size,
                               struct error *error)
{
    const struct stage_handoff *handoff = bios_handoff();
    if (handoff->drive == 0)
        return STATUS_OK;
    return disk_read_raw(handoff->stages_lba * BIOS_SECTOR_SIZE + header->size, size, packed, error);
}

/* The header is summed with the stages, and the build keeps the sizes within the room. */
static enum status bring(struct error *error)
{
    const struct bios_stages_header *header = (const void *)(uintptr_t)LOW_LOADER_START;
    uint8_t *packed = (uint8_t *)(uintptr_t)LOW_PACKED_OVERLAY_START;
    uint32_t size = bios_overlay_room(header);
    enum status status = read_packed(header, packed, size, error);
    if (status != STATUS_OK)
        return error_prefix(error, "the loader's second part");
    if (bios_stages_sum(packed, size) != header->overlay_sum)
        return error_set(
            error, STATUS_LOADER_DAMAGED,
            "the loader's second part is damaged: write the image to the disk, or the boot directory to the "
            "server, again");
    overlay_unpack(packed, packed + header->overlay_packed_size, overlay_start);
    return STATUS_OK;
}

bool overlay_page_fault(uint64_t address)
{
    struct error error;
    const uint64_t start = (uintptr_t)overlay_start, text_end = (uintptr_t)overlay_text_end,
                   end = (uintptr_t)overlay_end;
    if (wanted || address < start || address >= end)
        return false;
    wanted = true;
    identity_map_protect(start, LOW_OVERLAY_END, IDENTITY_ALL); /* unpacking writes up to 15 bytes behind it */
    if (bring(&error) != STATUS_OK)
        boot_fail(&error);
    identity_map_protect(start, text_end, IDENTITY_RUN);
    identity_map_protect(text_end, LOW_OVERLAY_END, IDENTITY_READ);
    return true;
}
