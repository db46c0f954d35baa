/* The whole way of a kernel, read from top to bottom: boot() is the list of steps, each step is a function below it.
 *
 *   services -> config -> kernel headers -> video mode -> address space -> frames and files -> page tables
 *            -> leave firmware -> boot info -> jump
 *
 * Kernels that want no address space from us leave that way after their headers: Linux and Multiboot kernels for their
 * own boot protocols (protocol/other_boot.h), and what the firmware can start for the firmware.
 *
 * Everything that can be refused is refused before the firmware is left. */
#include "boot.h"

#include "address_plan.h"
#include "boot_file.h"
#include "boot_info.h"
#include "boot_mappings.h"
#include "boot_random.h"
#include "boot_video.h"
#include "checked.h"
#include "config.h"
#include "config_file.h"
#include "cpu.h"
#include "firmware.h"
#include "frames.h"
#include "handoff.h"
#include "kernel_load.h"
#include "kernel_plan.h"
#include "large.h"
#include "log.h"
#include "medium.h"
#include "memory.h"
#include "payload.h"
#include "protocol/other_boot.h"
#include "scratch.h"
#include "serial.h"
#include "timeline.h"
#include "version.h"

#define BOOT_INFO_ADDRESSES (1ull << 20) /* more than any machine needs: see boot_info_addresses() */

LARGE("flow") static struct flow {
    struct frames frames;
    struct config config;
    struct boot_files files;
    struct boot_file kernel_file;
    char kernel_name[FIRMWARE_PATH_MAX + 1];
    struct kernel_plan kernel;
    struct payloads payloads;
    struct boot_display display;
    struct boot_random random;
    struct address_plan addresses;
    struct kernel_image image;
    struct boot_info_area area;
    struct boot_info_facts facts;
    struct handoff handoff;
    struct paging_features features;
    uint64_t stack_phys;
    uint64_t window_size;
    enum kernel_way way;
    struct other_boot other;
} flow;

static struct { /* apart: boot_fail() may be called before boot(), and in the midst of anything */
    bool reboot;
    uint32_t seconds;
} ending;

static enum status start_services(struct error *error);
static enum status read_config(struct error *error);
static enum status read_kernel_headers(struct error *error);
static enum status open_payloads(struct error *error);
static enum status set_video_mode(struct error *error);
static enum status plan_addresses(struct error *error);
static enum status load_files(struct error *error);
static enum status build_page_tables(struct error *error);
static enum status prepare_hand_over(struct error *error);
static enum status leave_firmware(struct error *error);
static enum status jump(struct error *error);

typedef enum status boot_step(struct error *error);

static boot_step *const first_steps[] = {start_services, read_config, read_kernel_headers, open_payloads, NULL};
static boot_step *const steps[][8] = {
    [KERNEL_BY_PLAN] = {set_video_mode, plan_addresses, load_files, build_page_tables, prepare_hand_over,
                        leave_firmware, jump, NULL},
    [KERNEL_BY_LINUX] = {set_video_mode, linux_load_step, linux_prepare_step, linux_leave_step, NULL},
    [KERNEL_BY_MULTIBOOT] = {set_video_mode, multiboot_load_step, multiboot_prepare_step, multiboot_leave_step, NULL},
    [KERNEL_BY_FIRMWARE] = {program_start_step, NULL},
};

static enum status take_steps(boot_step *const *step, struct error *error)
{
    enum status status = STATUS_OK;
    for (; *step != NULL && status == STATUS_OK; step++)
        status = (*step)(error);
    return status;
}

enum status boot(struct error *error)
{
    enum status status = take_steps(first_steps, error);
    return status != STATUS_OK ? status : take_steps(steps[flow.way], error);
}

_Noreturn void boot_fail(const struct error *error)
{
    log_fatal(error);
    if (ending.reboot)
        firmware_reboot(ending.seconds);
    firmware_stop();
}

const struct address_plan *boot_addresses(void)
{
    return &flow.addresses;
}

/* --- services ---------------------------------------------------------------------------------------------------- */

static enum status start_services(struct error *error)
{
    memset(&flow, 0, sizeof flow);
    ending.reboot = false;
    config_defaults(&flow.config);
    timeline_start(firmware_identity()->entry_tsc);
    serial_start();
    flow.features = cpu_paging_features();
    enum status status = firmware_start(error);
    if (status == STATUS_OK)
        status = frames_init(&flow.frames, error);
    timeline_mark(BOOT_PHASE_LOADER);
    return status;
}

