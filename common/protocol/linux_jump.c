/* The part of linux_boot.h that works on the machine itself. */
#include "checked.h"
#include "handoff.h"
#include "linux_boot.h"

/* linux_switch.asm */
_Noreturn void linux_switch(uint64_t tables, uint64_t params, uint64_t entry);

uint64_t linux_switch_page(void)
{
    return align_down((uintptr_t)linux_switch, PAGE_SIZE); /* the loaders run where they lie */
}

_Noreturn void linux_jump(const struct linux_entry *entry)
{
    bool la57 = handoff_silence();
    linux_switch(la57 ? entry->la57_phys : entry->tables_phys, entry->params_phys, entry->entry);
}
