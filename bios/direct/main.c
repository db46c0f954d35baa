/* The direct door's C begins here: started by a VMM or another loader, to the shared boot flow. */
#include "boot.h"
#include "exceptions.h"
#include "identity.h"
#include "identity_map.h"
#include "machine_facts.h"

#define STAGE3_FRAMES 6u
#define TABLES 3u /* behind those: of the null page, and of the image's 2 MiB pages */

_Noreturn void direct_main(const struct direct_entry *entry);

/* direct.ld */
extern const uint8_t image_start[], text_start[], text_end[], data_start[], direct_tables[], direct_stack_guard[];

static void protect_memory(void)
{
    uint64_t tables = (uintptr_t)direct_tables, guard = (uintptr_t)direct_stack_guard;
    identity_map_init(tables, tables + STAGE3_FRAMES * PAGE_SIZE, TABLES);
    identity_map_protect(0, PAGE_SIZE, IDENTITY_READ); /* starters put things there */
    identity_map_protect(guard, guard + PAGE_SIZE, IDENTITY_NONE);
    identity_map_protect((uintptr_t)image_start, (uintptr_t)text_start, IDENTITY_READ);
    identity_map_protect((uintptr_t)text_start, (uintptr_t)text_end, IDENTITY_RUN);
    identity_map_protect((uintptr_t)text_end, (uintptr_t)data_start, IDENTITY_READ);
    identity_map_start();
}

_Noreturn void direct_main(const struct direct_entry *entry)
{
    struct error error;
    identity_start(entry);
    exceptions_start(entry->gdt, NULL);
    facts_start(entry);
    protect_memory();
    boot(&error);
    boot_fail(&error);
}
