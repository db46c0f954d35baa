#include "identity.h"

#include "firmware.h"
#include "stage_handoff.h"

static struct firmware_identity identity = {
    .stage = "4",
    .firmware = BOOT_FIRMWARE_BIOS,
    .boot_source = BOOT_SOURCE_DISK,
};

void identity_start(const struct stage_handoff *handoff)
{
    identity.entry_tsc = handoff->entry_tsc;
    identity.disk.bios_drive = handoff->drive;
    if (handoff->pxe != 0 || handoff->pxenv != 0)
        identity.boot_source = BOOT_SOURCE_NETWORK;
}

bool identity_is_network(void)
{
    return identity.boot_source == BOOT_SOURCE_NETWORK;
}

uint32_t identity_drive(void)
{
    return identity.disk.bios_drive;
}

void identity_set_disk(const struct boot_disk *disk)
{
    identity.disk = *disk;
}

void identity_set_cd(void)
{
    identity.boot_source = BOOT_SOURCE_CD;
}

const struct firmware_identity *firmware_identity(void)
{
    return &identity;
}
