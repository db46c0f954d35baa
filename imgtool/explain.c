/* imgtool explain: what the loader will do with a kernel, found out by running the loader's own code. */
#include "cli.h"
#include "explanation.h"
#include "image_config.h"
#include "kernel_check.h"
#include "memory_text.h"
#include "operands.h"
#include "size.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DISPLAY_PHYS_BIOS 0xfd000000u /* where QEMU's machines have it */
#define DISPLAY_PHYS_UEFI 0x80000000u

static char *ramdisk, *config, *memory, *firmware, *display, *kaslr_seed;
static int as_json;

static const struct poptOption options[] = {
    {"ramdisk", 'r', POPT_ARG_STRING, &ramdisk, 0, "the ramdisk that the image will have", "FILE"},
    {"config", 0, POPT_ARG_STRING, &config, 0, "the configuration that the image will have", "FILE"},
    {"memory", 'm', POPT_ARG_STRING, &memory, 0,
     "the machine's memory: a size (default: 256M), or a file with a memory map", "SIZE|FILE"},
    {"firmware", 'f', POPT_ARG_STRING, &firmware, 0, "bios (the default) or uefi", "bios|uefi"},
    {"display", 0, POPT_ARG_STRING, &display, 0,
     "WIDTHxHEIGHT (default: 1280x800), with @ADDRESS of the framebuffer, or none", "MODE"},
    {"kaslr-seed", 0, POPT_ARG_STRING, &kaslr_seed, 0, "the kaslr-seed that the configuration will have", "HEX"},
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "as JSON", NULL},
    POPT_TABLEEND,
};

struct inputs {
    struct host_file kernel, ramdisk;
    struct image_config config;
};

/* A number of at most `limit` at *text, which moves behind it. */
static bool take_number(const char **text, int base, uint64_t limit, uint64_t *number)
{
    char *end;
    if (!isxdigit((unsigned char)**text))
        return false; /* strtoul() would take blanks and signs */
    errno = 0;
    *number = strtoul(*text, &end, base);
    bool taken = end != *text && errno == 0 && *number <= limit;
    *text = end;
    return taken;
}

/* WIDTHxHEIGHT, perhaps with @ADDRESS in hexadecimal digits. */
static bool take_display_text(const char *text, uint64_t *width, uint64_t *height, uint64_t *address)
{
    if (!take_number(&text, 10, 32768, width) || *text++ != 'x' || !take_number(&text, 10, 32768, height))
        return false;
    if (*text == '@') {
        text++;
        if (!take_number(&text, 16, 1ull << 44, address))
            return false;
    }
    return *text == '\0' && *width != 0 && *height != 0;
}

static enum exit_code take_display(struct sim_machine *machine)
{
    uint64_t width = 1280, height = 800;
    uint64_t address = machine->uefi ? DISPLAY_PHYS_UEFI : DISPLAY_PHYS_BIOS;
    if (display != NULL && strcmp(display, "none") == 0)
        return EXIT_OK;
    if (display != NULL && !take_display_text(display, &width, &height, &address))
        return failure(EXIT_USAGE, "--display %s: write 1024x768, 1024x768@fd000000 or none", display);
    machine->width = (uint32_t)width;
    machine->height = (uint32_t)height;
    machine->pitch = (uint32_t)width * 4;
    machine->framebuffer_phys = address;
    return EXIT_OK;
}

static enum exit_code take_machine(struct sim_machine *machine)
{
    uint64_t bytes = 256u << 20;
    if (firmware != NULL && strcmp(firmware, "bios") != 0 && strcmp(firmware, "uefi") != 0)
        return failure(EXIT_USAGE, "--firmware %s: choose bios, uefi", firmware);
    machine->uefi = firmware != NULL && strcmp(firmware, "uefi") == 0;
    machine->features = (struct paging_features){.no_execute = true, .gigabyte_pages = false, .phys_bits = 48};
    if (memory == NULL || size_parse(memory, &bytes)) {
        if (bytes < 1u << 20 || bytes > 1ull << 44)
            return failure(EXIT_USAGE, "--memory %s: from 1M to 16T", memory);
        sim_machine_usual_memory(machine, bytes);
        return take_display(machine);
    }
    enum exit_code code = memory_text_read(memory, machine->regions, SIM_REGIONS_MAX, &machine->region_count);
    return code == EXIT_OK ? take_display(machine) : code;
}

