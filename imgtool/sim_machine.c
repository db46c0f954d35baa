#include "sim_machine.h"

#include "boot.h"
#include "checked.h"
#include "cpu.h"
#include "pack.h"
#include "serial.h"
#include "timer.h"
#include "zstd_decoder.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#define LOADER_PHYS 0x10000u /* where the BIOS loader lives, roughly; below the first MiB, which is never taken */
#define LOADER_SIZE 0x60000u
#define LOW_END 0x9fc00u
#define EFI_DESCRIPTOR_SIZE 48u
#define EFI_DESCRIPTORS 640u /* room for so many, as on an ordinary machine */
#define BELOW_4G 0x80000000u /* RAM that QEMU's q35 machine has there at most */
#define ACPI_SIZE 0x20000u

static struct sim_machine *sim;
static uint8_t *physical;
static uint64_t physical_size;
static jmp_buf jumped;

/* --- memory ------------------------------------------------------------------------------------------------------ */

static void add_memory(struct sim_machine *machine, uint64_t start, uint64_t end, uint32_t type)
{
    if (end > start)
        machine->regions[machine->region_count++] = (struct boot_memory_region){start, end - start, type, UINT32_MAX};
}

void sim_machine_usual_memory(struct sim_machine *machine, uint64_t bytes)
{
    uint64_t low = bytes < BELOW_4G ? bytes : BELOW_4G;
    add_memory(machine, 0, LOW_END, BOOT_MEMORY_USABLE);
    add_memory(machine, LOW_END, 0xa0000, BOOT_MEMORY_RESERVED);
    add_memory(machine, 0xf0000, 0x100000, BOOT_MEMORY_RESERVED);
    if (low > 0x100000 + ACPI_SIZE) {
        add_memory(machine, 0x100000, low - ACPI_SIZE, BOOT_MEMORY_USABLE);
        add_memory(machine, low - ACPI_SIZE, low, BOOT_MEMORY_ACPI_RECLAIMABLE);
    }
    add_memory(machine, 0xfffc0000, 4 * SIZE_1G, BOOT_MEMORY_RESERVED);
    if (bytes > low)
        add_memory(machine, 4 * SIZE_1G, 4 * SIZE_1G + (bytes - low), BOOT_MEMORY_USABLE);
}

/* Reserved for as far as the machine's own memory reaches; pages are taken where the loader writes. */
static enum status reserve_memory(struct error *error)
{
    physical_size = 4 * SIZE_1G;
    for (size_t i = 0; i < sim->region_count; i++) {
        uint64_t end = sim->regions[i].phys + sim->regions[i].size;
        if (sim->regions[i].type == BOOT_MEMORY_USABLE && end > physical_size)
            physical_size = end;
    }
    if (sim->framebuffer_phys + (uint64_t)sim->pitch * sim->height > physical_size)
        physical_size = sim->framebuffer_phys + (uint64_t)sim->pitch * sim->height;
    void *memory =
        mmap(NULL, physical_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return error_set(error, STATUS_OUT_OF_MEMORY, "imgtool can't reserve %llu MiB of addresses for the machine",
                         (unsigned long long)(physical_size >> 20));
    physical = memory;
    return STATUS_OK;
}

const void *sim_memory(uint64_t phys, uint64_t size)
{
    return range_ok(phys, size, physical_size) ? physical + phys : NULL;
}

static enum status copy_regions(struct memmap *map, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sim->region_count && status == STATUS_OK; i++)
        status = memmap_add(map, sim->regions[i].phys, sim->regions[i].size, sim->regions[i].type,
                            sim->regions[i].firmware_type, error);
    return status;
}

enum status firmware_memory_map(struct memmap *map, struct error *error)
{
    enum { CAPACITY = 4 * (SIM_REGIONS_MAX + 1) + 1 }; /* memmap_room() of the most that there can be */
    static struct boot_memory_region storage[CAPACITY];
    struct memmap result = {storage, 0, CAPACITY};
    enum status status = copy_regions(&result, error);
    if (status == STATUS_OK)
        status = memmap_add(&result, LOADER_PHYS, LOADER_SIZE, MEMMAP_LOADER_IN_USE, UINT32_MAX, error);
    if (status == STATUS_OK)
        status = memmap_normalise(&result, error);
    if (status == STATUS_OK)
        *map = result;
    return status;
}

enum status firmware_claim(uint64_t phys, uint64_t pages, struct error *error)
{
    (void)phys;
    (void)error;
    sim->claimed += pages * PAGE_SIZE;
    return STATUS_OK;
}

enum status firmware_allow_execution(uint64_t phys, uint64_t size, struct error *error)
{
    (void)phys, (void)size, (void)error;
    return STATUS_OK;
}

bool zstd_decoder_call(uintptr_t entry, const uint8_t *from, size_t from_size, uint8_t *to, size_t to_size)
{
    (void)entry; /* that code is for bare machines */
    return pack_zstd_decode(NULL, from, from_size, to, to_size);
}

void *firmware_map(uint64_t phys, uint64_t size)
{
    if (!range_ok(phys, size, physical_size))
        abort(); /* the loader used what it did not claim */
    return physical + phys;
}

size_t firmware_efi_map_room(void)
{
    return sim->uefi ? EFI_DESCRIPTORS * EFI_DESCRIPTOR_SIZE : 0;
}

size_t firmware_memory_map_room(void)
{
    return sim->uefi ? EFI_DESCRIPTORS : sim->region_count;
}

