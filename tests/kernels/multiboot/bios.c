/* What a BIOS is asked by the loader, asked again: its answers, and what the kernel was told of them, must be the same.
 */
#include "kernel.h"

#define LOW 0x1000u /* bios.asm knows these */
#define GDT (LOW + 0x400)
#define WORDS (LOW + 0x800)
#define APM_CODE 40u /* selectors: in a row, as APM wants them */

struct bios_call {
    uint32_t number, eax, ebx, ecx, edx, esi, edi;
    uint16_t es, flags;
};

extern const uint8_t bios_code[], bios_code_end[];

static uint64_t segment(uint32_t base, uint32_t limit, uint32_t rights)
{
    return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)rights << 40 |
           (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)(base >> 24) << 56;
}

/* Flat ones, those for real mode, and for power management. */
static void write_gdt(const struct apm *apm)
{
    uint64_t *gdt = (uint64_t *)GDT;
    gdt[0] = 0;
    gdt[1] = segment(0, 0xfffff, 0xc09b);
    gdt[2] = segment(0, 0xfffff, 0xc093);
    gdt[3] = segment(0, 0xffff, 0x009b);
    gdt[4] = segment(0, 0xffff, 0x0093);
    gdt[5] = segment(apm->code_segment * 16u, 0xffff, 0x409b);
    gdt[6] = segment(apm->code16_segment * 16u, 0xffff, 0x009b);
    gdt[7] = segment(apm->data_segment * 16u, 0xffff, 0x4093);
}

static struct bios_call *ask(uint32_t number, uint32_t eax, uint32_t ebx, uint32_t edx)
{
    struct bios_call *call = (struct bios_call *)WORDS;
    memcpy((void *)LOW, bios_code, (size_t)(bios_code_end - bios_code));
    *call = (struct bios_call){.number = number, .eax = eax, .ebx = ebx, .edx = edx};
    ((void (*)(void))LOW)();
    return call;
}

static bool failed(const struct bios_call *call)
{
    return (call->flags & 1) != 0;
}

/* --- power management -------------------------------------------------------------------------------------------- */

/* The version that the driver and the BIOS agree on, asked by 32-bit code: it must be connected for that. */
static uint32_t agree(const struct apm *apm)
{
    const struct {
        uint32_t entry;
        uint16_t selector;
    } target = {apm->entry, APM_CODE};
    uint32_t eax = 0x530e, ebx = 0, ecx = 0x102;
    __asm__ volatile("lcall *%3\n\tjnc 0f\n\txor %%eax, %%eax\n0:"
                     : "+a"(eax), "+b"(ebx), "+c"(ecx)
                     : "m"(target)
                     : "edx", "esi", "edi", "memory", "cc");
    return eax & 0xffff;
}

static void check_apm(const struct facts *facts)
{
    struct apm apm = {0};
    if (facts->apm != NULL)
        memcpy(&apm, facts->apm, sizeof apm);
    write_gdt(&apm);
    struct bios_call *call = ask(0x15, 0x5300, 0, 0);
    bool has = !failed(call) && (call->ebx & 0xffff) == 0x504d && (call->ecx & 2) != 0;
    check(has == (facts->apm != NULL), "the APM table is missing, or of a BIOS that has none");
    if (!has || facts->apm == NULL)
        return;
    check(apm.version == (call->eax & 0xffff) && apm.flags == (call->ecx & 0xffff),
          "APM's version or flags are others");
    check(agree(&apm) >= 0x100, "the loader has not connected to APM");
    ask(0x15, 0x5304, 0, 0);
    call = ask(0x15, 0x5303, 0, 0);
    check(!failed(call) && apm.code_segment == (call->eax & 0xffff) && apm.entry == call->ebx &&
              apm.code16_segment == (call->ecx & 0xffff) && apm.data_segment == (call->edx & 0xffff) &&
              apm.code_size == (call->esi & 0xffff) && apm.code16_size == call->esi >> 16 &&
              apm.data_size == (call->edi & 0xffff),
          "APM's segments are others");
    say("APM %x\n", apm.version);
}

/* --- version 1 alone --------------------------------------------------------------------------------------------- */

static void check_configuration(const struct facts *facts)
{
    const struct bios_call *call = ask(0x15, 0xc000, 0, 0);
    bool has = !failed(call) && (call->eax & 0xff00) == 0;
    uint32_t address = has ? call->es * 16u + (call->ebx & 0xffff) : 0;
    check(facts->configuration == address, "the BIOS's configuration lies elsewhere");
    if (has)
        say("ROM %u bytes\n", at(address)[0] | (uint32_t)at(address)[1] << 8);
}

static bool is_drive(const uint8_t *drive, uint32_t number)
{
    const struct bios_call *call = ask(0x13, 0x4100, 0x55aa, number);
    uint32_t mode = !failed(call) && (call->ebx & 0xffff) == 0xaa55 && (call->ecx & 1) != 0;
    call = ask(0x13, 0x800, 0, number);
    uint32_t cylinders = ((call->ecx & 0xff00) >> 8 | (call->ecx & 0xc0) << 2) + 1;
    return load32(drive) == 12 && drive[4] == number && drive[5] == mode && !failed(call) &&
           (drive[6] | (uint32_t)drive[7] << 8) == cylinders && drive[8] == (call->edx >> 8 & 0xff) + 1 &&
           drive[9] == (call->ecx & 0x3f) && drive[10] == 0 && drive[11] == 0;
}

static void check_drives(const struct facts *facts)
{
    const struct bios_call *call = ask(0x13, 0x800, 0, 0x80);
    uint32_t count = failed(call) ? 0 : call->edx & 0xff;
    check(facts->drives_size == count * 12, "there are more drives, or fewer");
    for (uint32_t i = 0; i < count && i * 12 < facts->drives_size; i++) {
        check(is_drive(facts->drives + i * 12, 0x80 + i), "a drive is another");
        say("DRIVE %x\n", 0x80 + i);
    }
}

void check_bios(const struct facts *facts)
{
    bool told = facts->has_boot_device || facts->configuration != 0 || facts->drives_size != 0 || facts->apm != NULL;
    check(!told || facts->efi_system_table == 0, "there is no BIOS, but word of it");
    if (!told || facts->efi_system_table != 0)
        return;
    check_apm(facts);
    if (facts->version != 1)
        return;
    check_configuration(facts);
    check_drives(facts);
}
