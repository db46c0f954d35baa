#include "program_boot.h"

#include "log.h"
#include "scratch.h"
#include "timeline.h"

static enum status read_ramdisk(void *context, void *to, struct error *error)
{
    struct boot_file *file = context;
    return boot_file_read(file, 0, file->size, to, error);
}

enum status program_boot(const struct config *config, struct boot_file *file, struct payloads *payloads,
                         struct frames *frames, struct error *error)
{
    char path[FIRMWARE_PATH_MAX + 1];
    void *image;
    enum status status = scratch_take(frames, file->size, "program", &image, error);
    if (status == STATUS_OK)
        status = boot_file_read(file, 0, file->size, image, error);
    timeline_mark(BOOT_PHASE_SEGMENTS);
    if (status != STATUS_OK)
        return status;
    boot_file_name(config->kernel, path);
    struct firmware_program program = {
        .path = path,
        .image = image,
        .size = file->size,
        .command_line = config->command_line.text,
        .command_line_size = config->command_line.size,
    };
    if (payloads->has_ramdisk) {
        program.ramdisk_size = payloads->list[0].file.size;
        program.read_ramdisk = read_ramdisk;
        program.context = &payloads->list[0].file;
    }
    log_info("the firmware starts %s", path);
    timeline_mark(BOOT_PHASE_JUMP);
    timeline_report();
    return firmware_start_program(&program, error);
}

/* Of a door whose firmware has no programs. */
__attribute__((weak)) enum status firmware_start_program(const struct firmware_program *program, struct error *error)
{
    return error_set(error, STATUS_INTERNAL, "%s can't be started here", program->path);
}
