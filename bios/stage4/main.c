/* Stage 4's C begins here: the BIOS's door to the shared boot flow. */
#include "bios.h"
#include "boot.h"
#include "checked.h"
#include "exceptions.h"
#include "far_memory.h"
#include "identity.h"
#include "identity_map.h"
#include "overlay.h"

/* After the frames that stage 3 fills: one for a table of the first 2 MiB. */
#define FIRST_TABLE (LOW_PAGE_TABLES_START + 6 * PAGE_SIZE)
_Static_assert(FIRST_TABLE + PAGE_SIZE <= LOW_PAGE_TABLES_END, "low_memory.def gives room for seven tables");

extern const uint8_t text_start[], text_end[], data_start[]; /* stages.ld */

_Noreturn void stage4_main(const struct stage_handoff *handoff);

/* Stage 2's page is written and run: the glove box keeps its data beside it. */
static void protect_memory(void)
{
    identity_map_init(LOW_PAGE_TABLES_START, FIRST_TABLE, 1);
    identity_map_protect(0, PAGE_SIZE, IDENTITY_NONE);
    identity_map_protect(LOW_OVERLAY_START, LOW_OVERLAY_END, IDENTITY_NONE);
    identity_map_protect(LOW_STACK_GUARD_START, LOW_STACK_GUARD_END, IDENTITY_NONE);
    identity_map_protect(LOW_LOADER_START, LOW_LOADER_START + PAGE_SIZE, IDENTITY_ALL);
    identity_map_protect((uintptr_t)text_start, (uintptr_t)text_end, IDENTITY_RUN);
    identity_map_protect((uintptr_t)text_end, (uintptr_t)data_start, IDENTITY_READ);
    identity_map_start();
}

_Noreturn void stage4_main(const struct stage_handoff *handoff)
{
    struct error error;
    bios_start(handoff);
    exceptions_start(handoff->gdt, overlay_page_fault);
    protect_memory();
    identity_start(handoff);
    if (far_memory_start(&error) == STATUS_OK)
        boot(&error);
    boot_fail(&error);
}
