/* verify: what the loader reads: configuration, kernel, ramdisk and modules. */
#include "verify.h"

#include "boot_config.h"
#include "cli.h"
#include "kernel_check.h"

#include <string.h>

static void warn(void *context, const char *text)
{
    (void)context;
    cli_warn("%s", text);
}

/* Where the file's bytes begin, or else the volume. */
static uint64_t place_of(const struct fat *fat, const struct fat_file *file)
{
    bool has = file->first_cluster >= 2 && file->first_cluster - 2 < fat->cluster_count;
    return fat->start + (has ? fat->data_offset + (uint64_t)(file->first_cluster - 2) * fat->cluster_size : 0);
}

static enum status read_kernel(void *context, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    return fat_read(context, offset, size, to, error);
}

static bool check_payloads(struct verify *verify, const struct config *config, struct kernel_check *check)
{
    struct fat *fat = &verify->files.fat;
    struct error error;
    struct fat_file file = {.first_cluster = 0};
    size_t before = verify->findings.count;
    if (config->ramdisk.size != 0 && boot_config_open(fat, config->ramdisk, &file, &error) != STATUS_OK)
        findings_add(&verify->findings, "ramdisk", place_of(fat, &file), "%s", error.text);
    check->ramdisk_size = config->ramdisk.size != 0 ? file.size : 0;
    for (uint32_t i = 0; i < config->module_count; i++) {
        if (boot_config_open(fat, config->modules[i].path, &file, &error) != STATUS_OK)
            findings_add(&verify->findings, "module", place_of(fat, &file), "%s", error.text);
        check->module_sizes[i] = file.size;
    }
    return verify->findings.count == before;
}

static void check_kernel(struct verify *verify, const struct config *config)
{
    static struct kernel_plan plan;
    struct fat *fat = &verify->files.fat;
    struct kernel_check check = {.config = config};
    struct fat_file file = {.first_cluster = 0};
    struct error error;
    bool payloads_sound = check_payloads(verify, config, &check);
    enum status status = boot_config_open(fat, config->kernel, &file, &error);
    if (status == STATUS_OK && payloads_sound) {
        struct kernel_source source = {read_kernel, &file, file.size, "the kernel"};
        status = kernel_check_source(&check, &source, &plan, &error);
    }
    if (status != STATUS_OK)
        findings_add(&verify->findings, "kernel", place_of(fat, &file), "%s (error %d)", error.text, (int)status);
}

void verify_payload(struct verify *verify)
{
    struct boot_config_file file;
    struct error error;
    struct fat_file place = {.first_cluster = 0};
    enum status status = boot_config_read(&verify->files.fat, &file, warn, NULL, &error);
    if (status == STATUS_OK) {
        check_kernel(verify, &file.config);
    } else {
        struct error ignored;
        if (fat_open(&verify->files.fat, CONFIG_PATH, &place, &ignored) != STATUS_OK)
            place.first_cluster = 0;
        findings_add(&verify->findings, "configuration", place_of(&verify->files.fat, &place), "%s", error.text);
    }
    boot_config_free(&file);
}