static enum exit_code open_inputs(const char *kernel, struct inputs *inputs)
{
    struct image_config_wishes wishes = {.config_file = config, .ramdisk = ramdisk != NULL, .kaslr_seed = kaslr_seed};
    enum exit_code code = host_file_open(&inputs->kernel, kernel);
    if (code == EXIT_OK && ramdisk != NULL)
        code = host_file_open(&inputs->ramdisk, ramdisk);
    return code == EXIT_OK ? image_config_make(&wishes, &inputs->config) : code;
}

static void insert_files(const struct inputs *inputs, struct sim_machine *machine)
{
    struct span text = {(const uint8_t *)inputs->config.text, inputs->config.size};
    if (text.data != NULL)
        machine->files[machine->file_count++] = (struct sim_file){.path = CONFIG_PATH, .text = text};
    machine->files[machine->file_count++] =
        (struct sim_file){.path = inputs->config.kernel_path, .file = &inputs->kernel};
    if (ramdisk != NULL)
        machine->files[machine->file_count++] =
            (struct sim_file){.path = inputs->config.ramdisk_path, .file = &inputs->ramdisk};
}

static void take_aslr(const struct config *parsed, struct explanation *explanation)
{
    explanation->aslr =
        parsed->aslr == CONFIG_ASLR_AS_WISHED ? explanation->kernel.aslr : parsed->aslr == CONFIG_ASLR_ON;
    explanation->kaslr_seed = explanation->aslr && parsed->has_kaslr_seed;
}

static enum exit_code explain(const struct inputs *inputs)
{
    static struct explanation explanation; /* big */
    struct error ignored;
    explanation.kernel_path = inputs->kernel.path;
    enum exit_code code = take_machine(&explanation.machine);
    if (code != EXIT_OK)
        return code;
    insert_files(inputs, &explanation.machine);
    explanation_make(&explanation);
    kernel_check_count(&inputs->kernel, &explanation.kernel, &explanation.relocations, &ignored);
    take_aslr(&inputs->config.config, &explanation);
    bool boots = explanation.error.status == STATUS_OK;
    if (as_json)
        explanation_print_json(&explanation);
    else if (boots)
        explanation_print(&explanation);
    if (!boots)
        code = failure(EXIT_INPUT_REJECTED, "%s: the loader would refuse it: %s (error %d)", explanation.kernel_path,
                       explanation.error.text, (int)explanation.error.status);
    explanation_free(&explanation);
    return code;
}

static int run(poptContext context)
{
    const char *operands[1];
    struct inputs inputs = {.kernel = {.fd = -1}, .ramdisk = {.fd = -1}};
    enum exit_code code = operands_take(context, "imgtool explain KERNEL", 1, 1, operands);
    if (code == EXIT_OK)
        code = open_inputs(operands[0], &inputs);
    if (code == EXIT_OK)
        code = explain(&inputs);
    image_config_free(&inputs.config);
    host_file_close(&inputs.ramdisk);
    host_file_close(&inputs.kernel);
    return code;
}

const struct command command_explain = {
    .name = "explain",
    .arguments = "KERNEL",
    .summary = "show what the loader will do with a kernel, or why it refuses",
    .examples = "imgtool explain kernel.elf\n"
                "imgtool explain kernel.elf --ramdisk initrd.cpio --memory 64M --firmware uefi\n"
                "imgtool explain kernel.elf --memory /proc/iomem --json\n"
                "imgtool explain kernel.elf --kaslr-seed 1234abcd\n",
    .options = options,
    .run = run,
};
