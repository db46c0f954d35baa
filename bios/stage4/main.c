/* Stage 4's C begins here: the BIOS's door to the shared boot flow. */
#include "bios.h"
#include "boot.h"
#include "exceptions.h"
#include "identity.h"
#include "identity_map.h"

_Noreturn void stage4_main(const struct stage_handoff *handoff);

_Noreturn void stage4_main(const struct stage_handoff *handoff)
{
    struct error error;
    bios_start(handoff);
    exceptions_start(handoff->gdt);
    identity_map_start();
    identity_start(handoff);
    boot(&error);
    boot_fail(&error);
}
