#include "far_memory.h"

#include "identity_map.h"
#include "memory.h"
#include "memory_map.h"

extern uint8_t far_start[], far_end[]; /* stages.ld; whole pages */

enum status far_memory_start(struct error *error)
{
    uint64_t virt = (uintptr_t)far_start, size = (uintptr_t)far_end - virt, phys;
    enum status status = memory_map_start(error);
    if (status == STATUS_OK)
        status = memory_map_take(IDENTITY_ALIAS_TABLES_SIZE + size, &phys, error);
    if (status != STATUS_OK)
        return status;
    identity_map_alias(virt, phys + IDENTITY_ALIAS_TABLES_SIZE, size, phys);
    memset(far_start, 0, size);
    return STATUS_OK;
}
