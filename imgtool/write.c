/* imgtool write: an image onto a USB stick, a card, or another disk. */
#include "write.h"

#include "boot_volume.h"
#include "cli.h"
#include "device_target.h"
#include "gpt_move.h"
#include "json.h"
#include "operands.h"
#include "progress.h"
#include "size.h"
#include "stick_write.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char *expect_size, *expect_serial;
static int not_removable, yes, quiet, as_json;

static const struct poptOption options[] = {
    {"yes", 'y', POPT_ARG_NONE, &yes, 0, "do not ask; needs --expect-size or --expect-serial", NULL},
    {"expect-size", 0, POPT_ARG_STRING, &expect_size, 0, "write only if the disk has this size", "SIZE"},
    {"expect-serial", 0, POPT_ARG_STRING, &expect_serial, 0, "write only if the disk has this serial number", "TEXT"},
    {"not-removable", 0, POPT_ARG_NONE, &not_removable, 0, "also write to a disk that is not removable", NULL},
    {"json", 0, POPT_ARG_NONE, &as_json, 0, "say as JSON what was done", NULL},
    {"quiet", 'q', POPT_ARG_NONE, &quiet, 0, "say nothing unless something is wrong", NULL},
    POPT_TABLEEND,
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    stop = number;
}

static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

static enum exit_code take_options(poptContext context, struct write_wishes *wishes)
{
    const char *operands[2];
    enum exit_code code = operands_take(context, "imgtool write IMAGE DEVICE", 2, 2, operands);
    if (code != EXIT_OK)
        return code;
    *wishes = (struct write_wishes){.image = operands[0],
                                    .path = operands[1],
                                    .expect_serial = expect_serial,
                                    .not_removable = not_removable,
                                    .yes = yes};
    if (expect_size != NULL && (!size_parse(expect_size, &wishes->expect_size) || wishes->expect_size == 0))
        return failure(EXIT_USAGE, "--expect-size %s: write a number of bytes, or with K, M, G or T", expect_size);
    return EXIT_OK;
}

/* The image as the disk will have it: zeroes behind its end, the backup GPT in the disk's last sectors. */
struct source {
    struct block padded;
    struct block *image;
    struct changes changes;
    struct changed_block result;
};

static enum status read_padded(struct block *block, uint64_t offset, uint64_t size, void *to, struct error *error)
{
    const struct source *source = block->context;
    uint64_t rest = offset < source->image->size ? source->image->size - offset : 0, given = size < rest ? size : rest;
    memset((uint8_t *)to + given, 0, size - given);
    return block_read(source->image, offset, given, to, error);
}

static enum exit_code make_source(struct source *source, struct boot_files *files, uint64_t size)
{
    *source = (struct source){.image = &files->image.block};
    source->padded = (struct block){
        .read = read_padded, .size = size, .sector_size = files->image.block.sector_size, .context = source};
    changed_block_init(&source->result, &source->padded, &source->changes);
    return files->table.kind == BOOT_DISK_GPT ? gpt_move(&files->image.block, size, &source->changes) : EXIT_OK;
}

static enum exit_code write_to(struct device_target *device, struct boot_files *files, bool mounted, uint64_t *written)
{
    struct source source;
    struct write_ranges ranges = {0};
    uint64_t tail = device->size > GPT_MOVE_TAIL ? device->size - GPT_MOVE_TAIL : 0;
    enum exit_code code = make_source(&source, files, device->size);
    if (code == EXIT_OK)
        code = write_ranges_make(files, mounted, &ranges);
    if (code == EXIT_OK) /* the new backup GPT, or zeroes over that of another table */
        code = write_ranges_add(&ranges, tail > files->image.block.size ? tail : files->image.block.size, device->size);
    struct stick_write write = {
        .source = &source.result.block, .ranges = &ranges, .target = &device->target, .stop = &stop};
    if (code == EXIT_OK)
        code = stick_write_run(&write);
    *written = write_ranges_bytes(&ranges);
    write_ranges_free(&ranges);
    changes_free(&source.changes);
    return code;
}