enum status firmware_leave(struct memmap *map, struct boot_efi *efi, struct error *error)
{
    efi->memory_map_size = 0;
    efi->descriptor_size = sim->uefi ? EFI_DESCRIPTOR_SIZE : 0;
    return copy_regions(map, error);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

enum status firmware_open(const char *path, struct firmware_file *file, struct error *error)
{
    for (size_t i = 0; i < sim->file_count; i++) {
        const struct sim_file *found = &sim->files[i];
        if (strcasecmp(path, found->path) != 0)
            continue;
        *file =
            (struct firmware_file){.size = found->file != NULL ? found->file->size : found->text.size, .private_ = {i}};
        return STATUS_OK;
    }
    return error_set(error, STATUS_FILE_NOT_FOUND, "%s: no such file", path);
}

enum status firmware_read(struct firmware_file *file, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    const struct sim_file *found = &sim->files[file->private_[0]];
    if (found->file == NULL)
        memcpy(to, found->text.data + offset, size);
    else if (host_file_read(found->file, offset, size, to) != EXIT_OK)
        return error_set(error, STATUS_READ_ERROR, "%s can't be read", found->file->path);
    return STATUS_OK;
}

/* --- display ----------------------------------------------------------------------------------------------------- */

bool firmware_video_mode(unsigned index, struct video_mode *mode)
{
    if (index != 0 || sim->width == 0)
        return false;
    *mode = (struct video_mode){
        .width = sim->width, .height = sim->height, .pitch = sim->pitch, .bits_per_pixel = 32, .current = true};
    return true;
}

size_t firmware_edid(uint8_t *edid, size_t size)
{
    (void)edid;
    (void)size;
    return 0;
}

enum status firmware_video_set(const struct video_mode *mode, struct boot_framebuffer *framebuffer, struct error *error)
{
    (void)error;
    *framebuffer = (struct boot_framebuffer){
        .phys = sim->framebuffer_phys,
        .size = (uint64_t)sim->pitch * mode->height,
        .width = mode->width,
        .height = mode->height,
        .pitch = sim->pitch,
        .bits_per_pixel = 32,
        .red_shift = 16,
        .red_size = 8,
        .green_shift = 8,
        .green_size = 8,
        .blue_size = 8,
    };
    return STATUS_OK;
}

/* --- the rest of the machine ------------------------------------------------------------------------------------- */

const struct firmware_identity *firmware_identity(void)
{
    static struct firmware_identity identity = {.boot_source = BOOT_SOURCE_DISK};
    identity.stage = sim->uefi ? "uefi" : "4";
    identity.starts_programs = sim->uefi;
    identity.firmware = sim->uefi ? BOOT_FIRMWARE_UEFI : BOOT_FIRMWARE_BIOS;
    return &identity;
}

enum status firmware_start(struct error *error)
{
    (void)error;
    return STATUS_OK;
}

struct firmware_stats firmware_stats(void)
{
    return (struct firmware_stats){0};
}

void firmware_tables(struct firmware_tables *tables)
{
    *tables = (struct firmware_tables){0};
}

void firmware_screen_write(const char *text, size_t size)
{
    (void)text;
    (void)size;
}

bool serial_start(void)
{
    return true;
}

/* What the loader logs is in the boot info, too. */
void serial_write(const char *text, size_t size)
{
    (void)text;
    (void)size;
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
    (void)text;
    (void)size;
}

uint64_t cpu_tsc(void)
{
    return 0;
}

uint64_t cpu_tsc_hz(void)
{
    return 0;
}

struct paging_features cpu_paging_features(void)
{
    return sim->features;
}

/* A CPU with RDSEED whose numbers are always the same: what explain shows must not change from run to run. */
bool cpu_has_random(enum cpu_random source)
{
    return source == CPU_RDSEED;
}

bool cpu_random(enum cpu_random source, uint64_t *word)
{
    static uint64_t number = 1;
    (void)source;
    number = number * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX generator */
    *word = number;
    return true;
}

uint16_t timer_count(void)
{
    return 0;
}

/* boot() returns where it fails: nothing that ends a machine is called before that. */
_Noreturn void firmware_stop(void)
{
    abort();
}

_Noreturn void firmware_reboot(uint32_t seconds)
{
    (void)seconds;
    abort();
}

uint64_t linux_switch_page(void)
{
    return LOADER_PHYS;
}

_Noreturn void linux_jump(const struct linux_entry *entry)
{
    sim->way = KERNEL_BY_LINUX;
    sim->linux_entry = *entry;
    longjmp(jumped, 1);
}

_Noreturn void multiboot_jump(const struct multiboot_entry *entry)
{
    sim->way = KERNEL_BY_MULTIBOOT;
    sim->multiboot_entry = *entry;
    longjmp(jumped, 1);
}

enum status firmware_start_program(const struct firmware_program *program, struct error *error)
{
    (void)program, (void)error;
    sim->way = KERNEL_BY_FIRMWARE;
    longjmp(jumped, 1);
}

_Noreturn void handoff_jump(const struct handoff *handoff)
{
    sim->way = KERNEL_BY_PLAN;
    sim->handoff = *handoff;
    longjmp(jumped, 1);
}

enum status sim_machine_boot(struct sim_machine *machine, struct error *error)
{
    sim = machine;
    enum status status = reserve_memory(error);
    if (status != STATUS_OK)
        return status;
    if (setjmp(jumped) == 0)
        return boot(error);
    error->status = STATUS_OK; /* what failed on the way, and went another way then */
    return STATUS_OK;
}
