#include "protocol/bootloader_api.h"

static struct bootloader_api_optional64 optional(bool present, uint64_t value)
{
    return present ? (struct bootloader_api_optional64){BOOTLOADER_API_SOME, 0, value}
                   : (struct bootloader_api_optional64){BOOTLOADER_API_NONE, 0, 0};
}

/* The firmware's own number of a kind of memory, where the merged region has lost it (E820; UEFI 2.10, table 7.10). */
static uint32_t firmware_type(uint32_t type, bool uefi)
{
    switch (type) {
    case BOOT_MEMORY_ACPI_RECLAIMABLE:
        return uefi ? 9 : 3;
    case BOOT_MEMORY_ACPI_NVS:
        return uefi ? 10 : 4;
    case BOOT_MEMORY_EFI_RUNTIME_CODE:
        return 5;
    case BOOT_MEMORY_EFI_RUNTIME_DATA:
        return 6;
    case BOOT_MEMORY_MMIO:
        return 11;
    case BOOT_MEMORY_PERSISTENT:
        return uefi ? 14 : 7;
    case BOOT_MEMORY_BAD:
        return uefi ? 8 : 5;
    default:
        return uefi ? 0 : 2;
    }
}

static struct bootloader_api_region translate_region(const struct boot_memory_region *region, bool uefi)
{
    struct bootloader_api_region result = {.start = region->phys, .end = region->phys + region->size};
    switch (region->type) {
    case BOOT_MEMORY_USABLE:
        result.kind = BOOTLOADER_API_USABLE;
        return result;
    case BOOT_MEMORY_LOADER_RECLAIMABLE:
    case BOOT_MEMORY_KERNEL:
    case BOOT_MEMORY_RAMDISK:
    case BOOT_MEMORY_MODULE:
        result.kind = BOOTLOADER_API_BOOTLOADER;
        return result;
    default:
        result.kind = uefi ? BOOTLOADER_API_UNKNOWN_UEFI : BOOTLOADER_API_UNKNOWN_BIOS;
        result.value = region->firmware_type != UINT32_MAX ? region->firmware_type : firmware_type(region->type, uefi);
        return result;
    }
}

static void fill_framebuffer(struct bootloader_api_info *info, const struct boot_framebuffer *framebuffer)
{
    info->framebuffer_tag = framebuffer->size != 0 ? BOOTLOADER_API_SOME : BOOTLOADER_API_NONE;
    if (framebuffer->size == 0)
        return;
    uint32_t bytes = framebuffer->bits_per_pixel / 8u;
    bool eight = framebuffer->red_size == 8 && framebuffer->green_size == 8 && framebuffer->blue_size == 8 &&
                 framebuffer->green_shift == 8;
    struct bootloader_api_framebuffer *result = &info->framebuffer;
    *result = (struct bootloader_api_framebuffer){
        .start = (uint64_t)(uintptr_t)framebuffer->address,
        .size = framebuffer->size,
        .width = framebuffer->width,
        .height = framebuffer->height,
        .pixel_format = BOOTLOADER_API_UNKNOWN,
        .bytes_per_pixel = bytes,
        .stride = framebuffer->pitch / bytes,
    };
    if (eight && framebuffer->red_shift == 0 && framebuffer->blue_shift == 16)
        result->pixel_format = BOOTLOADER_API_RGB;
    else if (eight && framebuffer->red_shift == 16 && framebuffer->blue_shift == 0)
        result->pixel_format = BOOTLOADER_API_BGR;
    else {
        result->red_position = framebuffer->red_shift;
        result->green_position = framebuffer->green_shift;
        result->blue_position = framebuffer->blue_shift;
    }
}

/* The numbers are EFI's where the map is, which whoever started the loader may have passed on without being UEFI. */
static void fill_memory_map(struct bootloader_api_info *info, const struct boot_info *boot,
                            const struct bootloader_api_facts *facts)
{
    for (uint64_t i = 0; i < boot->memory_map_count; i++)
        facts->regions[i] = translate_region(&facts->memory_map[i], boot->efi.memory_map_size != 0);
    info->memory_regions = facts->regions_address;
    info->memory_region_count = boot->memory_map_count;
}

/* The hidden last field of the kernel's own layout. */
static void place_sentinel(struct bootloader_api_info *info, uint16_t patch, uint64_t sentinel)
{
    if (patch >= 14)
        info->test_sentinel = sentinel;
    else if (patch >= 5)
        info->kernel_stack_bottom = sentinel;
    else if (patch >= 1)
        info->kernel_addr = sentinel;
}

void bootloader_api_fill(struct bootloader_api_info *info, const struct boot_info *boot,
                         const struct bootloader_api_facts *facts)
{
    *info = (struct bootloader_api_info){
        .version_major = facts->version.major,
        .version_minor = facts->version.minor,
        .version_patch = facts->version.patch,
        .version_pre_release = facts->version.pre_release,
        .physical_memory_offset = optional(boot->physical_memory_size != 0, boot->physical_memory),
        .recursive_index_tag = boot->recursive_slot != UINT32_MAX ? BOOTLOADER_API_SOME : BOOTLOADER_API_NONE,
        .recursive_index = boot->recursive_slot != UINT32_MAX ? (uint16_t)boot->recursive_slot : 0,
        .rsdp_addr = optional(boot->rsdp_phys != 0, boot->rsdp_phys),
        .tls_tag = boot->tls.address != NULL ? BOOTLOADER_API_SOME : BOOTLOADER_API_NONE,
        .tls_start = (uint64_t)(uintptr_t)boot->tls.address,
        .tls_file_size = boot->tls.file_size,
        .tls_memory_size = boot->tls.memory_size,
        .ramdisk_addr = optional(boot->ramdisk != NULL, (uint64_t)(uintptr_t)boot->ramdisk),
        .ramdisk_len = boot->ramdisk_size,
        .kernel_addr = facts->kernel_file_phys,
        .kernel_len = facts->kernel_file_size,
        .kernel_image_offset = boot->kernel_bias,
        .kernel_stack_bottom = boot->stack_address,
        .kernel_stack_len = facts->stack_size,
    };
    fill_framebuffer(info, &boot->framebuffer);
    fill_memory_map(info, boot, facts);
    place_sentinel(info, facts->version.patch, facts->test_sentinel);
}
