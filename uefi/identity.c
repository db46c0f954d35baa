#include "identity.h"

#include "boot_device.h"
#include "large_read.h"
#include "services.h"
#include "volume.h"

static struct firmware_identity identity = {
    .stage = "uefi",
    .firmware = BOOT_FIRMWARE_UEFI,
    .boot_source = BOOT_SOURCE_DISK,
    .starts_programs = true,
};

void identity_start(void)
{
    identity.entry_tsc = __builtin_ia32_rdtsc();
}

const struct firmware_identity *firmware_identity(void)
{
    return &identity;
}

struct firmware_stats firmware_stats(void)
{
    return services.stats;
}

enum status firmware_start(struct error *error)
{
    enum status status = services_check(error);
    if (status != STATUS_OK)
        return status;
    status = volume_start(error);
    if (status != STATUS_OK)
        return status;
    if (volume_is_network())
        identity.boot_source = BOOT_SOURCE_NETWORK;
    else
        identity.boot_source = boot_device_describe(volume_device(), &identity.disk);
    /* Files on CDs lie in one piece, and a drive takes longer to seek their table than a CPU to walk it. */
    if (identity.boot_source == BOOT_SOURCE_DISK)
        large_read_start(volume_device());
    return STATUS_OK;
}