static enum exit_code check_image(struct boot_files *files, bool *mounted)
{
    struct error error;
    if (files->image.device)
        return failure(EXIT_USAGE, "%s: is a device; write an image file", files->image.path);
    if (partition_read(&files->image.block, &files->table, &error) != STATUS_OK)
        return disk_image_failure(&files->image, &error);
    *mounted =
        boot_volume_mount(&files->image.block, &files->table, &files->fat, &files->partition, &error) == STATUS_OK;
    if (!*mounted)
        cli_warn("%s: has no boot volume: %s", files->image.path, error.text);
    return EXIT_OK;
}

static enum exit_code open_device(struct device_target *device, const struct boot_files *files,
                                  const struct write_wishes *wishes, struct block_device *found)
{
    static const struct block_devices_root root = {"/sys", "/proc"};
    struct block_devices devices;
    struct stat stat_of;
    if (stat(wishes->path, &stat_of) != 0)
        return failure(EXIT_IO, "%s: can't be found; 'imgtool devices' lists disks", wishes->path);
    if (!S_ISBLK(stat_of.st_mode))
        return failure(EXIT_UNSAFE, "%s: is not a block device; 'imgtool devices' lists disks", wishes->path);
    enum exit_code code = block_devices_read(&root, &devices);
    const struct block_device *disk = block_devices_find(&devices, major(stat_of.st_rdev), minor(stat_of.st_rdev));
    if (code == EXIT_OK)
        code = write_check_target(&root, disk, &files->image, wishes);
    if (code == EXIT_OK)
        code = write_confirm(disk, wishes, isatty(STDIN_FILENO) && isatty(STDERR_FILENO));
    if (code == EXIT_OK) {
        *found = *disk;
        code = device_target_open(device, wishes->path, stat_of.st_rdev);
    }
    block_devices_free(&devices);
    if (code == EXIT_OK && device->sector_size != files->image.block.sector_size) {
        code = failure(EXIT_UNSAFE, "%s: has sectors of %u bytes, the image is for %u: it would not boot", wishes->path,
                       device->sector_size, files->image.block.sector_size);
        device_target_close(device);
    }
    return code;
}

static void report(const struct write_wishes *wishes, const struct block_device *device, uint64_t written)
{
    char size[32];
    if (as_json) {
        struct json_object *document = json_document("write");
        json_text(document, "image", wishes->image);
        json_text(document, "device", wishes->path);
        json_number(document, "device_size", device->size);
        json_number(document, "bytes_written", written);
        json_finish(document);
    } else if (!quiet) {
        printf("%s: %s written to %s and read back (%lu bytes)\n", wishes->path, wishes->image,
               size_text(device->size, size, sizeof size), written);
    }
}

static int run(poptContext context)
{
    static struct boot_files files; /* several KiB */
    struct write_wishes wishes;
    struct device_target device = {.fd = -1, .direct = -1};
    struct block_device found = {.size = 0};
    bool mounted = false;
    uint64_t written = 0;
    if (quiet)
        progress_silence();
    enum exit_code code = take_options(context, &wishes);
    if (code == EXIT_OK)
        code = disk_image_open(&files.image, wishes.image);
    if (code != EXIT_OK)
        return code;
    code = check_image(&files, &mounted);
    if (code == EXIT_OK)
        code = open_device(&device, &files, &wishes, &found);
    if (code == EXIT_OK) {
        catch_signals();
        code = write_to(&device, &files, mounted, &written);
        device_target_close(&device);
    }
    if (code == EXIT_OK)
        report(&wishes, &found, written);
    disk_image_close(&files.image);
    if (stop != 0 && code != EXIT_OK) { /* ends as the signal does */
        signal(stop, SIG_DFL);
        raise(stop);
    }
    return code;
}

const struct command command_write = {
    .name = "write",
    .arguments = "IMAGE DEVICE",
    .summary = "write an image to a USB stick or card, and read it back",
    .examples = "imgtool write disk.img /dev/sdb\n"
                "imgtool write disk.img /dev/sdb --yes --expect-serial 4C530001230512117584\n"
                "imgtool write disk.img /dev/nvme0n1 --not-removable\n",
    .options = options,
    .run = run,
};
