#include "elf_sections.h"
#include "kernel_reader.h"
#include "protocol/bootloader_api.h"

/* While sections are searched, the end of the far piece holds their names. */
#define NAMES_SIZE (KERNEL_HEAD_MAX / 4)
#define NAMES (kernel_room.far + KERNEL_HEAD_MAX - NAMES_SIZE)

/* The section that configures a bootloader_api kernel; empty if there is none. */
static enum status find_api_section(const struct kernel_reader *reader, struct span *section)
{
    struct elf_range range;
    struct span headers, names = {NAMES, 0};
    uint64_t file_size = reader->source->size;
    *section = (struct span){0};
    enum status status = elf_sections_find(reader->head, file_size, &range, reader->error);
    if (status != STATUS_OK || range.size == 0 || range.size > KERNEL_HEAD_MAX - NAMES_SIZE)
        return status;
    status = kernel_fetch(reader, range.address, range.size, &headers);
    if (status == STATUS_OK)
        status = elf_section_names_find(reader->head, headers, file_size, &range, reader->error);
    if (status == STATUS_OK && range.size <= NAMES_SIZE) {
        names.size = range.size;
        status = reader->source->read(reader->source->context, range.address, range.size, NAMES, reader->error);
    }
    if (status == STATUS_OK)
        status = elf_section_find(headers, names, BOOTLOADER_API_SECTION, file_size, &range, reader->error);
    if (status != STATUS_OK || range.size == 0)
        return status;
    if (range.size > KERNEL_HEAD_MAX)
        range.size = KERNEL_HEAD_MAX; /* no form has this length either */
    return kernel_fetch(reader, range.address, range.size, section);
}

enum status kernel_plan_api(const struct kernel_reader *reader, struct kernel_plan *plan)
{
    struct span section;
    struct boot_config config;
    enum status status = find_api_section(reader, &section);
    if (status != STATUS_OK)
        return status;
    if (section.size == 0)
        return error_set(reader->error, STATUS_NO_PROTOCOL,
                         "no Stagecoach note: add BOOT_CONFIG(); from <stagecoach/boot.h> to one source file (a linker "
                         "script must keep .note.stagecoach in a PT_NOTE)");
    status = bootloader_api_read(section, &config, &plan->api, reader->error);
    /* There it is what is added to every address. */
    if (status == STATUS_OK && plan->elf.relocatable && config.kernel_base > BOOT_NOWHERE &&
        !add_ok(config.kernel_base, plan->elf.lowest, &config.kernel_base))
        status = error_set(reader->error, STATUS_WISH_VALUE,
                           BOOTLOADER_API_SECTION ": kernel_base %#llx puts the kernel beyond the last address",
                           (unsigned long long)config.kernel_base);
    if (status == STATUS_OK)
        status = kernel_wishes_check(&config, plan, reader->error);
    plan->protocol = KERNEL_BOOTLOADER_API;
    plan->stack_top = align_down(plan->api.stack_size, 16); /* such a kernel is told the size that it asked for */
    return status == STATUS_OK ? elf_plan_check_wx(&plan->elf, reader->error) : status;
}
