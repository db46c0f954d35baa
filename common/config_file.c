#include "config_file.h"

#include "firmware.h"
#include "log.h"
#include "scratch.h"

static void warn(void *context, const char *text)
{
    (void)context;
    log_warn("%s", text);
}

static enum status read_file(struct firmware_file *file, struct frames *frames, struct config *config,
                             struct error *error)
{
    if (file->size > CONFIG_SIZE_MAX)
        return error_set(error, STATUS_CONFIG_TOO_BIG, "%s has %llu bytes; at most %u are read", CONFIG_PATH,
                         (unsigned long long)file->size, (unsigned)CONFIG_SIZE_MAX);
    if (file->size == 0)
        return STATUS_OK;
    void *text;
    enum status status = scratch_take(frames, file->size, "configuration", &text, error);
    if (status == STATUS_OK)
        status = firmware_read(file, 0, file->size, text, error);
    struct span span = {text, file->size};
    return status == STATUS_OK ? config_parse(span, config, warn, NULL, error) : status;
}

enum status config_file_read(struct frames *frames, struct config *config, struct error *error)
{
    struct firmware_file file;
    enum status status = firmware_open(CONFIG_PATH, &file, error);
    if (status == STATUS_OK)
        return read_file(&file, frames, config, error);
    if (status != STATUS_FILE_NOT_FOUND)
        return status;
    log_warn("no %s: taking the defaults", CONFIG_PATH);
    return STATUS_OK;
}
