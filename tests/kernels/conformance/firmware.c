/* The firmware's tables: ACPI, SMBIOS, EFI. They are read through the window; without one only the addresses are judged. */
#include "check.h"
#include "state.h"

#include <stagecoach/memory.h>
#include <stagecoach/print.h>

#define EFI_RUNTIME_CODE 5u
#define EFI_RUNTIME_DATA 6u
#define EFI_CONVENTIONAL 7u

struct efi_descriptor { /* EFI_MEMORY_DESCRIPTOR, UEFI 2.10, 7.2 */
    uint32_t type, padding;
    uint64_t phys, virt, pages, attributes;
};

static uint8_t byte_sum(const uint8_t *bytes, uint64_t size)
{
    uint8_t sum = 0;
    for (uint64_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum;
}

static bool bytes_equal(const uint8_t *bytes, const char *text)
{
    return fnv1a(0, bytes, text_size(text)) == fnv1a(0, text, text_size(text));
}

static void check_acpi(const struct boot_info *info)
{
    boot_print("rsdp %lx, smbios %lx and %lx\n", info->rsdp_phys, info->smbios_phys, info->smbios32_phys);
    if (info->rsdp_phys == 0)
        return;
    const uint8_t *rsdp = boot_phys_to_pointer(info, info->rsdp_phys, 36);
    if (rsdp == NULL)
        return;
    check_that("RSDP's signature", bytes_equal(rsdp, "RSD PTR "), info->rsdp_phys, "RSD PTR");
    check_equal("RSDP's checksum", byte_sum(rsdp, 20), 0);
    if (rsdp[15] >= 2)
        check_equal("RSDP's extended checksum", byte_sum(rsdp, 36), 0);
    uint32_t rsdt_phys = (uint32_t)rsdp[16] | (uint32_t)rsdp[17] << 8 | (uint32_t)rsdp[18] << 16 |
                         (uint32_t)rsdp[19] << 24;
    const uint8_t *rsdt = boot_phys_to_pointer(info, rsdt_phys, 36);
    if (rsdt_phys != 0 && rsdt != NULL)
        check_that("RSDT's signature", bytes_equal(rsdt, "RSDT"), rsdt_phys, "RSDT");
}

static void check_smbios(const struct boot_info *info)
{
    const uint8_t *anchor = boot_phys_to_pointer(info, info->smbios_phys, 24);
    if (info->smbios_phys != 0 && anchor != NULL) {
        check_that("SMBIOS 3 anchor", bytes_equal(anchor, "_SM3_"), info->smbios_phys, "_SM3_");
        check_equal("SMBIOS 3 checksum", byte_sum(anchor, anchor[6]), 0);
    }
    anchor = boot_phys_to_pointer(info, info->smbios32_phys, 31);
    if (info->smbios32_phys != 0 && anchor != NULL) {
        check_that("SMBIOS 2 anchor", bytes_equal(anchor, "_SM_"), info->smbios32_phys, "_SM_");
        check_equal("SMBIOS 2 checksum", byte_sum(anchor, anchor[5]), 0);
    }
}

static void check_efi_descriptor(const struct boot_info *info, const struct efi_descriptor *descriptor)
{
    uint64_t size = descriptor->pages * BOOT_PAGE_SIZE;
    check_equal("EFI descriptor is page aligned", descriptor->phys % BOOT_PAGE_SIZE, 0);
    if (descriptor->pages == 0)
        return;
    const struct boot_memory_region *region = boot_memory_find(info, descriptor->phys, BOOT_PAGE_SIZE);
    if (!check_that("EFI descriptor appears in the memory map", region != NULL, descriptor->phys, "a region"))
        return;
    if (descriptor->type == EFI_RUNTIME_CODE)
        check_equal("runtime code's type", region->type, BOOT_MEMORY_EFI_RUNTIME_CODE);
    if (descriptor->type == EFI_RUNTIME_DATA)
        check_equal("runtime data's type", region->type, BOOT_MEMORY_EFI_RUNTIME_DATA);
    /* Who was started after EFI was left has taken what EFI left free. */
    if (descriptor->type == EFI_CONVENTIONAL && info->firmware == BOOT_FIRMWARE_UEFI)
        check_that("free memory's type", region->type == BOOT_MEMORY_USABLE || region->type == BOOT_MEMORY_FRAMEBUFFER,
                   region->type, "usable");
    region = boot_memory_find(info, descriptor->phys + size - BOOT_PAGE_SIZE, BOOT_PAGE_SIZE);
    check_that("EFI descriptor's end appears in the memory map", region != NULL, descriptor->phys + size, "a region");
}

static void check_efi_map(const struct boot_info *info)
{
    const struct boot_efi *efi = &info->efi;
    check_that("descriptor_size", efi->descriptor_size >= sizeof(struct efi_descriptor) && efi->descriptor_size % 8 == 0,
               efi->descriptor_size, "40 or more");
    check_equal("descriptor_version", efi->descriptor_version, 1);
    if (!check_that("memory_map", efi->memory_map != NULL && efi->descriptor_size != 0, 0, "a map"))
        return;
    check_equal("memory_map_size", efi->memory_map_size % efi->descriptor_size, 0);
    for (uint64_t at = 0; at + sizeof(struct efi_descriptor) <= efi->memory_map_size; at += efi->descriptor_size)
        check_efi_descriptor(info, (const struct efi_descriptor *)(const void *)((const uint8_t *)efi->memory_map + at));
    const uint8_t *in_window = boot_phys_to_pointer(info, efi->memory_map_phys, efi->memory_map_size);
    if (in_window != NULL)
        check_equal("memory_map_phys", fnv1a(0, in_window, efi->memory_map_size),
                    fnv1a(0, efi->memory_map, efi->memory_map_size));
}

static void check_efi(const struct boot_info *info)
{
    const struct boot_efi *efi = &info->efi;
    /* A starter may have got hold of UEFI, and passed on what it knows. */
    bool started_on_uefi = info->firmware == BOOT_FIRMWARE_NONE && efi->system_table_phys != 0;
    if (info->firmware != BOOT_FIRMWARE_UEFI && !started_on_uefi) {
        const struct boot_efi none = {0, NULL, 0, 0, 0, 0};
        check_equal("efi without UEFI", fnv1a(0, efi, sizeof(*efi)), fnv1a(0, &none, sizeof(none)));
        return;
    }
    check_that("system_table_phys", efi->system_table_phys != 0, 0, "an address");
    const uint8_t *table = boot_phys_to_pointer(info, efi->system_table_phys, 120);
    if (table != NULL)
        check_that("EFI system table", bytes_equal(table, "IBI SYST"), efi->system_table_phys, "IBI SYST");
    check_efi_map(info);
}

/* The local APIC's timer must not fire once the kernel sets IF. */
static void check_apic(const struct boot_info *info)
{
    if (!(read_cpuid(1).edx & 1u << 9))
        return;
    uint64_t base = read_msr(0x1b);
    uint32_t timer;
    if ((base & 0xc00) == 0xc00) {
        timer = (uint32_t)read_msr(0x832);
    } else {
        const uint8_t *registers = boot_phys_to_pointer(info, base & 0xffffff000, BOOT_PAGE_SIZE);
        if (!(base & 0x800) || registers == NULL)
            return;
        timer = *(const volatile uint32_t *)(const void *)(registers + 0x320);
    }
    check_that("LAPIC timer", (timer & 1u << 16) != 0, timer, "masked");
}

void check_firmware(const struct boot_info *info)
{
    check_subject("firmware tables");
    check_acpi(info);
    check_smbios(info);
    check_efi(info);
    check_apic(info);
}
