/* The two ends that are not the kernel's entry. */
#include "services.h"

#define SECOND_US 1000000u
/* GetTime answers within microseconds where it only reads the clock: more asking than this and the clock stands still.
 */
#define CLOCK_READS_MAX 10000000u

_Noreturn void firmware_stop(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Boot services are gone and no timer is ours: watch the clock of the runtime services. */
static void wait_by_clock(uint32_t seconds)
{
    EFI_TIME now;
    UINT8 last = UINT8_MAX;
    for (uint32_t reads = 0; reads < CLOCK_READS_MAX; reads++) {
        if (EFI_ERROR(efi_call(services.system->RuntimeServices->GetTime(&now, NULL))))
            return;
        if (now.Second == last)
            continue;
        if (seconds-- == 0)
            return;
        last = now.Second;
        reads = 0;
    }
}

_Noreturn void firmware_reboot(uint32_t seconds)
{
    if (services.phase == SERVICES_RUNNING) {
        for (; seconds > 0; seconds--)
            efi_call(services.boot->Stall(SECOND_US));
    } else {
        wait_by_clock(seconds);
    }
    efi_call(services.system->RuntimeServices->ResetSystem(EfiResetCold, EFI_SUCCESS, 0, NULL));
    firmware_stop();
}
