#include "identity.h"

#include "firmware.h"

static struct firmware_identity identity = {.stage = "direct", .firmware = BOOT_FIRMWARE_NONE};

void identity_start(const struct direct_entry *entry)
{
    identity.entry_tsc = entry->tsc;
    identity.boot_source = entry->kind == ENTRY_MULTIBOOT1   ? BOOT_SOURCE_MULTIBOOT1
                           : entry->kind == ENTRY_MULTIBOOT2 ? BOOT_SOURCE_MULTIBOOT2
                                                             : BOOT_SOURCE_PVH;
}

const struct firmware_identity *firmware_identity(void)
{
    return &identity;
}
