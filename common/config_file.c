#include "config_file.h"

#include "boot_file.h"
#include "firmware.h"
#include "log.h"
#include "scratch.h"

/* Of a door that nobody gives options to. */
__attribute__((weak)) struct span firmware_load_options(void)
{
    return (struct span){NULL, 0};
}

static void warn(void *context, const char *text)
{
    (void)context;
    log_warn("%s", text);
}

static enum status read_file(const char *path, struct firmware_file *file, struct frames *frames, struct config *config,
                             struct error *error)
{
    if (file->size > CONFIG_SIZE_MAX)
        return error_set(error, STATUS_CONFIG_TOO_BIG, "%s has %llu bytes; at most %u are read", path,
                         (unsigned long long)file->size, (unsigned)CONFIG_SIZE_MAX);
    if (file->size == 0)
        return STATUS_OK;
    void *text;
    enum status status = scratch_take(frames, file->size, "configuration", &text, error);
    if (status == STATUS_OK)
        status = firmware_read(file, 0, file->size, text, error);
    struct span span = {text, file->size};
    return status == STATUS_OK ? config_parse_file(path, span, config, warn, NULL, error) : status;
}

/* Only a file that somebody asked for has to be there. */
static enum status open_and_read(const char *path, bool must, struct frames *frames, struct config *config,
                                 struct error *error)
{
    struct firmware_file file;
    enum status status = firmware_open(path, &file, error);
    if (status == STATUS_OK)
        return read_file(path, &file, frames, config, error);
    if (status != STATUS_FILE_NOT_FOUND || must)
        return status;
    log_warn("no %s: taking the defaults", path);
    return STATUS_OK;
}

enum status config_file_read(struct frames *frames, struct config *config, struct error *error)
{
    const struct span options = firmware_load_options();
    if (options.size == 0)
        return open_and_read(CONFIG_PATH, false, frames, config, error);
    /* Twice: they say which file they are to change. */
    enum status status = config_override(options, config, NULL, NULL, error);
    if (status != STATUS_OK)
        return status;
    char path[CONFIG_PATH_MAX + 1];
    const struct config_text file = config->file;
    const bool must = file.size != 0;
    boot_file_name(must ? file : (struct config_text){CONFIG_PATH, sizeof CONFIG_PATH - 1}, path);
    config_defaults(config);
    status = open_and_read(path, must, frames, config, error);
    if (status != STATUS_OK)
        return status;
    log_info("load options go before %s", path);
    return config_override(options, config, warn, NULL, error);
}
