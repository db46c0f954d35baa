#include "other_boot.h"

#include "large.h"
#include "linux_boot.h"
#include "multiboot_boot.h"
#include "program_boot.h"
#include "timeline.h"

static const struct other_boot *flow;
LARGE("other") static union {
    struct linux_boot linux_boot;
    struct multiboot_boot multiboot;
} other;

void other_boot_start(const struct other_boot *with)
{
    flow = with;
}

/* The last that is said, by either. */
static void mark_jump(void)
{
    timeline_mark(BOOT_PHASE_JUMP);
    timeline_report();
}

/* --- Linux ------------------------------------------------------------------------------------------------------- */

enum status linux_load_step(struct error *error)
{
    other.linux_boot = (struct linux_boot){.with = flow};
    return linux_boot_load(&other.linux_boot, error);
}

enum status linux_prepare_step(struct error *error)
{
    return linux_boot_prepare(&other.linux_boot, error);
}

enum status linux_leave_step(struct error *error)
{
    enum status status = linux_boot_leave(&other.linux_boot, error);
    if (status != STATUS_OK)
        return status;
    mark_jump();
    linux_jump(&other.linux_boot.entry);
}

/* --- Multiboot --------------------------------------------------------------------------------------------------- */

enum status multiboot_load_step(struct error *error)
{
    other.multiboot = (struct multiboot_boot){.with = flow};
    return multiboot_boot_load(&other.multiboot, error);
}

enum status multiboot_prepare_step(struct error *error)
{
    return multiboot_boot_prepare(&other.multiboot, error);
}

enum status multiboot_leave_step(struct error *error)
{
    enum status status = multiboot_boot_leave(&other.multiboot, error);
    if (status != STATUS_OK)
        return status;
    mark_jump();
    multiboot_jump(&other.multiboot.entry);
}

/* --- programs of the firmware ------------------------------------------------------------------------------------ */

enum status program_start_step(struct error *error)
{
    return program_boot(flow->config, flow->file, flow->payloads, flow->frames, error);
}
