#include "payload.h"

#include "checked.h"
#include "memory.h"

static enum status payload_open(struct payload *payload, struct boot_files *files, struct error *error)
{
    enum status status = boot_file_open(files, payload->path, &payload->file, error);
    if (status == STATUS_FILE_NOT_FOUND)
        status = error->status = STATUS_MODULE_MISSING;
    if (status == STATUS_OK && payload->file.size == 0)
        status = error_set(error, STATUS_FILE_EMPTY, "%.*s is empty", (int)payload->path.size, payload->path.text);
    if (status != STATUS_OK)
        error_prefix(error, "%s", payload->what);
    return status;
}

static void list_payloads(const struct config *config, struct payloads *payloads)
{
    payloads->has_ramdisk = config->ramdisk.size != 0;
    payloads->below = 0;
    payloads->count = 0;
    if (payloads->has_ramdisk)
        payloads->list[payloads->count++] = (struct payload){.what = "ramdisk", .path = config->ramdisk};
    for (uint32_t i = 0; i < config->module_count; i++) {
        const struct config_module *module = &config->modules[i];
        payloads->list[payloads->count++] = (struct payload){
            .what = "module", .path = module->path, .name = module->name, .arguments = module->arguments};
    }
}

enum status payloads_open(const struct config *config, struct boot_files *files, struct payloads *payloads,
                          struct error *error)
{
    list_payloads(config, payloads);
    for (uint32_t i = 0; i < payloads->count; i++) {
        enum status status = payload_open(&payloads->list[i], files, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status payload_load(struct payload *payload, uint32_t type, uint64_t below, struct frames *frames,
                                struct error *error)
{
    uint64_t bytes;
    if (!align_up_ok(payload->file.size, PAGE_SIZE, &bytes))
        return error_set(error, STATUS_OUT_OF_MEMORY, "%.*s is too big", (int)payload->path.size, payload->path.text);
    struct frames_wish wish = {
        .pages = bytes / PAGE_SIZE,
        .alignment = bytes >= SIZE_2M ? SIZE_2M : PAGE_SIZE,
        .prefers = true,
        .below = below,
        .type = type,
        .what = payload->what,
    };
    enum status status = frames_take(frames, &wish, &payload->phys, error);
    if (status != STATUS_OK)
        return status;
    uint8_t *to = firmware_map(payload->phys, bytes);
    memset(to + payload->file.size, 0, bytes - payload->file.size);
    return boot_file_read(&payload->file, 0, payload->file.size, to, error);
}

enum status payloads_load(struct payloads *payloads, struct frames *frames, struct error *error)
{
    for (uint32_t i = 0; i < payloads->count; i++) {
        uint32_t type = i == 0 && payloads->has_ramdisk ? BOOT_MEMORY_RAMDISK : BOOT_MEMORY_MODULE;
        enum status status = payload_load(&payloads->list[i], type, payloads->below, frames, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

const struct payload *payloads_modules(const struct payloads *payloads, uint32_t *count)
{
    uint32_t skip = payloads->has_ramdisk ? 1 : 0;
    *count = payloads->count - skip;
    return payloads->list + skip;
}