/* --- config ------------------------------------------------------------------------------------------------------ */

static enum status read_config(struct error *error)
{
    log_info("Stagecoach %s, stage %s", STAGECOACH_VERSION, firmware_identity()->stage);
    enum status status = config_file_read(&flow.frames, &flow.config, error);
    ending.reboot = flow.config.reboot_on_error;
    ending.seconds = flow.config.reboot_seconds;
    if (status == STATUS_OK)
        log_configure(&flow.config.log);
    timeline_mark(BOOT_PHASE_CONFIG);
    return status;
}

/* --- kernel headers ---------------------------------------------------------------------------------------------- */

static enum status read_kernel_headers(struct error *error)
{
    flow.files = (struct boot_files){.frames = &flow.frames, .compressed = flow.config.compressed};
    enum status status = boot_file_open(&flow.files, flow.config.kernel, &flow.kernel_file, error);
    if (status != STATUS_OK)
        return error_prefix(error, "kernel");
    status = medium_keep(&flow.frames, &flow.kernel_file.source, error);
    if (status != STATUS_OK)
        return status;
    char *const name = flow.kernel_name;
    boot_file_name(flow.config.kernel, name);
    flow.kernel_file.source.name = name;
    status = kernel_plan_read(&flow.kernel_file.source, &flow.kernel, error);
    if (status != STATUS_OK)
        return status;
    status = kernel_choose_way(&flow.kernel, flow.config.efi_stub, firmware_identity()->starts_programs,
                               flow.config.command_line.size, &flow.way, error);
    if (status != STATUS_OK)
        return error_prefix(error, "%s", name);
    char protocol[32];
    kernel_protocol_name(&flow.kernel, protocol, sizeof protocol);
    log_info("kernel %s: %s, %llu bytes", name, protocol, (unsigned long long)flow.kernel_file.size);
    if (flow.kernel.elf.null_page)
        log_warn("kernel %s maps address 0: null pointers will not fault", name);
    timeline_mark(BOOT_PHASE_KERNEL_HEADERS);
    return STATUS_OK;
}

static void collect_others(void)
{
    flow.other = (struct other_boot){
        .kernel = &flow.kernel,
        .config = &flow.config,
        .file = &flow.kernel_file,
        .payloads = &flow.payloads,
        .frames = &flow.frames,
        .framebuffer = &flow.display.framebuffer,
        .features = &flow.features,
    };
    other_boot_start(&flow.other);
}

static enum status open_payloads(struct error *error)
{
    collect_others();
    if (!kernel_takes_modules(&flow.kernel) && flow.config.module_count != 0)
        log_warn("modules are left out: this kind of kernel gets a ramdisk alone");
    return payloads_open(&flow.config, &flow.files, &flow.payloads, error);
}

/* --- video mode -------------------------------------------------------------------------------------------------- */

/* A kernel that can't draw is better off with the text mode that the machine has. */
static bool keeps_text_mode(void)
{
    return flow.way == KERNEL_BY_MULTIBOOT && !flow.kernel.multiboot.framebuffer && flow.config.video_width == 0 &&
           firmware_text_screen();
}

static enum status set_video_mode(struct error *error)
{
    struct video_wish wish = {flow.config.video_width, flow.config.video_height, flow.kernel.minimum_width,
                              flow.kernel.minimum_height};
    if (flow.way == KERNEL_BY_MULTIBOOT && wish.config_width == 0) {
        wish.config_width = flow.kernel.multiboot.width;
        wish.config_height = flow.kernel.multiboot.height;
    }
    if (!flow.config.video_off && firmware_has_display() && !keeps_text_mode())
        boot_video_start(&wish, flow.config.log.screen, &flow.display); /* a machine without a display boots too */
    timeline_mark(BOOT_PHASE_VIDEO);
    const struct boot_framebuffer *framebuffer = &flow.display.framebuffer;
    return frames_avoid(&flow.frames, framebuffer->phys, framebuffer->size, BOOT_MEMORY_FRAMEBUFFER, error);
}

/* --- address space ----------------------------------------------------------------------------------------------- */

static void collect_facts(void)
{
    flow.facts = (struct boot_info_facts){
        .config = &flow.config,
        .kernel = &flow.kernel,
        .image = &flow.image,
        .payloads = &flow.payloads,
        .addresses = &flow.addresses,
        .random = &flow.random,
        .framebuffer = &flow.display.framebuffer,
        .edid = flow.display.edid,
        .edid_size = flow.display.edid_size,
        .stack_size = flow.kernel.stack_size,
        .window_size = flow.window_size,
    };
}

