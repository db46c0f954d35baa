/* The fake's operations: firmware.h, cpu.h, serial.h and handoff.h. */
#include "fake_private.h"

#include "cpu.h"
#include "load_options.h"
#include "serial.h"
#include "zstd_decoder.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zstd.h>

#define HANDOFF_CODE_SIZE 4096u
#define HANDOFF_DATA_SIZE 8192u
#define HANDOFF_TRANSITION_FRAMES 7u

/* --- counting and failing ---------------------------------------------------------------------------------------- */

static const char *const operation_names[] = {
    [FAKE_START] = "firmware_start",           [FAKE_OPEN] = "firmware_open",   [FAKE_READ] = "firmware_read",
    [FAKE_MEMORY_MAP] = "firmware_memory_map", [FAKE_CLAIM] = "firmware_claim", [FAKE_VIDEO_SET] = "firmware_video_set",
    [FAKE_LEAVE] = "firmware_leave",
};

static void need_firmware(const char *name)
{
    if (fake->left)
        fake_violation("%s after firmware_leave", name);
    fake->stats.calls++;
}

/* True if this operation shall fail. */
static bool operation(enum fake_operation kind)
{
    need_firmware(operation_names[kind]);
    if (fake->operation_count < FAKE_OPERATIONS_MAX)
        fake->operations[fake->operation_count] = kind;
    uint64_t number = ++fake->operation_count;
    return fake->fail_at != 0 && number >= fake->fail_at && number - fake->fail_at <= fake->fail_more;
}

static enum status fail(enum fake_operation kind, enum status status, struct error *error)
{
    return error_set(error, status, "%s: told to fail (operation %llu)", operation_names[kind],
                     (unsigned long long)fake->operation_count);
}

/* --- output ------------------------------------------------------------------------------------------------------ */

static void capture(struct fake_output *output, const char *text, size_t size)
{
    if (fake->output_hook != NULL)
        fake->output_hook(output);
    size_t room = sizeof output->text - 1 - output->size;
    if (size > room)
        size = room;
    memcpy(output->text + output->size, text, size);
    output->size += size;
    output->text[output->size] = '\0';
}

bool serial_start(void)
{
    return !fake->no_serial;
}

void serial_write(const char *text, size_t size)
{
    if (!fake->no_serial)
        capture(&fake->serial, text, size);
}

bool timeline_port_listens(void)
{
    return false;
}

void timeline_port_write(const char *text, size_t size)
{
    (void)text;
    (void)size;
}

void debugcon_write(const char *text, size_t size)
{
    capture(&fake->debugcon, text, size);
}

void firmware_screen_write(const char *text, size_t size)
{
    capture(&fake->screen, text, size);
}

/* --- who, start, stop -------------------------------------------------------------------------------------------- */

const struct firmware_identity *firmware_identity(void)
{
    return &fake->identity;
}

struct firmware_stats firmware_stats(void)
{
    return fake->stats;
}

enum status firmware_start(struct error *error)
{
    return operation(FAKE_START) ? fail(FAKE_START, STATUS_NO_BOOT_VOLUME, error) : STATUS_OK;
}

_Noreturn void firmware_stop(void)
{
    fake_finish(FAKE_STOPPED);
}

