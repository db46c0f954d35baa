/* The fake's set-up and the children that boots run in; the operations themselves are in fake_firmware.c. */
#include "fake_private.h"

#include "cpu.h"
#include "timer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANG_SECONDS 60u /* only a boot that never ends gets there */

struct fake_machine *fake;
static uint8_t *physical;
static bool in_child;

/* --- memory ------------------------------------------------------------------------------------------------------ */

static void *map_shared(uint64_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("fake firmware: mmap");
        exit(EXIT_FAILURE);
    }
    return memory;
}

void *fake_memory(uint64_t phys, uint64_t size)
{
    if (!range_ok(phys, size, FAKE_PHYSICAL_SIZE))
        fake_violation("physical memory %#llx, %#llx bytes: beyond the fake machine", (unsigned long long)phys,
                       (unsigned long long)size);
    return physical + phys;
}

/* --- set-up ------------------------------------------------------------------------------------------------------ */

void fake_add_memory(uint64_t phys, uint64_t size, uint32_t type)
{
    if (fake->region_count == FAKE_REGIONS_MAX)
        fake_violation("more than %u regions", FAKE_REGIONS_MAX);
    fake->regions[fake->region_count++] = (struct boot_memory_region){phys, size, type, type + 1};
}

void fake_add_file(const char *path, const void *data, uint64_t size)
{
    if (fake->file_count == FAKE_FILES_MAX)
        fake_violation("more than %u files", FAKE_FILES_MAX);
    struct fake_file *file = &fake->files[fake->file_count++];
    snprintf(file->path, sizeof file->path, "%s", path);
    file->data = data;
    file->size = size;
}

void fake_add_text_file(const char *path, const char *text)
{
    fake_add_file(path, text, strlen(text));
}

void fake_add_mode(uint32_t width, uint32_t height, uint8_t bits_per_pixel)
{
    if (fake->mode_count == FAKE_MODES_MAX)
        fake_violation("more than %u video modes", FAKE_MODES_MAX);
    uint32_t id = (uint32_t)fake->mode_count;
    fake->modes[fake->mode_count++] = (struct video_mode){.width = width,
                                                          .height = height,
                                                          .pitch = width * bits_per_pixel / 8u,
                                                          .bits_per_pixel = bits_per_pixel,
                                                          .id = 0x100 + id};
}

static void add_usual_memory(void)
{
    fake_add_memory(0, 0x9fc00, BOOT_MEMORY_USABLE);
    fake_add_memory(0x9fc00, 0x400, BOOT_MEMORY_RESERVED);
    fake_add_memory(0xf0000, 0x10000, BOOT_MEMORY_RESERVED);
    fake_add_memory(0x100000, 0x7ee0000, BOOT_MEMORY_USABLE);
    fake_add_memory(0x7fe0000, 0x20000, BOOT_MEMORY_ACPI_RECLAIMABLE);
    fake_add_memory(0xfffc0000, 0x40000, BOOT_MEMORY_RESERVED);
    fake->loader_phys = 0x10000;
    fake->loader_size = 0x40000;
}

void fake_reset(void)
{
    if (physical == NULL) {
        physical = map_shared(FAKE_PHYSICAL_SIZE);
        fake = map_shared(sizeof *fake);
    } else {
        madvise(physical, FAKE_PHYSICAL_SIZE, MADV_REMOVE);
    }
    memset(fake, 0, sizeof *fake);
    fake->identity = (struct firmware_identity){
        .stage = "fake", .firmware = BOOT_FIRMWARE_NONE, .boot_source = BOOT_SOURCE_DISK, .entry_tsc = 1000};
    add_usual_memory();
    fake_add_mode(1024, 768, 32);
    fake->pixel_layout = (struct boot_framebuffer){
        .red_shift = 16, .red_size = 8, .green_shift = 8, .green_size = 8, .blue_shift = 0, .blue_size = 8};
    fake->tables = (struct firmware_tables){.rsdp_phys = 0xf1230, .smbios32_phys = 0xf5670};
    fake->features = (struct paging_features){.no_execute = true, .gigabyte_pages = true, .phys_bits = 40};
    fake->tsc_hz = 2500000000u;
    fake->tsc = 5000;
    fake->fail_claim_status = STATUS_FIRMWARE_CALL;
}

/* --- random numbers ---------------------------------------------------------------------------------------------- */

/* Knuth's MMIX generator: different for each start, and the same in each run of the tests. */
static uint64_t next_random(void)
{
    fake->random_next = fake->random_next * 6364136223846793005u + 1442695040888963407u;
    return fake->random_next;
}

bool cpu_has_random(enum cpu_random source)
{
    (void)source;
    return !fake->no_random;
}

bool cpu_random(enum cpu_random source, uint64_t *word)
{
    (void)source;
    *word = next_random();
    return true;
}

size_t firmware_random(uint8_t *bytes, size_t size)
{
    if (fake->left)
        fake_violation("firmware_random after firmware_leave");
    for (size_t i = 0; i < size && !fake->no_random; i++)
        bytes[i] = (uint8_t)(next_random() >> 56);
    return fake->no_random ? 0 : size;
}

/* Moves on with the time-stamp counter, in step. */
uint16_t timer_count(void)
{
    return (uint16_t)-fake->tsc;
}

/* --- runs -------------------------------------------------------------------------------------------------------- */

_Noreturn void fake_finish(enum fake_end end)
{
    fake->end = end;
    fflush(NULL);
    if (in_child)
        _exit(EXIT_SUCCESS);
    fprintf(stderr, "fake firmware: the boot ended (%d) outside fake_run(): %s\n", (int)end, fake->violation);
    abort();
}

_Noreturn void fake_violation(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fake->violation, sizeof fake->violation, format, arguments);
    va_end(arguments);
    fake_finish(FAKE_VIOLATION);
}

static void forget_last_run(void)
{
    fake->violation[0] = '\0';
    fake->status = STATUS_OK;
    fake->prepared = fake->left = false;
    fake->serial.size = fake->debugcon.size = fake->screen.size = 0;
    fake->serial.text[0] = fake->debugcon.text[0] = fake->screen.text[0] = '\0';
    fake->stats = (struct firmware_stats){0};
    fake->operation_count = 0;
    fake->claim_count = 0;
    fake->program_arguments.size = 0;
    fake->program_ramdisk_sum = 0;
    fake->error = (struct error){0};
}

enum fake_end fake_run(enum status (*program)(struct error *error))
{
    forget_last_run();
    fake->end = FAKE_CRASHED; /* until the child says otherwise */
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        in_child = true;
        alarm(HANG_SECONDS);
        fake->status = program(&fake->error);
        fake_finish(FAKE_RETURNED);
    }
    int result = 0;
    if (child < 0 || waitpid(child, &result, 0) != child) {
        perror("fake firmware: child");
        exit(EXIT_FAILURE);
    }
    if (!WIFEXITED(result) || WEXITSTATUS(result) != EXIT_SUCCESS)
        fake->end = FAKE_CRASHED;
    return fake->end;
}