/* How many addresses the boot info gets. Its size depends on the length of the firmware's map; were they as many as it
 * has bytes, so would all addresses behind it, and the same kernel would lie elsewhere on each machine. */
static uint64_t boot_info_addresses(void)
{
    bool anywhere = flow.kernel.boot_info.kind == WISH_ANYWHERE;
    return anywhere && flow.area.size < BOOT_INFO_ADDRESSES ? BOOT_INFO_ADDRESSES : flow.area.size;
}

static enum status plan_addresses(struct error *error)
{
    boot_random_start(&flow.config, &flow.kernel, &flow.random);
    flow.window_size = window_size(&flow.frames.map);
    collect_facts();
    flow.area.size = boot_info_room(&flow.facts);

    uint32_t count;
    const struct payload *modules = payloads_modules(&flow.payloads, &count);
    struct address_needs needs = {
        .kernel = &flow.kernel,
        .boot_info_size = boot_info_addresses(),
        .handoff_size = handoff_code_size() + handoff_data_size(),
        .framebuffer_phys = flow.display.framebuffer.phys,
        .framebuffer_size = flow.display.framebuffer.size,
        .ramdisk_size = flow.payloads.has_ramdisk ? flow.payloads.list[0].file.size : 0,
        .module_count = count,
        .window_size = flow.window_size,
        .random = flow.random.aslr ? &flow.random.addresses : NULL,
    };
    for (uint32_t i = 0; i < count; i++)
        needs.module_sizes[i] = modules[i].file.size;
    enum status status = address_plan_make(&needs, &flow.addresses, error);
    if (status == STATUS_OK)
        boot_random_report(&flow.random, &flow.addresses);
    timeline_mark(BOOT_PHASE_ADDRESS_SPACE);
    return status;
}

/* --- frames and files -------------------------------------------------------------------------------------------- */

static enum status relocate_kernel(struct error *error)
{
    uint64_t count = 0;
    enum status status = elf_relocate(&flow.image.memory, flow.addresses.bias, &count, error);
    if (status == STATUS_OK)
        log_debug("kernel at %#llx, entry %#llx, %llu relocations",
                  (unsigned long long)(flow.kernel.elf.lowest + flow.addresses.bias),
                  (unsigned long long)flow.addresses.entry, (unsigned long long)count);
    return status;
}

static enum status take_kernel_frames(struct error *error)
{
    struct random *random = flow.random.aslr ? &flow.random.frames : NULL;
    uint64_t rest = flow.kernel.stack_size + flow.area.size;
    if (flow.kernel.protocol == KERNEL_BOOTLOADER_API && !add_ok(rest, flow.kernel_file.size, &rest))
        rest = UINT64_MAX;
    uint64_t spare = boot_random_spare(&flow.payloads, &flow.frames.map, flow.window_size, rest);
    enum status status =
        kernel_take_frames(&flow.kernel.elf, flow.addresses.bias, random, spare, &flow.frames, &flow.image, error);
    if (flow.frames.cramped)
        log_warn("the kernel lies in the lowest free frames: memory is too short to leave that to chance");
    return status;
}

static enum status load_files(struct error *error)
{
    const struct elf_plan *elf = &flow.kernel.elf;
    enum status status = take_kernel_frames(error);
    if (status == STATUS_OK && flow.kernel.protocol == KERNEL_BOOTLOADER_API)
        status = kernel_keep_file(&flow.kernel_file, BOOT_MEMORY_LOADER_RECLAIMABLE, &flow.frames, &flow.image, error);
    else if (status == STATUS_OK && flow.kernel.file.kind != WISH_NOWHERE)
        status = kernel_keep_file(&flow.kernel_file, BOOT_MEMORY_KERNEL, &flow.frames, &flow.image, error);
    if (status == STATUS_OK)
        status = kernel_load_symbols(&flow.kernel.symbol_ranges, &flow.kernel_file, &flow.frames, &flow.image, error);
    if (status == STATUS_OK)
        status = kernel_read_segments(elf, &flow.kernel_file, &flow.image, error);
    if (status == STATUS_OK)
        status = relocate_kernel(error);
    if (status == STATUS_OK)
        status = payloads_load(&flow.payloads, &flow.frames, error);
    timeline_mark(BOOT_PHASE_SEGMENTS);
    return status;
}

/* --- page tables ------------------------------------------------------------------------------------------------- */