_Noreturn void firmware_reboot(uint32_t seconds)
{
    fake->reboot_seconds = seconds;
    fake_finish(FAKE_REBOOTED);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

/* private_[0] of an open file: its index, plus one so that an unopened one is noticed. */
enum status firmware_open(const char *path, struct firmware_file *file, struct error *error)
{
    if (operation(FAKE_OPEN))
        return fail(FAKE_OPEN, STATUS_READ_ERROR, error);
    if (path[0] != '/')
        return error_set(error, STATUS_PATH_BAD, "%s: not an absolute path", path);
    for (size_t i = 0; i < fake->file_count; i++) {
        if (strcasecmp(fake->files[i].path, path) == 0) {
            *file =
                (struct firmware_file){.size = fake->files[i].size, .whole = fake->whole_files, .private_ = {i + 1}};
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_FILE_NOT_FOUND, "%s: no such file", path);
}

/* Memory for the size of a file that is not open, or a range outside it, is the loader's mistake. */
static struct fake_file *opened(const struct firmware_file *file, uint64_t offset, uint64_t size)
{
    uint64_t index = file->private_[0];
    if (index == 0 || index > fake->file_count)
        fake_violation("firmware_read of a file that is not open");
    struct fake_file *found = &fake->files[index - 1];
    if (!range_ok(offset, size, found->size))
        fake_violation("firmware_read of %s outside the file: offset %llu, %llu bytes", found->path,
                       (unsigned long long)offset, (unsigned long long)size);
    if (file->whole && size != found->size)
        fake_violation("firmware_read of a part of %s, which comes in one piece", found->path);
    found->reads++;
    return found;
}

enum status firmware_read(struct firmware_file *file, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    const struct fake_file *from = opened(file, offset, size);
    if (operation(FAKE_READ))
        return fail(FAKE_READ, STATUS_READ_ERROR, error);
    memcpy(to, (const uint8_t *)from->data + offset, size);
    fake->stats.disk_reads++;
    fake->stats.bytes_read += size;
    return STATUS_OK;
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

static enum status add_regions(struct memmap *map, const struct boot_memory_region *regions, size_t count,
                               struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = memmap_add(map, regions[i].phys, regions[i].size, regions[i].type, regions[i].firmware_type, error);
    return status;
}

static enum status build_map(struct memmap *map, struct error *error)
{
    enum status status = add_regions(map, fake->regions, fake->region_count, error);
    if (status == STATUS_OK)
        status = memmap_add(map, fake->loader_phys, fake->loader_size, MEMMAP_LOADER_IN_USE, UINT32_MAX, error);
    for (size_t i = 0; i < fake->claim_count && status == STATUS_OK; i++)
        status = memmap_add(map, fake->claims[i].phys, fake->claims[i].pages * PAGE_SIZE, MEMMAP_LOADER_IN_USE,
                            UINT32_MAX, error);
    return status == STATUS_OK ? memmap_normalise(map, error) : status;
}

enum status firmware_memory_map(struct memmap *map, struct error *error)
{
    enum { CAPACITY = 4 * (FAKE_REGIONS_MAX + FAKE_CLAIMS_MAX + 1) + 1 };
    static struct boot_memory_region storage[CAPACITY];
    if (operation(FAKE_MEMORY_MAP))
        return fail(FAKE_MEMORY_MAP, STATUS_NO_MEMORY_MAP, error);
    struct memmap result = {storage, 0, CAPACITY}; /* memmap_room() of the most that there can be */
    enum status status = build_map(&result, error);
    if (status == STATUS_OK)
        *map = result;
    return status;
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

/* The raw region's size, cut where it would wrap. */
static uint64_t region_size(const struct boot_memory_region *region)
{
    uint64_t most = UINT64_MAX - region->phys;
    return region->size < most ? region->size : most;
}

/* How far usable memory reaches from `phys` on, by a single raw region; `phys` itself if it is not usable. */
static uint64_t usable_until(uint64_t phys)
{
    uint64_t until = phys;
    for (size_t i = 0; i < fake->region_count; i++) {
        const struct boot_memory_region *region = &fake->regions[i];
        uint64_t end = region->phys + region_size(region);
        if (region->type == BOOT_MEMORY_USABLE && region->phys <= phys && end > until)
            until = end;
    }
    return until;
}

/* By the raw map, so that a bug in normalising can't hide one in claiming. */
static const char *claim_problem(uint64_t phys, uint64_t size)
{
    for (size_t i = 0; i < fake->region_count; i++) {
        const struct boot_memory_region *region = &fake->regions[i];
        if (region->type != BOOT_MEMORY_USABLE && overlap(phys, size, region->phys, region_size(region)))
            return "hits memory of another type";
    }
    for (uint64_t at = phys; at < phys + size; at = usable_until(at)) {
        if (usable_until(at) == at)
            return "is not all memory";
    }
    if (overlap(phys, size, fake->loader_phys, fake->loader_size))
        return "hits the loader itself";
    for (size_t i = 0; i < fake->claim_count; i++) {
        if (overlap(phys, size, fake->claims[i].phys, fake->claims[i].pages * PAGE_SIZE))
            return "is claimed already";
    }
    return NULL;
}

static enum status fail_claim(uint64_t phys, struct error *error)
{
    if (fake->fail_claim_status == STATUS_BUSY)
        fake_add_memory(phys, PAGE_SIZE, BOOT_MEMORY_EFI_RUNTIME_DATA);
    return fail(FAKE_CLAIM, fake->fail_claim_status, error);
}

enum status firmware_claim(uint64_t phys, uint64_t pages, struct error *error)
{
    if (pages == 0 || !is_aligned(phys, PAGE_SIZE) || !range_ok(phys, pages * PAGE_SIZE, FAKE_PHYSICAL_SIZE))
        fake_violation("firmware_claim of %llu pages at %#llx", (unsigned long long)pages, (unsigned long long)phys);
    const char *problem = claim_problem(phys, pages * PAGE_SIZE);
    if (problem != NULL)
        fake_violation("firmware_claim of %llu pages at %#llx: %s", (unsigned long long)pages, (unsigned long long)phys,
                       problem);
    if (operation(FAKE_CLAIM) || fake->fail_claims)
        return fail_claim(phys, error);
    if (fake->claim_count == FAKE_CLAIMS_MAX)
        fake_violation("more than %u claims", FAKE_CLAIMS_MAX);
    fake->claims[fake->claim_count++] = (struct fake_claim){phys, pages};
    memset(fake_memory(phys, pages * PAGE_SIZE), FAKE_DIRT, pages * PAGE_SIZE);
    return STATUS_OK;
}

/* The tables that the machine has told of. */
static bool is_table(uint64_t phys, uint64_t size)
{
    const uint64_t tables[] = {fake->tables.rsdp_phys, fake->tables.smbios_phys, fake->tables.smbios32_phys};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (tables[i] != 0 && phys >= tables[i] && range_ok(phys - tables[i], size, 256))
            return true;
    return false;
}

static bool may_map(uint64_t phys, uint64_t size)
{
    if (is_table(phys, size))
        return true;
    if (fake->map_anything)
        return true;
    if (phys >= FAKE_FRAMEBUFFER_PHYS && range_ok(phys - FAKE_FRAMEBUFFER_PHYS, size, FAKE_FRAMEBUFFER_SIZE))
        return true;
    for (size_t i = 0; i < fake->claim_count; i++) {
        const struct fake_claim *claim = &fake->claims[i];
        if (phys >= claim->phys && range_ok(phys - claim->phys, size, claim->pages * PAGE_SIZE))
            return true;
    }
    return false;
}

enum status firmware_allow_execution(uint64_t phys, uint64_t size, struct error *error)
{
    (void)error;
    need_firmware("firmware_allow_execution");
    if (phys % PAGE_SIZE != 0 || size % PAGE_SIZE != 0 || size == 0 || !range_ok(phys, size, 4 * SIZE_1G))
        fake_violation("firmware_allow_execution(%#llx, %#llx)", (unsigned long long)phys, (unsigned long long)size);
    return STATUS_OK;
}

/* A process can't do what the decoder does to control registers. libzstd itself stands for it, and the code must be
 * there. */
bool zstd_decoder_call(uintptr_t entry, const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size)
{
    static const uint8_t pushfq_cli_cld[] = {0x9c, 0xfa, 0xfc};
    if (memcmp((const void *)entry, pushfq_cli_cld, sizeof pushfq_cli_cld) != 0)
        fake_violation("the decoder's entry point is not at %#llx", (unsigned long long)entry);
    return ZSTD_decompress(to, to_size, from, from_size) == to_size;
}

void *firmware_map(uint64_t phys, uint64_t size)
{
    if (!may_map(phys, size))
        fake_violation("firmware_map of %#llx, %#llx bytes: not ours", (unsigned long long)phys,
                       (unsigned long long)size);
    return fake_memory(phys, size);
}

/* --- video ------------------------------------------------------------------------------------------------------- */

bool firmware_video_mode(unsigned index, struct video_mode *mode)
{
    need_firmware("firmware_video_mode");
    if (index >= fake->mode_count)
        return false;
    *mode = fake->modes[index];
    return true;
}

size_t firmware_edid(uint8_t *edid, size_t size)
{
    need_firmware("firmware_edid");
    size_t count = fake->edid_size < size ? fake->edid_size : size;
    memcpy(edid, fake->edid, count);
    return count;
}

/* Real cards have longer rows than their lists say: so has this one. */
enum status firmware_video_set(const struct video_mode *mode, struct boot_framebuffer *framebuffer, struct error *error)
{
    if (operation(FAKE_VIDEO_SET))
        return fail(FAKE_VIDEO_SET, STATUS_FIRMWARE_CALL, error);
    struct boot_framebuffer result = fake->pixel_layout;
    result.phys = FAKE_FRAMEBUFFER_PHYS;
    result.width = mode->width;
    result.height = mode->height;
    result.bits_per_pixel = mode->bits_per_pixel;
    result.pitch = mode->pitch + 64;
    result.size = (uint64_t)result.pitch * result.height;
    fake->mode_set = *mode;
    *framebuffer = result;
    return STATUS_OK;
}

/* --- tables and the end ------------------------------------------------------------------------------------------ */

void firmware_tables(struct firmware_tables *tables)
{
    need_firmware("firmware_tables");
    *tables = fake->tables;
}

size_t firmware_efi_map_room(void)
{
    return fake->efi_map_room;
}

size_t firmware_memory_map_room(void)
{
    return fake->region_count + fake->late_region_count;
}

static void fill_efi_map(struct boot_efi *efi)
{
    if (efi->memory_map_size != fake->efi_map_room)
        fake_violation("room for the EFI map is %llu bytes", (unsigned long long)efi->memory_map_size);
    memset(firmware_map(efi->memory_map_phys, efi->memory_map_size), 0xef, efi->memory_map_size);
    efi->memory_map_size -= efi->memory_map_size / 4; /* less than there was room for */
    efi->descriptor_size = 48;
    efi->descriptor_version = 1;
}

enum status firmware_leave(struct memmap *map, struct boot_efi *efi, struct error *error)
{
    if (operation(FAKE_LEAVE))
        return fail(FAKE_LEAVE, STATUS_LEAVE_REFUSED, error);
    if (map->count != 0)
        fake_violation("firmware_leave got a map that is not empty");
    fake->left = true;
    enum status status = add_regions(map, fake->regions, fake->region_count, error);
    if (status == STATUS_OK)
        status = add_regions(map, fake->late_regions, fake->late_region_count, error);
    if (status == STATUS_OK && fake->efi_map_room != 0)
        fill_efi_map(efi);
    return status;
}

/* --- CPU --------------------------------------------------------------------------------------------------------- */

uint64_t cpu_tsc(void)
{
    return fake->tsc += 100;
}

struct paging_features cpu_paging_features(void)
{
    return fake->features;
}

uint64_t cpu_tsc_hz(void)
{
    return fake->tsc_hz;
}

/* --- handoff ----------------------------------------------------------------------------------------------------- */

uint64_t handoff_code_size(void)
{
    return HANDOFF_CODE_SIZE;
}

uint64_t handoff_data_size(void)
{
    return HANDOFF_DATA_SIZE;
}

uint64_t handoff_transition_frames(void)
{
    return HANDOFF_TRANSITION_FRAMES;
}

/* Writes to all that it was given, as the real one may. */
enum status handoff_prepare(const struct handoff *handoff, const struct paging_features *features, struct error *error)
{
    (void)features;
    (void)error;
    if (fake->left)
        fake_violation("handoff_prepare after firmware_leave");
    memset(firmware_map(handoff->phys, HANDOFF_CODE_SIZE + HANDOFF_DATA_SIZE), 0x90,
           HANDOFF_CODE_SIZE + HANDOFF_DATA_SIZE);
    memset(firmware_map(handoff->transition_phys, HANDOFF_TRANSITION_FRAMES * PAGE_SIZE), 0,
           HANDOFF_TRANSITION_FRAMES * PAGE_SIZE);
    fake->prepared = true;
    return STATUS_OK;
}

_Noreturn void handoff_jump(const struct handoff *handoff)
{
    if (!fake->prepared || !fake->left)
        fake_violation("handoff_jump before handoff_prepare and firmware_leave");
    fake->handoff = *handoff;
    fake_finish(FAKE_JUMPED);
}

struct span firmware_load_options(void)
{
    static char lines[LOAD_OPTIONS_TEXT_ROOM(LOAD_OPTIONS_SIZE_MAX)];
    uint32_t size = 0;
    need_firmware("firmware_load_options");
    const struct span options = {fake->load_options, fake->load_options_size};
    const bool some = load_options_lines(options, lines, &size);
    return (struct span){(const uint8_t *)lines, some ? size : 0};
}

/* --- other ways into kernels ------------------------------------------------------------------------------------- */

uint64_t linux_switch_page(void)
{
    return fake->loader_phys;
}

_Noreturn void linux_jump(const struct linux_entry *entry)
{
    if (!fake->left)
        fake_violation("linux_jump before firmware_leave");
    fake->linux_entry = *entry;
    fake_finish(FAKE_JUMPED_TO_LINUX);
}

bool firmware_text_screen(void)
{
    return fake->text_screen;
}

void firmware_apm(struct firmware_apm *apm)
{
    need_firmware("firmware_apm");
    *apm = fake->apm;
}

void firmware_rom(struct firmware_rom *rom)
{
    need_firmware("firmware_rom");
    *rom = fake->rom;
}

_Noreturn void multiboot_jump(const struct multiboot_entry *entry)
{
    if (fake->left == entry->boot_services)
        fake_violation("multiboot_jump with a firmware that should be left, or kept");
    fake->multiboot_entry = *entry;
    fake_finish(FAKE_JUMPED_TO_MULTIBOOT);
}

enum status firmware_start_program(const struct firmware_program *program, struct error *error)
{
    need_firmware("firmware_start_program");
    if (!fake->identity.starts_programs)
        fake_violation("firmware_start_program on a machine that starts none");
    if (program->size < 2 || memcmp(program->image, "MZ", 2) != 0)
        return error_set(error, STATUS_PROGRAM_REFUSED, "%s: refused", program->path);
    capture(&fake->program_arguments, program->command_line, program->command_line_size);
    uint8_t *ramdisk = calloc(1, program->ramdisk_size + 1);
    if (program->ramdisk_size > 0) {
        enum status status = program->read_ramdisk(program->context, ramdisk, error);
        if (status != STATUS_OK)
            return status;
    }
    for (uint64_t i = 0; i < program->ramdisk_size; i++)
        fake->program_ramdisk_sum += ramdisk[i];
    free(ramdisk);
    fake_finish(FAKE_STARTED_PROGRAM);
}
