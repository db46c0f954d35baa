/* The file operations of common/firmware.h: what lies in memory already. */
#include "firmware.h"
#include "log.h"
#include "machine_facts.h"
#include "memory_map.h"
#include "settings.h"

static struct content content;
static struct content_piece configuration;
/* No firmware, no medium. */
struct firmware_stats firmware_stats(void)
{
    return (struct firmware_stats){0};
}

/* The configuration that somebody gave: from outside, or in the archive under one of its two names. */
static enum status find_configuration(struct content_piece *found, struct error *error)
{
    *found = content.config;
    if (found->size != 0)
        return STATUS_OK;
    enum status status = content_find(&content, CONFIG_PATH, found, error);
    if (status == STATUS_FILE_NOT_FOUND)
        status = content_find(&content, "/config", found, error);
    if (status != STATUS_FILE_NOT_FOUND)
        return status;
    *found = (struct content_piece){0};
    return STATUS_OK;
}

static bool is_configuration(const char *path)
{
    return memcmp(path, CONFIG_PATH, sizeof CONFIG_PATH) == 0;
}

static enum status make_configuration(struct error *error)
{
    struct content_piece file;
    enum status status = find_configuration(&file, error);
    if (status != STATUS_OK)
        return status;
    if (file.size > CONFIG_SIZE_MAX)
        return error_set(error, STATUS_CONFIG_TOO_BIG, "the configuration has %llu bytes; at most %u are read",
                         (unsigned long long)file.size, CONFIG_SIZE_MAX);
    struct settings settings = {
        &content, {firmware_map(file.phys, file.size), file.size}, content_command_line(facts_starter())};
    status = memory_map_take(settings_room(&settings), &configuration.phys, error);
    if (status == STATUS_OK)
        status = settings_write(&settings, (char *)firmware_map(configuration.phys, settings_room(&settings)),
                                &configuration.size, error);
    return status;
}

static void tell_starter(void)
{
    const struct starter *starter = facts_starter();
    log_info("started by %.*s, lies at %#llx, %u modules", starter->loader.size != 0 ? (int)starter->loader.size : 6,
             starter->loader.size != 0 ? starter->loader.text : "a VMM", (unsigned long long)facts_image().phys,
             starter->module_count);
}

enum status firmware_start(struct error *error)
{
    struct content_piece own = facts_archive();
    enum status status = facts_read(error);
    if (status != STATUS_OK)
        return status;
    tell_starter();
    facts_find_tables();
    status = memory_map_start(error);
    if (status == STATUS_OK)
        status = content_sort(facts_starter(), &own, &content, error);
    return status == STATUS_OK ? make_configuration(error) : status;
}

enum status firmware_open(const char *path, struct firmware_file *file, struct error *error)
{
    struct content_piece found = configuration;
    enum status status = STATUS_OK;
    if (is_configuration(path)) {
        if (configuration.size == 0)
            return error_set(error, STATUS_FILE_NOT_FOUND, "%s: no such file", path);
    } else {
        status = content_find(&content, path, &found, error);
    }
    if (status == STATUS_OK)
        *file = (struct firmware_file){.size = found.size, .private_ = {found.phys}};
    return status;
}

enum status firmware_read(struct firmware_file *file, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    if (!range_ok(offset, size, file->size))
        return error_set(error, STATUS_FILE_SHORT, "%llu bytes at %llu of a file of %llu", (unsigned long long)size,
                         (unsigned long long)offset, (unsigned long long)file->size);
    memcpy(to, firmware_map(file->private_[0] + offset, size), size);
    return STATUS_OK;
}
