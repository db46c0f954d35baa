/* The part of multiboot_boot.h that works on the machine itself. */
#include "handoff.h"
#include "multiboot_boot.h"

/* The state that UEFI has, beneath a caller that nobody comes back to (Multiboot2 2.0, 3.5). */
_Noreturn static void jump_beneath_efi(const struct multiboot_orders *orders)
{
    __asm__ volatile("and $-16, %%rsp\n\t"
                     "sub $32, %%rsp\n\t"
                     "call *%2\n"
                     "0:\n\t"
                     "cli\n\t"
                     "hlt\n\t"
                     "jmp 0b"
                     :
                     : "a"((uint64_t)orders->magic), "b"((uint64_t)orders->information), "r"((uint64_t)orders->entry)
                     : "memory");
    __builtin_unreachable();
}

_Noreturn void multiboot_jump(const struct multiboot_entry *entry)
{
    if (entry->boot_services)
        jump_beneath_efi(&entry->orders);
    handoff_silence();
    __asm__ volatile("jmp *%0" : : "r"(entry->code_phys) : "memory");
    __builtin_unreachable();
}