static enum status take_frames(uint64_t size, uint64_t below, const char *what, uint64_t *phys, struct error *error)
{
    return frames_take_pages(&flow.frames, size, below, BOOT_MEMORY_LOADER_RECLAIMABLE, what, phys, error);
}

/* Everything of the hand-over that is neither kernel nor payload. */
static enum status take_hand_over_frames(struct error *error)
{
    uint64_t below = 4 * SIZE_1G;
    struct handoff *handoff = &flow.handoff;
    enum status status = take_frames(flow.kernel.stack_size, 0, "stack", &flow.stack_phys, error);
    if (status == STATUS_OK)
        status = take_frames(flow.area.size, 0, "boot information", &flow.area.phys, error);
    if (status == STATUS_OK)
        status = take_frames(handoff_code_size() + handoff_data_size(), below, "handoff", &handoff->phys, error);
    if (status == STATUS_OK)
        status = take_frames(handoff_transition_frames() * PAGE_SIZE, below, "transition tables",
                             &handoff->transition_phys, error);
    return status;
}

static enum status build_page_tables(struct error *error)
{
    struct memmap map;
    enum status status = take_hand_over_frames(error);
    if (status == STATUS_OK)
        status = boot_mappings_map(&flow.frames, &flow.display.framebuffer, &map, error);
    if (status != STATUS_OK)
        return status;
    struct boot_mappings mappings = {
        .kernel = &flow.kernel,
        .image = &flow.image,
        .payloads = &flow.payloads,
        .addresses = &flow.addresses,
        .framebuffer = &flow.display.framebuffer,
        .stack_phys = flow.stack_phys,
        .boot_info_phys = flow.area.phys,
        .boot_info_size = flow.area.size,
        .handoff_phys = flow.handoff.phys,
        .map = &map,
    };
    size_t room = boot_mappings_room(&mappings);
    void *storage = NULL;
    status = scratch_take(&flow.frames, room * sizeof(struct paging_mapping), "mapping list", &storage, error);
    if (status != STATUS_OK)
        return status;
    struct mapping_plan plan = {storage, 0, room};
    status = boot_mappings_plan(&mappings, &plan, error);
    if (status != STATUS_OK)
        return status;

    struct paging paging;
    uint64_t frames = paging_frames_needed(plan.mappings, plan.count, &flow.features), phys;
    status = take_frames(frames * PAGE_SIZE, 4 * SIZE_1G, "page tables", &phys, error);
    if (status != STATUS_OK)
        return status;
    paging_init(&paging, phys, frames, &flow.features);
    status = boot_mappings_build(&plan, &flow.addresses, &paging, error);
    flow.facts.page_table_phys = paging.root_phys;
    timeline_mark(BOOT_PHASE_PAGE_TABLES);
    return status;
}

/* --- leave, boot info, jump -------------------------------------------------------------------------------------- */

static enum status prepare_hand_over(struct error *error)
{
    flow.area.memory = firmware_map(flow.area.phys, flow.area.size);
    flow.area.address = flow.addresses.boot_info;
    enum status status = boot_info_prepare(&flow.area, &flow.facts, error);
    if (status != STATUS_OK)
        return status;
    memset(firmware_map(flow.stack_phys, flow.kernel.stack_size), 0, flow.kernel.stack_size);

    struct handoff *handoff = &flow.handoff;
    handoff->address = flow.addresses.handoff;
    handoff->page_table_phys = flow.facts.page_table_phys;
    handoff->entry = flow.addresses.entry;
    handoff->stack_top = flow.addresses.stack + flow.kernel.stack_top;
    handoff->argument = flow.addresses.boot_info;
    handoff->framebuffer = flow.area.info->framebuffer;
    random_wipe(&flow.random, sizeof flow.random); /* the loader's memory will be the kernel's */
    status = handoff_prepare(handoff, &flow.features, error);
    if (status == STATUS_OK)
        log_info("starting the kernel at %#llx", (unsigned long long)handoff->entry);
    return status;
}

static enum status leave_firmware(struct error *error)
{
    enum status status = firmware_leave(&flow.area.map, &flow.area.info->efi, error);
    timeline_mark(BOOT_PHASE_LEFT);
    return status != STATUS_OK ? status : boot_info_finish(&flow.area, &flow.frames, error);
}

static enum status jump(struct error *error)
{
    timeline_mark(BOOT_PHASE_JUMP);
    boot_info_seal(&flow.area);
    timeline_report();
    handoff_jump(&flow.handoff);
    return error_set(error, STATUS_INTERNAL, "came back from the jump");
}
