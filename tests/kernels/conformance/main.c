/* A kernel that checks everything it was promised (kernel-api/README.md) and says what it found on COM1 and port E9. */
#include "check.h"

#include <stagecoach/functions.h>
#include <stagecoach/print.h>

_Noreturn void kernel_main(struct boot_info *info);

_Noreturn void kernel_main(struct boot_info *info)
{
    boot_print("conformance kernel\n");
    check_machine(info);
    check_interrupt_hardware();
    check_info(info);
    check_memory_map(info);
    check_segments(info);
    check_image(info);
    check_tls(info);
    check_page_tables(info);
    check_window(info);
    check_video(info);
    check_firmware(info);
    check_payload(info);
    check_history(info);
    check_faults(info);
    check_finish();
}
