#include "medium.h"

#include "memory.h"
#include "scratch.h"

static enum status read_medium(void *context, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    return firmware_read(context, offset, size, to, error);
}

static enum status read_kept(void *context, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    (void)error; /* the range lies inside the file: file_source.h */
    memcpy(to, (const uint8_t *)context + offset, size);
    return STATUS_OK;
}

struct file_source medium_source(struct firmware_file *file, const char *name)
{
    return (struct file_source){read_medium, file, file->size, name};
}

enum status medium_keep(struct frames *frames, struct file_source *source, struct error *error)
{
    void *memory;
    if (source->read != read_medium || source->size == 0 || !((const struct firmware_file *)source->context)->whole)
        return STATUS_OK;
    enum status status = scratch_take(frames, source->size, "copy of a file", &memory, error);
    if (status == STATUS_OK)
        status = firmware_read(source->context, 0, source->size, memory, error);
    if (status == STATUS_OK) {
        source->read = read_kept;
        source->context = memory;
    }
    return status;
}
