/* verify: what the loader reads: configuration, kernel, ramdisk and modules. */
#include "verify.h"

#include "boot_config.h"
#include "kernel_check.h"
#include "progress.h"
#include "volume_file.h"

#include <edit_distance.h>
#include <string.h>

#define CONFIG_NAME_DAMAGE 4u /* edits; what a damaged character becomes has up to three bytes */

static void warn(void *context, const char *text)
{
    struct verify *verify = context;
    findings_add(&verify->warnings, "configuration", 0, "%s", text);
}

/* Where the file's bytes begin, or else the volume. */
static uint64_t place_of(const struct fat *fat, const struct fat_file *file)
{
    bool has = file->first_cluster >= 2 && file->first_cluster - 2 < fat->cluster_count;
    return fat->start + (has ? fat->data_offset + (uint64_t)(file->first_cluster - 2) * fat->cluster_size : 0);
}

/* Opens it, and reads all of it if it is compressed: only that shows whether each block is sound. */
static uint64_t check_payload(struct verify *verify, const struct config *config, struct config_text path,
                              const char *what)
{
    struct volume_file file;
    struct error error;
    enum status status = volume_file_open(&verify->files.fat, config, path, &file, &error);
    if (status == STATUS_OK)
        status = volume_file_check(&file, &error);
    if (status != STATUS_OK)
        findings_add(&verify->findings, what, place_of(&verify->files.fat, &file.file), "%s", error.text);
    volume_file_close(&file);
    return file.source.size;
}

static uint64_t payload_size(const struct verify *verify, const struct config *config, struct config_text path)
{
    struct volume_file file;
    struct error ignored;
    struct fat fat = verify->files.fat; /* a look that leaves no trace */
    bool opened = path.size != 0 && volume_file_open(&fat, config, path, &file, &ignored) == STATUS_OK;
    uint64_t size = opened && file.table != NULL ? file.source.size : 0;
    if (path.size != 0)
        volume_file_close(&file);
    return size;
}

/* What is read as a whole: that which is compressed. */
static uint64_t compressed_size(const struct verify *verify, const struct config *config)
{
    uint64_t size = 0;
    if (!config->compressed || !progress_is_shown())
        return size;
    size += payload_size(verify, config, config->kernel) + payload_size(verify, config, config->ramdisk);
    for (uint32_t i = 0; i < config->module_count; i++)
        size += payload_size(verify, config, config->modules[i].path);
    return size;
}

static bool check_payloads(struct verify *verify, const struct config *config, struct kernel_check *check)
{
    size_t before = verify->findings.count;
    if (config->ramdisk.size != 0)
        check->ramdisk_size = check_payload(verify, config, config->ramdisk, "ramdisk");
    for (uint32_t i = 0; i < config->module_count; i++)
        check->module_sizes[i] = check_payload(verify, config, config->modules[i].path, "module");
    return verify->findings.count == before;
}

static void check_kernel(struct verify *verify, const struct config *config)
{
    static struct kernel_plan plan;
    struct fat *fat = &verify->files.fat;
    struct kernel_check check = {.config = config};
    struct volume_file file;
    struct error error;
    progress_begin("decompressing", compressed_size(verify, config));
    bool payloads_sound = check_payloads(verify, config, &check);
    enum status status = volume_file_open(fat, config, config->kernel, &file, &error);
    file.source.name = "the kernel";
    if (status == STATUS_OK)
        status = volume_file_check(&file, &error);
    progress_end();
    if (status == STATUS_OK && payloads_sound)
        status = kernel_check_source(&check, &file.source, &plan, &error);
    if (status != STATUS_OK)
        findings_add(&verify->findings, "kernel", place_of(fat, &file.file), "%s (error %d)", error.text, (int)status);
    volume_file_close(&file);
}

/* A short name that the configuration's can have been given: STAGEC~1.CON, or, among many alike, ST12AB~1.CON. */
static bool is_config_name(const char *short_name)
{
    const char *tilde = strchr(short_name, '~');
    return tilde != NULL && strncmp(short_name, "ST", 2) == 0 && strspn(tilde + 1, "0123456789") > 0 &&
           strcmp(tilde + 1 + strspn(tilde + 1, "0123456789"), ".CON") == 0;
}

/* The long name is damaged, has lost its end, or is lost. */
static bool is_like_config(const struct fat_entry *entry)
{
    size_t size = strnlen(entry->name, strlen(CONFIG_PATH + 1) + 2);
    return strcasecmp(entry->name, entry->short_name) == 0 ||
           edit_distance(entry->name, size, CONFIG_PATH + 1) <= CONFIG_NAME_DAMAGE;
}

/* The loader starts without a configuration if it finds none. One whose long name is damaged must not be missed so. */
static void check_config_name(struct verify *verify)
{
    struct fat_file root;
    struct fat_entry entry;
    struct error error;
    enum status status = fat_open(&verify->files.fat, "/", &root, &error);
    uint64_t position = 0;
    while (status == STATUS_OK && fat_next(&root, &position, &entry, &status, &error))
        if (is_config_name(entry.short_name) && is_like_config(&entry))
            findings_add(&verify->findings, "configuration", verify->files.fat.start + entry.file.entry_offset,
                         "is called %s: the loader looks for %s, and starts without", entry.name, CONFIG_PATH);
}

void verify_payload(struct verify *verify)
{
    struct boot_config_file file;
    struct error error;
    struct fat_file place = {.first_cluster = 0};
    enum status status = boot_config_read(&verify->files.fat, &file, warn, verify, &error);
    if (status == STATUS_OK) {
        if (file.text == NULL)
            check_config_name(verify);
        check_kernel(verify, &file.config);
    } else {
        struct error ignored;
        if (fat_open(&verify->files.fat, CONFIG_PATH, &place, &ignored) != STATUS_OK)
            place.first_cluster = 0;
        findings_add(&verify->findings, "configuration", place_of(&verify->files.fat, &place), "%s", error.text);
    }
    boot_config_free(&file);
}
